// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/erasure.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/govern/audit.h"
#include "ballast/govern/trail/signing.h"

namespace ballast::govern {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kShortest = 3;
constexpr const char* kErased = "[erased]";

char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_ascii_word(char c) {
  return (c >= '0' && c <= '9') || (folded(c) >= 'a' && folded(c) <= 'z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Where a mention that starts at `at` ends; 0 where there is none.
std::size_t match_at(std::string_view text, std::size_t at, std::string_view name) {
  std::size_t t = at;
  for (std::size_t n = 0; n < name.size(); ++n) {
    if (n > 0 && is_digit(name[n]) && is_digit(name[n - 1])) {
      while (t < text.size() && (text[t] == ' ' || text[t] == '-')) ++t;
    }
    if (t == text.size() || folded(text[t]) != folded(name[n])) return 0;
    ++t;
  }
  const bool cut_before = at > 0 && is_ascii_word(name.front()) && is_ascii_word(text[at - 1]);
  const bool cut_after = t < text.size() && is_ascii_word(name.back()) && is_ascii_word(text[t]);
  return cut_before || cut_after ? 0 : t;
}

std::string random_hex() {
  if (sodium_init() < 0) throw Error(ErrorCode::io, "no source of random numbers");
  std::array<unsigned char, 16> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  std::array<char, 33> text{};
  return sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
}

Json mentions_json(const std::vector<store::Mention>& mentions) {
  Json list = Json::array();
  for (const store::Mention& m : mentions) list.push_back({{"table", m.table}, {"id", m.id}, {"hash", m.hash}});
  return list;
}

/// What is signed: the proof without its signature.
std::string proof_text(Json proof) {
  proof.erase("signature");
  return "ballast erasure\n" + base::dump_json(proof) + "\n";
}

}  // namespace

Person::Person(std::vector<std::string> called) : called_(std::move(called)) {
  for (std::string& name : called_) {
    while (!name.empty() && name.back() == ' ') name.pop_back();
    name.erase(0, name.find_first_not_of(' ') == std::string::npos ? name.size() : name.find_first_not_of(' '));
    if (name.size() < kShortest) {
      throw Error(ErrorCode::usage, "\"" + name + "\" is too short: it would be found everywhere", "person");
    }
  }
  if (called_.empty()) throw Error(ErrorCode::usage, "nobody is named", "person");
  // The longest first: of "Ann Lee" and "Ann Lee Smith" the whole name goes.
  std::stable_sort(called_.begin(), called_.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

std::vector<Person::Place> Person::places(std::string_view text) const {
  std::vector<Place> found;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = 0;
    for (const std::string& name : called_) {
      end = match_at(text, at, name);
      if (end != 0) break;
    }
    if (end != 0) found.push_back({at, end});
    at = end != 0 ? end : at + 1;
  }
  return found;
}

bool Person::mentioned(std::string_view text) const {
  return !places(text).empty();
}

std::string Person::without(std::string_view text) const {
  std::string rest;
  std::size_t at = 0;
  for (const Place& place : places(text)) {
    rest += text.substr(at, place.begin - at);
    rest += kErased;
    at = place.end;
  }
  rest += text.substr(at);
  return rest;
}

store::ErasureRules Person::rules() const {
  const auto self = std::make_shared<const Person>(*this);
  return {[self](std::string_view text) { return self->mentioned(text); },
          [self](std::string_view text) { return self->without(text); }};
}

Json erase_person(store::Store& store, const Person& person, const std::string& by,
                  const std::filesystem::path& key_file) {
  if (!key_file.empty()) public_key_of(key_file);  // a key that is none must not be found out afterwards
  const std::string request = random_hex(), salt = random_hex();
  store::Erasure erasure(store);
  const store::ErasureOutcome outcome = erasure.erase(person.rules(), request);
  const std::vector<store::Mention> after = erasure.find(person.rules());
  std::string names;
  for (const std::string& name : person.called()) names += name + "\n";
  Json proof = {{"request", request},
                {"at", base::utc_now()},
                {"by", by},
                {"salt", salt},
                {"person", base::sha256_hex(salt + "\n" + names)},
                {"erased", mentions_json(outcome.erased)},
                {"kept", mentions_json(outcome.kept)},
                {"left", after.size() - std::min(after.size(), outcome.kept.size())},
                {"audit_entry", outcome.entry},
                {"audit_hash", ""}};
  if (outcome.entry > 0) proof["audit_hash"] = store::Audit(store).entries(outcome.entry - 1, 1).at(0).hash;
  if (key_file.empty()) return proof;
  proof["public_key"] = public_key_of(key_file);
  proof["signature"] = sign_text(proof_text(proof), key_file).signature;
  return proof;
}

ProofCheck check_proof(const Json& proof, store::Store& store) {
  const std::string where = "proof";
  ProofCheck check;
  check.is_signed = proof.contains("signature");
  if (check.is_signed) {
    const Signature signature{base::json_field<std::string>(proof, "public_key", where),
                              base::json_field<std::string>(proof, "signature", where)};
    check.signature_holds = signature_holds(signature, proof_text(proof));
  }
  const auto number = base::json_field<std::int64_t>(proof, "audit_entry", where);
  if (number < 1) return check;
  const auto entries = store::Audit(store).entries(number - 1, 1);
  check.entry_holds = !entries.empty() && entries[0].number == number && entries[0].action == "erase" &&
                      entries[0].subject == base::json_field<std::string>(proof, "request", where) &&
                      entries[0].hash == base::json_field<std::string>(proof, "audit_hash", where);
  return check;
}

}  // namespace ballast::govern
