// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/split.h"

#include <charconv>
#include <optional>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

using base::Json;

/// Length of 's 't 're 've 'm 'll 'd at `at`, 0 where there is none. Case matters.
std::size_t contraction(std::string_view text, std::size_t at) {
  if (text[at] != '\'' || at + 1 >= text.size()) return 0;
  const char a = text[at + 1];
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  if (at + 2 >= text.size()) return 0;
  const char b = text[at + 2];
  return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

/// End of the run of `wanted` that starts at `at`; `last` becomes the start of its last character.
std::size_t run_end(std::string_view text, std::size_t at, CharClass wanted, std::size_t& last) {
  while (at < text.size()) {
    while (at < text.size() && static_cast<unsigned char>(text[at]) < 128 &&
           detail::kAsciiClasses[static_cast<unsigned char>(text[at])] == wanted) {
      last = at++;
    }
    if (at == text.size() || static_cast<unsigned char>(text[at]) < 128) break;
    const CodePoint c = decode_utf8(text, at);
    if (char_class(c.value) != wanted) break;
    last = at;
    at += c.size;
  }
  return at;
}

/// End of the word that starts at `at`.
std::size_t gpt2_word_end(std::string_view text, std::size_t at) {
  if (const std::size_t n = contraction(text, at)) return at + n;
  std::size_t from = at, last = at;
  CharClass kind = char_class(decode_utf8(text, at).value);
  if (text[at] == ' ' && at + 1 < text.size()) {
    const CharClass next = char_class(decode_utf8(text, at + 1).value);
    if (next != CharClass::space) {
      kind = next;
      from = at + 1;
    }
  }
  const std::size_t end = run_end(text, from, kind, last);
  // White space before a word leaves its last character to that word: \s+(?!\S), then \s+ for a lone one.
  if (kind == CharClass::space && end < text.size() && last > at) return last;
  return end;
}

class ByteLevelSplitter : public Splitter {
 public:
  ByteLevelSplitter(const Json& json, const std::string& where)
      : prefix_space_(base::json_field<bool>(json, "add_prefix_space", where, true)),
        by_rule_(base::json_field<bool>(json, "use_regex", where, true)) {}

  void split(std::string_view text, WordSpan within, std::vector<WordSpan>& out) const override {
    if (by_rule_) {
      split_gpt2(text, within, out);
    } else if (within.begin < within.end) {
      out.push_back(within);
    }
  }
  bool adds_prefix_space() const override { return prefix_space_; }

 private:
  bool prefix_space_, by_rule_;
};

/// White space is dropped, punctuation stands alone.
class BertSplitter : public Splitter {
 public:
  void split(std::string_view text, WordSpan within, std::vector<WordSpan>& out) const override {
    std::size_t begin = within.begin;
    const auto close = [&](std::size_t end) {
      if (begin < end) out.push_back({begin, end});
    };
    for (std::size_t i = within.begin; i < within.end;) {
      const CodePoint c = decode_utf8(text, i);
      if (is_space(c.value)) {
        close(i);
        begin = i + c.size;
      } else if (is_bert_punctuation(c.value)) {
        close(i);
        out.push_back({i, i + c.size});
        begin = i + c.size;
      }
      i += c.size;
    }
    close(within.end);
  }
};

class HanRunSplitter : public Splitter {
 public:
  explicit HanRunSplitter(std::size_t longest) : longest_(longest) {}
  void split(std::string_view text, WordSpan within, std::vector<WordSpan>& out) const override {
    split_han_runs(text, within, longest_, out);
  }

 private:
  std::size_t longest_;
};

class ChatSplitter : public Splitter {
 public:
  explicit ChatSplitter(std::size_t digits) : digits_(digits) {}
  void split(std::string_view text, WordSpan within, std::vector<WordSpan>& out) const override {
    split_chat(text, within, digits_, out);
  }

 private:
  std::size_t digits_;
};

class SplitterSequence : public Splitter {
 public:
  explicit SplitterSequence(std::vector<std::unique_ptr<Splitter>> steps) : steps_(std::move(steps)) {}
  void split(std::string_view text, WordSpan within, std::vector<WordSpan>& out) const override {
    std::vector<WordSpan> now{within}, next;
    for (const auto& step : steps_) {
      next.clear();
      for (const WordSpan& span : now) step->split(text, span, next);
      now.swap(next);
    }
    out.insert(out.end(), now.begin(), now.end());
  }

 private:
  std::vector<std::unique_ptr<Splitter>> steps_;
};

constexpr std::string_view kHanHead = "\\p{Han}{1,", kHanTail = "}";

/// The two regexes that split_chat() stands for, by how many digits go together; 0 for another.
std::size_t chat_digits_of(const std::string& regex) {
  const std::string head = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}";
  const std::string tail = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  return regex == head + tail ? 1 : regex == head + "{1,3}" + tail ? 3 : 0;
}

