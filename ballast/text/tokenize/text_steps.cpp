// SPDX-License-Identifier: Apache-2.0
// The small normalisers of tokenizer.json that look at one character, or at one run of a character, at a time.
#include <charconv>
#include <optional>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/normalize.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

using base::Json;

/// What Replace looks for: a text, or one character repeated, perhaps only at the beginning or the end. That is all
/// that the tokenizers in use ask of regular expressions: " {2,}", "\s+", "^ +", "▁+\z".
struct StepPattern {
  std::string unit;  // empty: white space
  std::size_t least = 1;
  bool repeated = false, at_start = false, at_end = false;

  /// Bytes matched at `at`; 0: none.
  std::size_t match(std::string_view text, std::size_t at) const {
    if (at_start && at > 0) return 0;
    std::size_t end = at, count = 0;
    while (end < text.size() && (repeated || count == 0)) {
      if (unit.empty()) {
        const CodePoint c = decode_utf8(text, end);
        if (!is_space(c.value)) break;
        end += c.size;
      } else {
        if (!text.substr(end).starts_with(unit)) break;
        end += unit.size();
      }
      ++count;
    }
    if (count < least || (at_end && end < text.size())) return 0;
    return end - at;
  }
};

std::optional<StepPattern> parse_regex(std::string_view regex) {
  StepPattern p;
  const auto take = [&](std::string_view head) {
    if (!regex.starts_with(head)) return false;
    regex.remove_prefix(head.size());
    return true;
  };
  p.at_start = take("^") || take("\\A");
  if (!take("\\s")) {
    if (regex.empty()) return std::nullopt;
    if (regex[0] == '\\' && regex.size() > 1 && !std::isalnum(static_cast<unsigned char>(regex[1]))) {
      regex.remove_prefix(1);
    } else if (std::string_view("[](){}.*+?|^$\\").find(regex[0]) != std::string_view::npos) {
      return std::nullopt;
    }
    const std::size_t size = decode_utf8(regex, 0).size;
    p.unit = regex.substr(0, size);
    regex.remove_prefix(size);
  }
  if (take("+")) {
    p.repeated = true;
  } else if (take("{")) {
    const std::size_t close = regex.find(",}");
    if (close == std::string_view::npos) return std::nullopt;
    const auto [stop, error] = std::from_chars(regex.data(), regex.data() + close, p.least);
    if (error != std::errc() || stop != regex.data() + close || p.least < 1) return std::nullopt;
    regex.remove_prefix(close + 2);
    p.repeated = true;
  }
  p.at_end = take("$") || take("\\z");
  return regex.empty() ? std::optional(p) : std::nullopt;
}

class Replace : public Normalizer {
 public:
  Replace(const Json& json, const std::string& where)
      : content_(base::json_field<std::string>(json, "content", where)) {
    const Json pattern = base::json_field<Json>(json, "pattern", where);
    if (const auto text = base::json_field<std::string>(pattern, "String", where, ""); !text.empty()) {
      pattern_.unit = text;
    } else if (const auto known = parse_regex(base::json_field<std::string>(pattern, "Regex", where, ""))) {
      pattern_ = *known;
    } else {
      throw base::Error(base::ErrorCode::unsupported,
                        "normalizer Replace with pattern " + base::dump_json(pattern).substr(0, 80) + " is not known",
                        where, "known: texts, and one character repeated");
    }
  }

  NormalizedText apply(std::string_view text) const override {
    NormalizedText out;
    for (std::size_t i = 0; i < text.size();) {
      if (const std::size_t n = pattern_.match(text, i); n > 0) {
        out.append(content_, i, i + n);
        i += n;
        continue;
      }
      // A run that is too short is passed whole, so that its tail is not looked at again.
      const std::size_t size = decode_utf8(text, i).size;
      out.append(text.substr(i, size), i, i + size);
      i += size;
    }
    return out;
  }

 private:
  StepPattern pattern_;
  std::string content_;
};

class Prepend : public Normalizer {
 public:
  explicit Prepend(std::string content) : content_(std::move(content)) {}
  NormalizedText apply(std::string_view text) const override {
    NormalizedText out;
    // What is put in front stands for no byte, but offsets need one: the start of the first character.
    if (!text.empty()) out.append(content_, 0, 1);
    for (auto& end : out.end) end = 1;
    for (std::size_t i = 0; i < text.size(); ++i) out.append(text.substr(i, 1), i, i + 1);
    return out;
  }

 private:
  std::string content_;
};

class Strip : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  NormalizedText apply(std::string_view text) const override {
    std::size_t begin = 0, end = 0;
    bool any = false;
    for (std::size_t i = 0; i < text.size();) {
      const CodePoint c = decode_utf8(text, i);
      if (!is_space(c.value)) {
        if (!any && left_) begin = i;
        any = true;
        end = i + c.size;
      }
      i += c.size;
    }
    if (!any && left_) begin = text.size();
    if (!right_ || (!any && !left_)) end = text.size();
    NormalizedText out;
    for (std::size_t i = begin; i < end; ++i) out.append(text.substr(i, 1), i, i + 1);
    return out;
  }

 private:
  bool left_, right_;
};

/// Characters one by one.
class CharacterStep : public Normalizer {
 public:
  using Change = void (*)(std::string& out, char32_t c);
  explicit CharacterStep(Change change) : change_(change) {}
  NormalizedText apply(std::string_view text) const override {
    NormalizedText out;
    std::string piece;
    for (std::size_t i = 0; i < text.size();) {
      const CodePoint c = decode_utf8(text, i);
      piece.clear();
      if (c.valid) {
        change_(piece, c.value);
      } else {
        piece = text.substr(i, c.size);
      }
      out.append(piece, i, i + c.size);
      i += c.size;
    }
    return out;
  }

 private:
  Change change_;
};

}  // namespace

std::unique_ptr<Normalizer> make_text_step(const std::string& type, const Json& json, const std::string& where) {
  if (type == "Replace") return std::make_unique<Replace>(json, where);
  if (type == "Prepend") return std::make_unique<Prepend>(base::json_field<std::string>(json, "prepend", where));
  if (type == "Strip") {
    return std::make_unique<Strip>(base::json_field<bool>(json, "strip_left", where, true),
                                   base::json_field<bool>(json, "strip_right", where, true));
  }
  if (type == "Lowercase") return std::make_unique<CharacterStep>(append_lower);
  if (type == "StripAccents") {
    return std::make_unique<CharacterStep>([](std::string& out, char32_t c) {
      if (!is_nonspacing_mark(c)) append_utf8(out, c);
    });
  }
  return nullptr;
}

}  // namespace ballast::text
