// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/audit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"

namespace ballast::govern {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using store::AuditedRows;
using store::AuditEntry;

std::string hex(std::span<const unsigned char> bytes) {
  std::string out;
  for (const unsigned char b : bytes) out += fmt::format("{:02x}", b);
  return out;
}

/// The bytes of a hexadecimal text; empty where it is none of that size.
template <std::size_t N>
std::optional<std::array<unsigned char, N>> bytes_of(const std::string& text) {
  std::array<unsigned char, N> bytes{};
  std::size_t length = 0;
  const char* end = nullptr;
  if (sodium_hex2bin(bytes.data(), N, text.data(), text.size(), nullptr, &length, &end) != 0 || length != N ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  return bytes;
}

std::string signed_text(const Checkpoint& c) {
  return fmt::format("ballast audit checkpoint\n{}\n{}\n{}\n", c.number, c.hash, c.at);
}

using SecretKey = std::array<unsigned char, crypto_sign_SECRETKEYBYTES>;

SecretKey read_key(const std::filesystem::path& file) {
  std::string text = base::read_file(file);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const auto bytes = bytes_of<crypto_sign_SECRETKEYBYTES>(text);
  if (!bytes) {
    throw Error(ErrorCode::bad_input, "is no signing key", file.string(), "make one with `ballast govern audit key`");
  }
  return *bytes;
}

bool signature_holds(const Checkpoint& c) {
  const auto key = bytes_of<crypto_sign_PUBLICKEYBYTES>(c.public_key);
  const auto signature = bytes_of<crypto_sign_BYTES>(c.signature);
  if (!key || !signature) return false;
  const std::string text = signed_text(c);
  return crypto_sign_verify_detached(signature->data(), reinterpret_cast<const unsigned char*>(text.data()),
                                     text.size(), key->data()) == 0;
}

/// A new file that nobody else may read.
void write_for_owner(const std::filesystem::path& file, const std::string& text) {
  const int handle = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (handle < 0) throw Error(ErrorCode::io, std::string("cannot be written: ") + std::strerror(errno), file.string());
  const bool written =
      ::write(handle, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(handle) == 0;
  ::close(handle);
  if (!written) {
    std::filesystem::remove(file);
    throw Error(ErrorCode::io, "cannot be written", file.string());
  }
}

/// Follows the chain and remembers what each record's last entry says.
class Verifier {
 public:
  explicit Verifier(std::span<const Checkpoint> checkpoints) {
    for (const Checkpoint& c : checkpoints) wanted_[c.number];
  }

  void entry(const AuditEntry& e) {
    ++report_.entries;
    if (e.number != last_.first + 1) {
      fault(e.number,
            fmt::format("entry {} follows entry {}: what lay between is gone or out of order", e.number, last_.first));
    } else if (e.previous != last_.second) {
      fault(e.number,
            fmt::format("entry {} ({} {}) does not continue the entry before it", e.number, e.action, e.subject));
    }
    if (store::entry_hash(e) != e.hash) {
      fault(e.number, fmt::format("entry {} ({} {}) was changed: its hash is another", e.number, e.action, e.subject));
    }
    last_ = {e.number, e.hash};
    if (const auto found = wanted_.find(e.number); found != wanted_.end()) found->second = e.hash;
    remember(e);
  }

  void seen(const AuditedRows& rows) {
    ++report_.records;
    const auto found = known_.find({rows.table, rows.key});
    if (found == known_.end()) {
      fault(0, fmt::format("{} {} is in the store without an entry", rows.table, rows.key));
      return;
    }
    if (found->second.first != rows.hash) {
      fault(found->second.second,
            fmt::format("{} {} is not what entry {} recorded", rows.table, rows.key, found->second.second));
    }
    known_.erase(found);
  }

  void damaged(const std::string& what) { fault(0, what); }

  AuditReport finish(std::span<const Checkpoint> checkpoints, const std::optional<std::string>& public_key) {
    for (const auto& [record, entry] : known_) {
      fault(entry.second,
            fmt::format("{} {}, recorded by entry {}, is gone", record.first, record.second, entry.second));
    }
    for (const Checkpoint& c : checkpoints) {
      const std::string name = fmt::format("checkpoint of {} (entry {})", c.at, c.number);
      if (public_key && c.public_key != *public_key) {
        fault(0, name + ": signed with another key");
      } else if (!signature_holds(c)) {
        fault(0, name + ": the signature does not hold");
      } else if (wanted_[c.number].empty()) {
        fault(0, fmt::format("{}: the trail ends at entry {}: it was cut off", name, last_.first));
      } else if (wanted_[c.number] != c.hash) {
        fault(c.number, name + ": the trail holds another entry there: it was rewritten");
      }
    }
    report_.head = last_.second;
    return std::move(report_);
  }

 private:
  using Record = std::pair<std::string, std::string>;  // table, key

  void remember(const AuditEntry& e) {
    if (e.action == "ingest.change") forget_assessments(e.subject);
    std::vector<AuditedRows> rows;
    try {
      rows = store::audited_rows(e);
    } catch (const Error& error) {
      fault(e.number, error.what());
    }
    for (AuditedRows& r : rows) {
      if (r.hash.empty()) {
        known_.erase({r.table, r.key});
      } else {
        known_[{std::move(r.table), std::move(r.key)}] = {std::move(r.hash), e.number};
      }
    }
  }

  /// The keys of a document's assessments start with its id as JSON.
  void forget_assessments(const std::string& document) {
    std::string prefix = base::dump_json(Json::array({document}));
    prefix.back() = ',';
    for (const char* table : {"assessments", "signals", "entities"}) {
      auto at = known_.lower_bound({table, prefix});
      while (at != known_.end() && at->first.first == table && at->first.second.starts_with(prefix))
        at = known_.erase(at);
    }
  }

  void fault(std::int64_t number, std::string what) { report_.faults.push_back({number, std::move(what)}); }

  AuditReport report_;
  std::pair<std::int64_t, std::string> last_ = {0, store::first_previous()};
  std::map<Record, std::pair<std::string, std::int64_t>> known_;  // hash, and the entry that says so
  std::map<std::int64_t, std::string> wanted_;                    // hashes at the checkpoints' numbers
};

}  // namespace

Json to_json(const Checkpoint& c) {
  return {
      {"number", c.number}, {"hash", c.hash}, {"at", c.at}, {"public_key", c.public_key}, {"signature", c.signature}};
}

Checkpoint checkpoint_from(const Json& json, const std::string& where) {
  return {base::json_field<std::int64_t>(json, "number", where), base::json_field<std::string>(json, "hash", where),
          base::json_field<std::string>(json, "at", where), base::json_field<std::string>(json, "public_key", where),
          base::json_field<std::string>(json, "signature", where)};
}

std::string make_signing_key(const std::filesystem::path& file) {
  if (std::filesystem::exists(file)) throw Error(ErrorCode::usage, "is there already", file.string());
  if (sodium_init() < 0) throw Error(ErrorCode::io, "no source of random numbers for a key");
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
  SecretKey secret{};
  crypto_sign_keypair(open.data(), secret.data());
  write_for_owner(file, hex(secret) + "\n");
  return hex(open);
}

std::string public_key_of(const std::filesystem::path& file) {
  const SecretKey secret = read_key(file);
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
  crypto_sign_ed25519_sk_to_pk(open.data(), secret.data());
  return hex(open);
}

Checkpoint sign_checkpoint(store::Store& store, const std::filesystem::path& key_file) {
  const SecretKey secret = read_key(key_file);
  const AuditEntry head = store::Audit(store).head();
  if (head.number == 0) throw Error(ErrorCode::bad_input, "the audit trail is empty: there is nothing to sign");
  Checkpoint c{head.number, head.hash, base::utc_now(), public_key_of(key_file), ""};
  const std::string text = signed_text(c);
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                       secret.data());
  c.signature = hex(signature);
  return c;
}

AuditReport verify_audit(store::Store& store, std::span<const Checkpoint> checkpoints,
                         const std::optional<std::string>& public_key) {
  Verifier verifier(checkpoints);
  store::Audit(store).read_all([&](const AuditEntry& e) { verifier.entry(e); },
                               [&](const AuditedRows& rows) { verifier.seen(rows); },
                               [&](const std::string& what) { verifier.damaged(what); });
  return verifier.finish(checkpoints, public_key);
}

}  // namespace ballast::govern
