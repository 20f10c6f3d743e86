// SPDX-License-Identifier: Apache-2.0
// ballast govern erase: a person's data out of the store, with a signed proof; and the check of such a proof.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/govern/erasure.h"
#include "govern.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct EraseArguments {
  std::vector<std::string> called;
  std::string file, key, proof, check;
  bool dry_run = false;
};

/// Names from the command line and, one a line, from a file: what is in a file does not stand in the shell's history.
govern::Person person_of(const EraseArguments& a) {
  std::vector<std::string> called = a.called;
  if (!a.file.empty()) {
    const std::string text = base::read_file(a.file);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t feed = std::min(text.find('\n', at), text.size());
      std::string line = text.substr(at, feed - at);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (!line.empty()) called.push_back(line);
      at = feed + 1;
    }
  }
  return govern::Person(called);
}

store::Store open_for_erasure(const Common& common) {
  const std::string prefix = "sqlite:";
  if (common.store.starts_with(prefix) && !std::filesystem::exists(common.store.substr(prefix.size()))) {
    throw Error(ErrorCode::not_found, "there is no such store", common.store, "name it with --store");
  }
  return store::Store::open(common.store);
}

std::string by_table(const Json& mentions) {
  std::map<std::string, int> counts;
  for (const Json& m : mentions) ++counts[m.at("table").get<std::string>()];
  std::string text;
  for (const auto& [table, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, table);
  return text.empty() ? "nothing" : text;
}

void run_check_proof(const EraseArguments& a, const Common& common) {
  store::Store store = open_for_erasure(common);
  const govern::ProofCheck check = govern::check_proof(base::read_json(a.check), store);
  const bool good = check.entry_holds && (!check.is_signed || check.signature_holds);
  if (common.json) {
    fmt::print("{}\n", base::dump_json({{"signed", check.is_signed},
                                        {"signature_holds", check.signature_holds},
                                        {"entry_holds", check.entry_holds}}));
  } else {
    fmt::print("signature {}; the trail {} its entry\n",
               !check.is_signed        ? "none"
               : check.signature_holds ? "holds"
                                       : "does not hold",
               check.entry_holds ? "holds" : "does not hold");
  }
  if (!good) throw Error(ErrorCode::bad_input, "the proof does not hold", a.check);
}

void run_erase(const EraseArguments& a, const Common& common) {
  if (!a.check.empty()) return run_check_proof(a, common);
  const govern::Person person = person_of(a);
  store::Store store = open_for_erasure(common);
  if (a.dry_run) {
    Json found = Json::array();
    for (const store::Mention& m : store::Erasure(store).find(person.rules())) {
      found.push_back({{"table", m.table}, {"id", m.id}});
    }
    if (common.json)
      fmt::print("{}\n", base::dump_json({{"found", found}}));
    else
      fmt::print("found: {}\n", by_table(found));
    return;
  }
  const char* user = std::getenv("USER");
  const Json proof = govern::erase_person(store, person, user != nullptr ? user : "", a.key);
  if (!a.proof.empty()) base::write_file_atomic(a.proof, proof.dump(2) + "\n");
  if (common.json) {
    fmt::print("{}\n", base::dump_json(proof));
    return;
  }
  fmt::print("erased: {}\n", by_table(proof.at("erased")));
  if (!proof.at("kept").empty()) {
    fmt::print("not erased, since these are never changed: {}\n", by_table(proof.at("kept")));
  }
  fmt::print("a search afterwards finds {} other row(s); audit entry {}{}\n", proof.at("left").get<std::int64_t>(),
             proof.at("audit_entry").get<std::int64_t>(), a.proof.empty() ? std::string() : "; proof in " + a.proof);
}

}  // namespace

void add_govern_erase(CLI::App& govern, Common& common) {
  CLI::App* verb = govern.add_subcommand("erase", "A person's data out of the store, at request, with a proof");
  const auto a = std::make_shared<EraseArguments>();
  verb->add_option("--person", a->called, "Names, numbers, addresses that the person goes by");
  verb->add_option("--person-file", a->file, "The same, one a line");
  verb->add_option("--key", a->key, "Signs the proof: a key of `ballast govern audit key`");
  verb->add_option("--proof", a->proof, "Writes the proof to this file");
  verb->add_option("--check", a->check, "Checks a proof against the store instead");
  verb->add_flag("--dry-run", a->dry_run, "Only says where the person is mentioned");
  add_common(*verb, common, "ballast govern erase --person \"Ann Lee\" 13800138000 --key audit.key --proof proof.json");
  verb->callback([a, &common] { run_erase(*a, common); });
}

}  // namespace ballast::apps
