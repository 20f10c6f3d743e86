// SPDX-License-Identifier: Apache-2.0
// Metaspace: spaces become a visible mark that begins each word (▁), as SentencePiece has it.
#include "ballast/base/error.h"
#include "ballast/text/tokenize/split.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

using base::Json;

class Metaspace : public Splitter {
 public:
  Metaspace(const Json& json, const std::string& where, bool by_white_space)
      : mark_(base::json_field<std::string>(json, "replacement", where, "\xe2\x96\x81")),
        split_(base::json_field<bool>(json, "split", where, true)),
        by_white_space_(by_white_space) {
    const bool adds = base::json_field<bool>(json, "add_prefix_space", where, true);
    const auto scheme = base::json_field<std::string>(json, "prepend_scheme", where, adds ? "always" : "never");
    if (scheme != "always" && scheme != "first" && scheme != "never") {
      throw base::Error(base::ErrorCode::unsupported, "Metaspace with prepend_scheme \"" + scheme + "\" is not known",
                        where, "known: always, first, never");
    }
    if (mark_.empty()) throw base::Error(base::ErrorCode::bad_input, "Metaspace has an empty replacement", where);
    always_ = scheme == "always";
    first_ = scheme == "first";
  }

  bool rewrites() const override { return true; }

  void rewrite(std::string_view text, bool first, NormalizedText& out, std::vector<WordSpan>& words) const override {
    if (!by_white_space_) return add(text, 0, text.size(), first, out, words);
    for (std::size_t at = 0; at < text.size();) {
      const CodePoint c = decode_utf8(text, at);
      if (is_space(c.value)) {
        at += c.size;
        continue;
      }
      std::size_t end = at;
      while (end < text.size()) {
        const CodePoint next = decode_utf8(text, end);
        if (is_space(next.value)) break;
        end += next.size;
      }
      add(text, at, end, first && at == 0, out, words);
      at = end;
    }
  }

  void split(std::string_view, WordSpan within, std::vector<WordSpan>& out) const override { out.push_back(within); }

 private:
  void add(std::string_view text, std::size_t from, std::size_t to, bool first, NormalizedText& out,
           std::vector<WordSpan>& words) const {
    if (from == to) return;
    const std::string_view piece = text.substr(from, to - from);
    std::size_t begin = out.text.size();
    const auto open_word = [&] {
      if (split_ && out.text.size() > begin) {
        words.push_back({begin, out.text.size()});
        begin = out.text.size();
      }
    };
    const bool marked = piece.starts_with(' ') || piece.starts_with(mark_);
    if ((always_ || (first_ && first)) && !marked) out.append(mark_, from, from + 1);
    for (std::size_t i = from; i < to;) {
      const bool space = text[i] == ' ', mark = text.substr(i, to - i).starts_with(mark_);
      if (space || mark) open_word();
      const std::size_t size = space ? 1 : mark ? mark_.size() : 1;
      out.append(space ? std::string_view(mark_) : text.substr(i, size), i, i + size);
      i += size;
    }
    words.push_back({begin, out.text.size()});
  }

  std::string mark_;
  bool split_, by_white_space_, always_ = false, first_ = false;
};

}  // namespace

std::unique_ptr<Splitter> make_metaspace(const Json& json, const std::string& where, bool by_white_space) {
  return std::make_unique<Metaspace>(json, where, by_white_space);
}

}  // namespace ballast::text
