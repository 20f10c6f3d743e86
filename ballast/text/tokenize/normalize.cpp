// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/normalize.h"

#include <optional>

#include "ballast/base/error.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {
namespace {

using base::Json;

/// BERT's clean-up, as the Rust library does it: characters one by one, in the order clean, Chinese, accents, lower
/// case.
class BertNormalizer : public Normalizer {
 public:
  BertNormalizer(const Json& json, const std::string& where)
      : clean_(base::json_field<bool>(json, "clean_text", where, true)),
        chinese_(base::json_field<bool>(json, "handle_chinese_chars", where, true)),
        lower_(base::json_field<bool>(json, "lowercase", where, true)),
        strip_(base::json_field<bool>(json, "strip_accents", where, lower_)) {}

  NormalizedText apply(std::string_view text) const override {
    NormalizedText out;
    out.text.reserve(text.size() + text.size() / 4);
    out.begin.reserve(out.text.capacity());
    out.end.reserve(out.text.capacity());
    std::string piece;
    for (std::size_t i = 0; i < text.size();) {
      const CodePoint c = decode_utf8(text, i);
      piece.clear();
      add_cleaned(piece, c.value);
      out.append(piece, i, i + c.size);
      i += c.size;
    }
    return out;
  }

 private:
  void add_cleaned(std::string& out, char32_t c) const {
    if (clean_) {
      const bool layout = c == '\t' || c == '\n' || c == '\r';  // the other control characters are no white space here
      if (c == 0 || c == kReplacement || (!layout && is_bert_control(c))) return;
      if (is_space(c)) {
        out.push_back(' ');
        return;
      }
    }
    if (chinese_ && is_bert_chinese(c)) {
      out.push_back(' ');
      add_folded(out, c);
      out.push_back(' ');
    } else {
      add_folded(out, c);
    }
  }

  void add_folded(std::string& out, char32_t c) const {
    char32_t parts[16] = {c};
    const std::size_t count = strip_ ? decompose(c, parts) : 1;
    for (std::size_t k = 0; k < count; ++k) {
      if (strip_ && is_bert_mark(parts[k])) continue;
      if (lower_) {
        append_lower(out, parts[k]);
      } else {
        append_utf8(out, parts[k]);
      }
    }
  }

  bool clean_, chinese_, lower_, strip_;
};

/// Normalisers one after the other.
class NormalizerSequence : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> steps) : steps_(std::move(steps)) {}

  NormalizedText apply(std::string_view text) const override {
    NormalizedText out = steps_.front()->apply(text);
    for (std::size_t k = 1; k < steps_.size(); ++k) {
      NormalizedText next = steps_[k]->apply(out.text);
      for (std::size_t i = 0; i < next.text.size(); ++i) {
        next.end[i] = out.end[next.end[i] - 1];
        next.begin[i] = out.begin[next.begin[i]];
      }
      out = std::move(next);
    }
    return out;
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

}  // namespace

std::unique_ptr<Normalizer> make_normalizer(const Json& json, const std::string& where) {
  if (json.is_null()) return nullptr;
  const auto type = base::json_field<std::string>(json, "type", where + " (normalizer)");
  if (type == "BertNormalizer") return std::make_unique<BertNormalizer>(json, where);
  if (auto form = make_unicode_form(type)) return form;
  if (auto step = make_text_step(type, json, where)) return step;
  if (type == "Precompiled") {
    return make_precompiled(
        decode_base64(base::json_field<std::string>(json, "precompiled_charsmap", where, ""), where), where);
  }
  if (type == "Sequence") {
    std::vector<std::unique_ptr<Normalizer>> steps;
    for (const Json& step : base::json_field<Json>(json, "normalizers", where)) {
      steps.push_back(make_normalizer(step, where));
      if (steps.back() == nullptr)
        throw base::Error(base::ErrorCode::bad_input, "null inside a normalizer Sequence", where);
    }
    if (steps.empty()) return nullptr;
    return std::make_unique<NormalizerSequence>(std::move(steps));
  }
  throw base::Error(base::ErrorCode::unsupported, "normalizer of type \"" + type + "\" is not known", where,
                    "known: BertNormalizer, NFC, NFD, NFKC, NFKD, Precompiled, Replace, Prepend, Strip, Lowercase, "
                    "StripAccents, Sequence");
}

}  // namespace ballast::text
