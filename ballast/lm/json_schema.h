// SPDX-License-Identifier: Apache-2.0
// A JSON schema as a grammar of bytes, for texts that must be values of it: what a model writes under it can be parsed,
// whatever the model is.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::lm {

/// Known: type (one or a list), properties, required, additionalProperties (a schema, where no properties are named),
/// items, minItems, maxItems, minLength, maxLength (in characters), enum, const, anyOf, oneOf (as anyOf), $ref into
/// $defs or definitions, minimum and maximum (of integers at most 1000 apart; of numbers 0 and 1), `true` and `{}` (any
/// value); title, description, default, examples, $schema, $id, $comment are skipped.
///
/// "x-excerpt-of" (a text, ours): a string that is a part of this text, with minLength and maxLength.
///
/// Texts are written tightly, at most one space behind a colon or a comma; members come in the order of `properties`,
/// those not required may be left out, others do not come. Strings hold UTF-8 and the short escapes. Numbers have at
/// most 15 digits before and 15 behind the point, and 2 in the exponent.
class JsonGrammar {
 public:
  /// Throws unsupported naming a keyword that is not known and its place; bad_input for one that cannot be, and for a
  /// schema that no finite text fulfils.
  static std::shared_ptr<const JsonGrammar> compile(const base::Json& schema, const std::string& where);

  /// What remains to be written of one value.
  struct Frame {
    std::int32_t node = 0;
    std::uint8_t phase = 0;
    std::uint8_t low = 0, high = 0, more = 0;  // strings: the next byte of a character, and those behind it
    std::int32_t count = 0;                    // characters, digits, members or elements so far
    std::int32_t at = 0;                       // within a literal or a key
    auto operator<=>(const Frame&) const = default;
  };
  /// Values inside values, the innermost last. Empty: the text is complete.
  using Stack = std::vector<Frame>;
  /// All ways to read the text so far; none: it is no beginning of a value.
  using State = std::vector<Stack>;

  State start() const;
  /// Reads one byte.
  State next(const State& state, unsigned char byte) const;
  /// Whether the text may end here.
  bool complete(const State& state) const;
  /// The fewest bytes that complete it; a large number where nothing does.
  std::int64_t shortest(const State& state) const;

 private:
  friend class GrammarBuilder;
  enum class Kind : std::uint8_t { literal, string, excerpt, number, object, map, array, any };
  struct Member {
    std::string key;  // as written: "name":
    std::int32_t value = 0;
    bool required = true;
  };
  struct Node {
    Kind kind = Kind::any;
    std::string literal;                 // excerpts: the whole text, as JSON writes it
    std::vector<bool> starts;            // excerpts: where a character begins, the end included
    std::int64_t least = 0, most = 0;    // characters or elements; most < 0: any number
    bool integer = false, unit = false;  // numbers: no point; between 0 and 1
    std::vector<Member> members;
    std::vector<std::int32_t> parts;  // any: the choices; array and map: the element
    std::int64_t shortest = 0;        // bytes
  };

  void enter(const Stack& below, std::int32_t node, State& out) const;
  void read(const Stack& stack, unsigned char byte, State& out) const;
  void read_string(Stack stack, unsigned char byte, State& out) const;
  void read_excerpt(Stack stack, unsigned char byte, State& out) const;
  void read_number(Stack stack, unsigned char byte, State& out) const;
  void read_object(Stack stack, unsigned char byte, State& out) const;
  void read_list(Stack stack, unsigned char byte, State& out) const;
  std::int64_t shortest_of(std::int32_t node) const;
  std::int64_t rest_of(const Frame& frame) const;
  std::int64_t rest_of_members(const Node& node, std::int32_t from, bool comma) const;
  bool ends_here(const Frame& frame) const;

  std::vector<Node> nodes_;
  std::int32_t root_ = 0;
};

}  // namespace ballast::lm
