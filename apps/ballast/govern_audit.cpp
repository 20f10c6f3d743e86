// SPDX-License-Identifier: Apache-2.0
// `ballast govern audit`: the trail of everything that was recorded, its verification, and signed checkpoints.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <sstream>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "ballast/govern/audit_archive.h"
#include "govern.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using store::AuditEntry;

struct AuditArguments {
  std::vector<std::string> checkpoints, archives;
  std::string public_key, key, output, format = "jsonl", subject, before;
  std::int64_t after = 0, limit = 50;
};

constexpr std::int64_t kGovernAuditPage = 1000;
constexpr std::size_t kShownFaults = 20;

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string csv_line(const AuditEntry& e) {
  std::string line = std::to_string(e.number);
  for (const std::string* field :
       {&e.at, &e.actor, &e.action, &e.subject, &e.records, &e.details, &e.previous, &e.hash}) {
    line += "," + csv_cell(*field);
  }
  return line + "\n";
}

void each_entry(store::Store& store, std::int64_t after, const std::function<bool(const AuditEntry&)>& take) {
  store::Audit audit(store);
  while (true) {
    const auto page = audit.entries(after, kGovernAuditPage);
    for (const AuditEntry& e : page) {
      if (!take(e)) return;
      after = e.number;
    }
    if (page.size() < static_cast<std::size_t>(kGovernAuditPage)) return;
  }
}

std::vector<govern::Checkpoint> read_checkpoints(const std::vector<std::string>& files) {
  std::vector<govern::Checkpoint> checkpoints;
  for (const std::string& file : files) {
    std::istringstream lines(base::read_file(file));
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      const std::string where = fmt::format("{}:{}", file, ++number);
      if (!line.empty()) checkpoints.push_back(govern::checkpoint_from(base::parse_json(line, where), where));
    }
    if (checkpoints.empty()) throw Error(ErrorCode::bad_input, "holds no checkpoint", file);
  }
  return checkpoints;
}

/// A store that is there: verifying must not make an empty one.
store::Store open_existing(const Common& common) {
  const std::string prefix = "sqlite:";
  if (common.store.starts_with(prefix) && !std::filesystem::exists(common.store.substr(prefix.size()))) {
    throw Error(ErrorCode::not_found, "there is no such store", common.store, "name it with --store");
  }
  return store::Store::open(common.store);
}

void run_verify(const AuditArguments& a, const Common& common) {
  store::Store store = open_existing(common);
  const auto checkpoints = read_checkpoints(a.checkpoints);
  const auto public_key = a.public_key.empty() ? std::nullopt : std::optional<std::string>(a.public_key);
  std::vector<govern::AuditArchive> archives;
  for (const std::string& file : a.archives) archives.push_back(govern::read_archive(file, public_key));
  std::sort(archives.begin(), archives.end(),
            [](const auto& x, const auto& y) { return x.entries.front().number < y.entries.front().number; });
  const govern::AuditReport report = govern::verify_audit(store, checkpoints, public_key, archives);
  if (common.json) {
    Json faults = Json::array();
    for (const govern::AuditFault& f : report.faults) faults.push_back({{"number", f.number}, {"what", f.what}});
    const Json out = {{"intact", report.intact()},
                      {"entries", report.entries},
                      {"archived", report.archived},
                      {"archives", archives.size()},
                      {"records", report.records},
                      {"checkpoints", checkpoints.size()},
                      {"checkpoints_archived", report.checkpoints_archived},
                      {"head", report.head},
                      {"faults", faults}};
    fmt::print("{}\n", base::dump_json(out));
  } else {
    fmt::print("{} entries, {} records, {} checkpoints; head {}\n", report.entries, report.records, checkpoints.size(),
               report.head.substr(0, 16));
    if (report.archived > 0) {
      fmt::print("the store begins after entry {}; {}\n", report.archived,
                 archives.empty() ? "--archive FILE verifies what came before too" : "the archives hold those before");
    }
    if (report.checkpoints_archived > 0) {
      fmt::print("{} checkpoints are of entries that only an archive holds: not compared\n",
                 report.checkpoints_archived);
    }
    for (std::size_t i = 0; i < std::min(report.faults.size(), kShownFaults); ++i) {
      fmt::print("  {}\n", report.faults[i].what);
    }
    if (report.intact()) fmt::print("intact\n");
  }
  std::fflush(stdout);
  if (!report.intact()) {
    throw Error(
        ErrorCode::bad_input,
        fmt::format("the audit trail has {} fault(s), the first: {}", report.faults.size(), report.faults.front().what),
        common.store);
  }
}

void run_list_govern_audit(const AuditArguments& a, const Common& common) {
  store::Store store = open_existing(common);
  std::int64_t shown = 0;
  each_entry(store, a.after, [&](const AuditEntry& e) {
    if (!a.subject.empty() && e.subject != a.subject) return true;
    if (common.json) {
      fmt::print("{}\n", base::dump_json(govern::to_json(e)));
    } else {
      fmt::print("{:>8}  {}  {:<16} {:<14} {}\n", e.number, e.at.substr(0, 19), e.actor, e.action, e.subject);
    }
    return ++shown < a.limit;
  });
}

