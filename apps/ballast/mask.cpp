// SPDX-License-Identifier: Apache-2.0
// `ballast mask`: texts to the same texts with placeholders for personal data, and back with a sealed vault.
#include "mask.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "ballast/base/secret_box.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct MaskArguments {
  std::vector<std::string> files;
  std::string vault, key, new_key, names, evaluate;
  bool reveal = false, each = false;
};

std::string read_input(const std::string& name) {
  if (name != "-") return base::read_file(name);
  return {std::istreambuf_iterator<char>(std::cin), {}};
}

void write_out(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw Error(ErrorCode::io, "cannot be written", "standard output");
  }
}

/// Lines with their line feeds.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t feed = text.find('\n', at);
    const std::size_t end = feed == std::string_view::npos ? text.size() : feed + 1;
    lines.push_back(text.substr(at, end - at));
    at = end;
  }
  return lines;
}

std::string as_json_mask(const text::Masked& masked, const std::string& file, std::int64_t line) {
  Json spans = Json::array();
  for (const text::MaskedSpan& s : masked.spans) {
    spans.push_back({{"kind", text::personal_kind_name(s.kind)},
                     {"placeholder", s.placeholder},
                     {"start", s.original_begin},
                     {"end", s.original_end},
                     {"masked_start", s.begin},
                     {"masked_end", s.end}});
  }
  return base::dump_json({{"file", file}, {"line", line}, {"text", masked.text}, {"spans", spans}}) + "\n";
}

text::Masker start_masker(const MaskArguments& a) {
  std::error_code ignored;
  const bool old = !a.vault.empty() && std::filesystem::exists(a.vault, ignored);
  text::Masker masker = old ? text::Masker(read_vault(a.vault, a.key)) : text::Masker();
  if (a.names.empty()) return masker;
  std::istringstream names(base::read_file(a.names));
  for (std::string name; std::getline(names, name);) {
    if (!name.empty() && name.back() == '\r') name.pop_back();
    masker.know(name);
  }
  return masker;
}

void mask_files(const MaskArguments& a, const Common& common) {
  const text::Masker fresh = start_masker(a);
  text::Masker masker = fresh;
  std::map<text::PersonalKind, std::int64_t> counts;
  std::string out;
  std::int64_t spans = 0, lines = 0;
  for (const std::string& file : a.files) {
    const std::string input = read_input(file);
    std::int64_t number = 0;
    for (const std::string_view line : lines_of(input)) {
      if (a.each) masker = fresh;
      const bool feed = line.ends_with('\n');
      const std::string_view body = line.substr(0, line.size() - feed);
      const text::Masked masked = masker.mask(body);
      for (const auto& s : masked.spans) ++counts[s.kind];
      spans += static_cast<std::int64_t>(masked.spans.size());
      out += common.json ? as_json_mask(masked, file, ++number) : masked.text + (feed ? "\n" : "");
      // With a vault nothing is shown before the vault holds what reverses it.
      if (a.vault.empty() && out.size() > (1u << 16)) {
        write_out(out);
        out.clear();
      }
      ++lines;
    }
  }
  if (!a.vault.empty()) write_vault(a.vault, a.key, masker.entries());
  write_out(out);
  std::string kinds;
  for (const auto& [kind, count] : counts) kinds += fmt::format(", {} {}", count, text::personal_kind_name(kind));
  say(common, fmt::format("{} lines, {} places masked{}", lines, spans, kinds));
}

void reveal(const MaskArguments& a, const Common& common) {
  if (a.vault.empty())
    throw Error(ErrorCode::usage, "--reveal needs the vault", "--vault", "name the one that masking wrote");
  const text::Masker masker(read_vault(a.vault, a.key));
  for (const std::string& file : a.files) write_out(masker.unmask(read_input(file)));
  say(common, fmt::format("the vault holds {} entries", masker.entries().size()));
}

void run_mask(MaskArguments a, const Common& common) {
  if (!a.new_key.empty()) {
    base::SecretKey::create(a.new_key);
    say(common, "key written to " + a.new_key + ": keep it away from the vault; without it the vault stays shut");
    if (a.vault.empty() && a.files.empty()) return;
    if (a.key.empty()) a.key = a.new_key;
  }
  if (!a.evaluate.empty()) return evaluate_masking(a.evaluate, common);
  if (!a.vault.empty() && a.key.empty()) {
    throw Error(ErrorCode::usage, "a vault needs a key file", "--key", "make one with --new-key FILE");
  }
  if (a.each && !a.vault.empty()) {
    throw Error(ErrorCode::usage, "with a vault placeholders cannot start again at each line", "--each");
  }
  if (a.files.empty()) a.files = {"-"};
  a.reveal ? reveal(a, common) : mask_files(a, common);
}

}  // namespace

std::vector<text::Masker::Entry> read_vault(const std::string& path, const std::string& key_file) {
  const Json json = base::parse_json(base::unseal(base::read_file(path), base::SecretKey::read(key_file), path), path);
  std::vector<text::Masker::Entry> entries;
  for (const Json& entry : base::json_field<Json>(json, "entries", path)) {
    const auto tag = base::json_field<std::string>(entry, "kind", path);
    text::PersonalKind kind = text::PersonalKind::literal;
    for (std::size_t k = 0; k < text::kPersonalKinds; ++k) {
      if (tag == text::personal_kind_name(static_cast<text::PersonalKind>(k)))
        kind = static_cast<text::PersonalKind>(k);
    }
    entries.push_back({kind, base::json_field<std::string>(entry, "placeholder", path),
                       base::json_field<std::string>(entry, "text", path)});
  }
  return entries;
}

void write_vault(const std::string& path, const std::string& key_file,
                 const std::vector<text::Masker::Entry>& entries) {
  Json list = Json::array();
  for (const auto& e : entries) {
    list.push_back({{"kind", text::personal_kind_name(e.kind)}, {"placeholder", e.placeholder}, {"text", e.text}});
  }
  const Json json = {{"version", 1}, {"entries", list}};
  base::write_file_atomic(path, base::seal(base::dump_json(json), base::SecretKey::read(key_file)));
}

void add_mask(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("mask", "Personal data in texts replaced by placeholders, and back");
  const auto a = std::make_shared<MaskArguments>();
  verb->add_option("files", a->files, "Text files, - for standard input (default)");
  verb->add_option("--vault", a->vault,
                   "Sealed file that remembers what each placeholder stands for; made or added to");
  verb->add_option("--key", a->key, "Key file of the vault");
  verb->add_option("--new-key", a->new_key, "Draw a key and write it to this file, readable by you only");
  verb->add_flag("--reveal", a->reveal, "Turn placeholders back, with --vault and --key");
  verb->add_option("--names", a->names, "File of names, one a line, to mask wherever they stand");
  verb->add_flag("--each", a->each, "Number the placeholders afresh for each line");
  verb->add_option("--evaluate", a->evaluate,
                   "Precision and recall on a file of marked sentences (see data/personal_data)");
  add_common(*verb, common, "echo 'Call Ann Lee on 07700 900123' | ballast mask --new-key k --vault v");
  verb->callback([a, &common] { run_mask(*a, common); });
}

}  // namespace ballast::apps
