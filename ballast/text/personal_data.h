// SPDX-License-Identifier: Apache-2.0
// Personal data in English and Chinese texts: found by rules, and masked by placeholders that can be turned back.
//
// In: UTF-8 text. Out: half-open byte spans of the text as given, or the text with "[EMAIL_1]" in their places. Numbers
// with check digits must pass them (Luhn, GB 11643, ISO 13616). Names and addresses are found by lists, titles and what
// stands around them: some are missed (docs/privacy.md has the measured recall), so masking lowers a risk and does not
// end it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ballast::text {

enum class PersonalKind {
  name,           // of a person, without title or honorific
  phone,          // not hotlines
  email,          //
  id_number,      // Chinese resident number (GB 11643), US social security number
  bank_card,      // 13 to 19 digits with Luhn's check digit and a known issuer prefix
  iban,           // ISO 13616: length of the country, remainder 1 modulo 97
  passport,       // where the words around say so, travel permits included
  licence_plate,  // mainland China
  account,        // an account number that is said to be one
  address,        // down to a house number or post-office box
  literal         // text that looks like a placeholder of ours: masked so that nobody can ask for another's data
};
inline constexpr std::size_t kPersonalKinds = 11;

/// "name", "phone", "email", "id_number", … as in JSON.
const char* personal_kind_name(PersonalKind kind);
/// "NAME", "PHONE", "EMAIL", "ID", "CARD", "IBAN", "PASSPORT", "PLATE", "ACCOUNT", "ADDRESS", "TEXT": what stands in
/// placeholders.
const char* personal_kind_tag(PersonalKind kind);

struct PersonalSpan {
  PersonalKind kind = PersonalKind::name;
  std::size_t begin = 0, end = 0;
};

/// Names to find wherever they stand as whole words: a customer list, names said before.
class KnownNames {
 public:
  /// Names of fewer than three bytes are left out: they would be found everywhere.
  void add(const std::string& name);
  void find(std::string_view text, std::vector<PersonalSpan>& found) const;

 private:
  std::unordered_map<std::string, std::vector<std::string>> by_start_;  // first three bytes
};

/// All personal data of a text in order, none overlapping.
std::vector<PersonalSpan> find_personal_data(std::string_view text, const KnownNames* known_names = nullptr);

/// A masked place: where its placeholder stands in the masked text, and the bytes of the original it stands for.
struct MaskedSpan {
  PersonalKind kind = PersonalKind::name;
  std::string placeholder;
  std::size_t begin = 0, end = 0;                    // of the masked text
  std::size_t original_begin = 0, original_end = 0;  // of the original
};

struct Masked {
  std::string text;
  std::vector<MaskedSpan> spans;  // in order

  /// The byte of the original text for a byte of the masked one; inside a placeholder the first byte that it stands
  /// for.
  std::size_t to_original(std::size_t offset) const;
};

/// Masks the texts of one conversation: the same thing (e-mails and names in any case, numbers without their spaces)
/// has the same placeholder throughout, and a name that was found once is found again wherever it stands. Not for two
/// threads at a time.
class Masker {
 public:
  struct Entry {
    PersonalKind kind = PersonalKind::name;
    std::string placeholder, text;  // the text as it was first written
  };

  Masker() = default;
  /// Goes on where a stored conversation ended: the entries as entries() gave them. Throws bad_input where a
  /// placeholder is malformed or there twice.
  explicit Masker(const std::vector<Entry>& entries);

  /// A name to find wherever it stands, whether or not it has been said.
  void know(const std::string& name) { names_.add(name); }

  Masked mask(std::string_view text);

  /// Placeholders of this conversation become what they stand for; others stay. Where something was written in several
  /// ways, all become the first (Masked has the exact original).
  std::string unmask(std::string_view masked) const;

  /// In the order in which they were first seen.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  const std::string& placeholder(PersonalKind kind, std::string_view text);
  void remember(const Entry& entry);

  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> by_key_;          // kind and normal form to entry
  std::unordered_map<std::string, std::size_t> by_placeholder_;  // to entry
  std::map<PersonalKind, std::int64_t> last_;                    // the highest number given
  KnownNames names_;
};

}  // namespace ballast::text
