// SPDX-License-Identifier: Apache-2.0
// What a linear tagger sees of a text: for every character the ones around it, its word, and what is said nearby to the
// left and to the right, and whether a known name stands there, each alone and together with the condition (such as an
// event type) that is asked about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ballast::lm {

/// The characters (code points, case-folded) of a text and where each begins, with the text's end as last offset.
struct Characters {
  std::vector<std::uint32_t> code;
  std::vector<std::size_t> offset;
  std::size_t size() const { return code.size(); }
  /// Number of the character that begins at this byte; size() where none does.
  std::size_t at(std::size_t byte) const;
};
Characters characters_of(std::string_view text);

/// Names seen in training, each with the number of texts that hold it.
class NameList {
 public:
  void add(std::string_view name);
  /// Leftmost longest known names: for each character 0 outside, 1 first, 2 inside, 3 last. In training `own` are the
  /// text's own spans: a name that no other text holds does not count, as it would not for a new text.
  std::vector<std::uint8_t> find(std::string_view text, const Characters& characters,
                                 std::span<const std::string> own = {}) const;
  /// One name a line, in order.
  std::string lines() const;
  static NameList from_lines(std::string_view lines);
  std::size_t size() const { return names_.size(); }

 private:
  std::unordered_map<std::string, std::uint32_t> names_;
  std::size_t longest_ = 0;  // in bytes
};

/// 24-bit keys of the features of each character: those of character i are keys[start[i]] … keys[start[i + 1]].
struct TagFeatures {
  std::vector<std::uint32_t> keys;
  std::vector<std::size_t> start;
};
constexpr int kTagKeyBits = 24;
TagFeatures tag_features(std::string_view text, const Characters& characters, std::string_view condition,
                         std::span<const std::uint8_t> names);

}  // namespace ballast::lm
