// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/audit_archive.h"

#include <fmt/format.h>

#include <algorithm>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/govern/trail/known_records.h"
#include "ballast/govern/trail/signing.h"

namespace ballast::govern {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using store::AuditEntry;

constexpr const char* kArchiveFormat = "ballast.audit.archive";
constexpr std::int64_t kArchivePage = 1000;

/// As in the file: records and details stay the texts that the entry's hash covers.
Json archive_line(const AuditEntry& e) {
  return {{"number", e.number},   {"at", e.at},           {"actor", e.actor},     {"action", e.action},
          {"subject", e.subject}, {"records", e.records}, {"details", e.details}, {"previous", e.previous},
          {"hash", e.hash}};
}

AuditEntry archived_entry(const Json& json, const std::string& where) {
  const auto text = [&](const char* field) { return base::json_field<std::string>(json, field, where); };
  return {base::json_field<std::int64_t>(json, "number", where),
          text("at"),
          text("actor"),
          text("action"),
          text("subject"),
          text("records"),
          text("details"),
          text("previous"),
          text("hash")};
}

std::string archive_text(const std::string& sha256) {
  return fmt::format("ballast audit archive\n{}\n", sha256);
}

/// The entries before a moment: they are a closed first part, since moments rise along the trail. Where a clock was set
/// back, the part ends before the first entry that is late enough.
std::vector<AuditEntry> entries_before(store::Store& store, const std::string& before, std::int64_t after) {
  std::vector<AuditEntry> found;
  store::Audit audit(store);
  while (true) {
    const auto page = audit.entries(after, kArchivePage);
    for (const AuditEntry& e : page) {
      if (e.at >= before) return found;
      found.push_back(e);
      after = e.number;
    }
    if (page.size() < static_cast<std::size_t>(kArchivePage)) return found;
  }
}

void check_archived_link(const AuditEntry& e, const AuditEntry* before, const std::string& where) {
  if (store::entry_hash(e) != e.hash) throw Error(ErrorCode::bad_input, "the entry was changed", where);
  if (before != nullptr && (e.number != before->number + 1 || e.previous != before->hash)) {
    throw Error(ErrorCode::bad_input, "the entry does not continue the one before it", where);
  }
}

}  // namespace

Json to_json(const AuditEntry& e) {
  Json json = archive_line(e);
  json["records"] = Json::parse(e.records, nullptr, false);
  json["details"] = Json::parse(e.details, nullptr, false);
  return json;
}

AuditArchive archive_audit(store::Store& store, const std::string& before, const std::filesystem::path& file,
                           const std::filesystem::path& key_file) {
  if (std::filesystem::exists(file)) {
    throw Error(ErrorCode::usage, "is there already: an archive is never written over", file.string());
  }
  public_key_of(key_file);
  const AuditReport report = verify_audit(store);
  if (!report.intact()) {
    throw Error(ErrorCode::bad_input,
                "the trail is not archived, because it does not verify: " + report.faults.front().what);
  }
  store::AuditBase base = store::Audit(store).base();
  AuditArchive archive;
  archive.entries = entries_before(store, before, base.number);
  if (archive.entries.empty()) throw Error(ErrorCode::bad_input, "the trail holds no entry before " + before);
  KnownRecords known;
  known.restore(base);
  std::string text = base::dump_json({{"format", kArchiveFormat},
                                      {"version", 1},
                                      {"first", archive.entries.front().number},
                                      {"last", archive.entries.back().number},
                                      {"before", before}}) +
                     "\n";
  for (const AuditEntry& e : archive.entries) {
    known.apply(e);
    text += base::dump_json(archive_line(e)) + "\n";
  }
  const std::string content_hash = base::sha256_hex(text);
  const Signature signature = sign_text(archive_text(content_hash), key_file);
  archive.checkpoint = sign_entry(archive.entries.back(), key_file);
  text += base::dump_json({{"sha256", content_hash},
                           {"public_key", signature.public_key},
                           {"signature", signature.signature},
                           {"checkpoint", to_json(archive.checkpoint)}}) +
          "\n";
  archive.file = file.filename().string();
  archive.sha256 = base::sha256_hex(text);
  base::write_file_atomic(file, text);
  store::Audit(store).archive({archive.entries.back().number, archive.entries.back().hash, base::utc_now(),
                               archive.file, archive.sha256, known.state()});
  return archive;
}

AuditArchive read_archive(const std::filesystem::path& file, const std::optional<std::string>& public_key) {
  const std::string text = base::read_file(file), name = file.string();
  if (text.size() < 2 || text.back() != '\n') throw Error(ErrorCode::bad_input, "is cut off", name);
  const std::size_t last_line = text.rfind('\n', text.size() - 2) + 1;
  const Json end = base::parse_json(text.substr(last_line), name + ", last line");
  const std::string where = name + ", last line";
  const Signature signature = {base::json_field<std::string>(end, "public_key", where),
                               base::json_field<std::string>(end, "signature", where)};
  const std::string content_hash = base::sha256_hex(text.substr(0, last_line));
  if (public_key && signature.public_key != *public_key) {
    throw Error(ErrorCode::bad_input, "is signed with another key", name);
  }
  if (base::json_field<std::string>(end, "sha256", where) != content_hash ||
      !signature_holds(signature, archive_text(content_hash))) {
    throw Error(ErrorCode::bad_input, "was changed: its signature does not hold", name);
  }
  AuditArchive archive;
  archive.file = file.filename().string();
  archive.sha256 = base::sha256_hex(text);
  archive.checkpoint = checkpoint_from(base::json_field<Json>(end, "checkpoint", where), where);
  std::int64_t line = 0;
  for (std::size_t at = 0; at < last_line;) {
    const std::size_t stop = text.find('\n', at);
    const std::string here = fmt::format("{}:{}", name, ++line);
    const Json json = base::parse_json(text.substr(at, stop - at), here);
    at = stop + 1;
    if (line == 1) {
      if (base::json_field<std::string>(json, "format", here) != kArchiveFormat) {
        throw Error(ErrorCode::bad_input, "is no archive of an audit trail", name);
      }
      continue;
    }
    AuditEntry e = archived_entry(json, here);
    check_archived_link(e, archive.entries.empty() ? nullptr : &archive.entries.back(), here);
    archive.entries.push_back(std::move(e));
  }
  if (archive.entries.empty()) throw Error(ErrorCode::bad_input, "holds no entry", name);
  const AuditEntry& last = archive.entries.back();
  if (!holds(archive.checkpoint) || archive.checkpoint.hash != last.hash || archive.checkpoint.number != last.number) {
    throw Error(ErrorCode::bad_input, "its checkpoint is not of its last entry", name);
  }
  return archive;
}

}  // namespace ballast::govern