/// N of \p{Han}{1,N}.
std::size_t han_run_of(const std::string& regex) {
  std::size_t n = 0;
  if (regex.starts_with(kHanHead) && regex.ends_with(kHanTail)) {
    const char* first = regex.data() + kHanHead.size();
    const char* last = regex.data() + regex.size() - kHanTail.size();
    const auto [stop, error] = std::from_chars(first, last, n);
    if (error != std::errc() || stop != last) n = 0;
  }
  return n;
}

std::unique_ptr<Splitter> make_split(const Json& json, const std::string& where) {
  const Json pattern = base::json_field<Json>(json, "pattern", where);
  const auto regex = base::json_field<std::string>(pattern, "Regex", where, "");
  const auto behaviour = base::json_field<std::string>(json, "behavior", where);
  const std::size_t longest = han_run_of(regex), digits = chat_digits_of(regex);
  if ((longest == 0 && digits == 0) || behaviour != "Isolated" ||
      base::json_field<bool>(json, "invert", where, false)) {
    throw base::Error(base::ErrorCode::unsupported,
                      "pre_tokenizer Split with pattern " + base::dump_json(pattern).substr(0, 80) + ", behavior " +
                          behaviour + " is not known",
                      where, "known: the regexes of Qwen and Llama 3, and \\p{Han}{1,N}; Isolated, not inverted");
  }
  if (digits > 0) return std::make_unique<ChatSplitter>(digits);
  return std::make_unique<HanRunSplitter>(longest);
}

std::unique_ptr<Splitter> make_sequence(const Json& json, const std::string& where) {
  const Json listed = base::json_field<Json>(json, "pretokenizers", where);
  const auto type_at = [&](std::size_t i) { return base::json_field<std::string>(listed[i], "type", where); };
  if (listed.is_array() && listed.size() == 2 && type_at(0) == "WhitespaceSplit" && type_at(1) == "Metaspace") {
    return make_metaspace(listed[1], where, true);
  }
  std::vector<std::unique_ptr<Splitter>> steps;
  for (const Json& step : listed) {
    steps.push_back(make_splitter(step, where));
    if (steps.back() == nullptr)
      throw base::Error(base::ErrorCode::bad_input, "null inside a pre_tokenizer Sequence", where);
    if (steps.back()->adds_prefix_space() || steps.back()->rewrites()) {
      throw base::Error(base::ErrorCode::unsupported,
                        "add_prefix_space or Metaspace inside this pre_tokenizer Sequence is not known", where,
                        "known: WhitespaceSplit and Metaspace alone");
    }
  }
  return std::make_unique<SplitterSequence>(std::move(steps));
}

}  // namespace

void split_gpt2(std::string_view text, WordSpan within, std::vector<WordSpan>& out) {
  const std::string_view seen = text.substr(0, within.end);  // a look-ahead must not see past the piece
  for (std::size_t at = within.begin; at < within.end;) {
    const std::size_t end = gpt2_word_end(seen, at);
    out.push_back({at, end});
    at = end;
  }
}

void split_han_runs(std::string_view text, WordSpan within, std::size_t longest, std::vector<WordSpan>& out) {
  std::size_t begin = within.begin, length = 0;  // length: Han characters since begin, 0 in other text
  for (std::size_t i = within.begin; i < within.end;) {
    const CodePoint c = decode_utf8(text, i);
    const bool han = is_han(c.value);
    if (i > begin && (han != (length > 0) || length == longest)) {
      out.push_back({begin, i});
      begin = i;
      length = 0;
    }
    if (han) ++length;
    i += c.size;
  }
  if (begin < within.end) out.push_back({begin, within.end});
}

Json byte_level_splitter_json(std::size_t han_run) {
  const Json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  if (han_run == 0) return byte_level;
  const std::string regex = std::string(kHanHead) + std::to_string(han_run) + std::string(kHanTail);
  const Json split = {{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}, {"invert", false}};
  return {{"type", "Sequence"}, {"pretokenizers", Json::array({split, byte_level})}};
}

std::unique_ptr<Splitter> make_splitter(const Json& json, const std::string& where) {
  if (json.is_null()) return nullptr;
  const auto type = base::json_field<std::string>(json, "type", where + " (pre_tokenizer)");
  if (type == "ByteLevel") return std::make_unique<ByteLevelSplitter>(json, where);
  if (type == "BertPreTokenizer") return std::make_unique<BertSplitter>();
  if (type == "Split") return make_split(json, where);
  if (type == "Metaspace") return make_metaspace(json, where, false);
  if (type == "Sequence") return make_sequence(json, where);
  throw base::Error(base::ErrorCode::unsupported, "pre_tokenizer of type \"" + type + "\" is not known", where,
                    "known: ByteLevel, BertPreTokenizer, Metaspace, Split, Sequence");
}

bool ends_in_byte_level(const Json& json) {
  if (!json.is_object()) return false;
  if (json.value("type", "") == "Sequence") {
    return json.contains("pretokenizers") && json["pretokenizers"].is_array() && !json["pretokenizers"].empty() &&
           ends_in_byte_level(json["pretokenizers"].back());
  }
  return json.value("type", "") == "ByteLevel";
}

}  // namespace ballast::text
