// SPDX-License-Identifier: Apache-2.0
// Erasure of a person from a store, and a proof of it that can be handed out: what was erased by table, id and hash,
// what could not be, the entry of the audit trail that records it, signed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/store/erasure.h"

namespace ballast::govern {

/// Names, numbers and addresses that a person goes by, found as whole words in any case of ASCII letters; between the
/// digits of a number spaces and dashes may stand.
class Person {
 public:
  /// Throws usage where there is none, or one is shorter than three bytes.
  explicit Person(std::vector<std::string> called);

  bool mentioned(std::string_view text) const;
  /// The text with "[erased]" in the place of each mention.
  std::string without(std::string_view text) const;
  store::ErasureRules rules() const;
  const std::vector<std::string>& called() const { return called_; }

 private:
  struct Place {
    std::size_t begin = 0, end = 0;
  };
  std::vector<Place> places(std::string_view text) const;
  std::vector<std::string> called_;
};

/// Erases and proves. The proof names the person by a salted hash alone: who knows the name and the salt can see that
/// it is about them. With `key_file` (see make_signing_key) it is signed. Keys: "request", "at", "by", "salt",
/// "person", "erased" and "kept" (lists of {"table","id","hash"}), "left" (what a search afterwards still finds besides
/// "kept"; 0), "audit_entry", "audit_hash", "public_key", "signature".
base::Json erase_person(store::Store& store, const Person& person, const std::string& by,
                        const std::filesystem::path& key_file);

/// Whether a proof's signature holds and, with `store`, whether its entry is in the trail as it says.
struct ProofCheck {
  bool is_signed = false, signature_holds = false, entry_holds = false;
};
ProofCheck check_proof(const base::Json& proof, store::Store& store);

}  // namespace ballast::govern