void run_export(const AuditArguments& a, const Common& common) {
  store::Store store = open_existing(common);
  const bool csv = a.format == "csv";
  const auto line = [&](const AuditEntry& e) { return csv ? csv_line(e) : base::dump_json(govern::to_json(e)) + "\n"; };
  const std::string head = csv ? "number,at,actor,action,subject,records,details,previous,hash\n" : "";
  if (a.output.empty()) {
    fmt::print("{}", head);
    each_entry(store, 0, [&](const AuditEntry& e) {
      fmt::print("{}", line(e));
      return true;
    });
    return;
  }
  std::int64_t count = 0;
  base::write_file_atomic(a.output, [&](base::FileSink& sink) {
    sink.write(head);
    each_entry(store, 0, [&](const AuditEntry& e) {
      sink.write(line(e));
      ++count;
      return true;
    });
  });
  say(common, fmt::format("{} entries written to {}", count, a.output));
}

void run_key(const AuditArguments& a, const Common& common) {
  fmt::print("{}\n", govern::make_signing_key(a.output));
  say(common,
      "the secret key is in " + a.output + "; the line above is the public key: keep it where the store is not");
}

void run_checkpoint(const AuditArguments& a, const Common& common) {
  store::Store store = open_existing(common);
  const std::string line = base::dump_json(govern::to_json(govern::sign_checkpoint(store, a.key))) + "\n";
  if (a.output.empty()) {
    fmt::print("{}", line);
    return;
  }
  const std::string before = std::filesystem::exists(a.output) ? base::read_file(a.output) : "";
  base::write_file_atomic(a.output, before + line);
  say(common, "checkpoint added to " + a.output);
}

void run_archive(const AuditArguments& a, const Common& common) {
  store::Store store = open_existing(common);
  const govern::AuditArchive archive = govern::archive_audit(store, a.before, a.output, a.key);
  if (common.json) {
    fmt::print("{}\n", base::dump_json({{"file", a.output},
                                        {"sha256", archive.sha256},
                                        {"first", archive.entries.front().number},
                                        {"last", archive.entries.back().number},
                                        {"checkpoint", govern::to_json(archive.checkpoint)}}));
  } else {
    fmt::print("entries {} to {} are in {} (SHA-256 {}); the store goes on from there\n",
               archive.entries.front().number, archive.entries.back().number, a.output, archive.sha256);
  }
}

}  // namespace

void add_govern_audit(CLI::App& govern, Common& common) {
  CLI::App* audit = govern.add_subcommand("audit", "The trail of everything recorded: chained, verified, signed");
  audit->require_subcommand(1);
  const auto a = std::make_shared<AuditArguments>();
  const auto add = [&](const char* name, const char* about, const std::string& example,
                       void (*run)(const AuditArguments&, const Common&)) {
    CLI::App* verb = audit->add_subcommand(name, about);
    add_common(*verb, common, "ballast govern audit " + example);
    verb->callback([a, run, &common] { run(*a, common); });
    return verb;
  };
  CLI::App* verify = add("verify", "Every entry, every link, every record; exit code 2 where one does not hold",
                         "verify --checkpoint checkpoints.jsonl", run_verify);
  verify->add_option("--checkpoint", a->checkpoints, "Files of checkpoints that were kept elsewhere");
  verify->add_option("--archive", a->archives, "All archives of this store's trail: verified from the first entry on");
  verify->add_option("--public-key", a->public_key, "The only key whose checkpoints count");
  CLI::App* list = add("list", "Entries in their order", "list --subject d1", run_list_govern_audit);
  list->add_option("--after", a->after, "Start after this entry")->check(CLI::NonNegativeNumber);
  list->add_option("--limit", a->limit, "At most so many")->check(CLI::PositiveNumber)->capture_default_str();
  list->add_option("--subject", a->subject, "Only of this document, decision, case …");
  CLI::App* out = add("export", "All entries as JSONL or CSV", "export --format csv --output trail.csv", run_export);
  out->add_option("--format", a->format)->check(CLI::IsMember({"jsonl", "csv"}))->capture_default_str();
  out->add_option("--output", a->output, "File (default: standard output)");
  CLI::App* key = add("key", "A new pair of keys for checkpoints", "key --output audit.key", run_key);
  key->add_option("--output", a->output, "File of the secret key")->required();
  CLI::App* checkpoint = add("checkpoint", "Sign the present end of the trail",
                             "checkpoint --key audit.key --output checkpoints.jsonl", run_checkpoint);
  checkpoint->add_option("--key", a->key, "File of the secret key")->required();
  checkpoint->add_option("--output", a->output, "File to add it to (default: standard output)");
  CLI::App* archive = add("archive", "Move the oldest entries to a signed file; the trail goes on from there",
                          "archive --before 2026-01-01 --output trail-2025.jsonl --key audit.key", run_archive);
  archive->add_option("--before", a->before, "Entries before this moment (RFC 3339, or a date)")->required();
  archive->add_option("--output,--out", a->output, "File of the archive; never written over")->required();
  archive->add_option("--key", a->key, "File of the secret key")->required();
}

}  // namespace ballast::apps
