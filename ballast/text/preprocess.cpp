// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/preprocess.h"

namespace ballast::text {

Preprocessed preprocess(std::string_view text, const PreprocessOptions& options) {
  Preprocessed out;
  out.text = options.clean ? clean(text, options.cleaning) : std::string(text);
  if (options.language) out.language = detect_language(out.text);
  if (options.sentences) out.sentences = split_sentences(out.text);
  if (!options.words && !options.stop && !options.stem) return out;
  const std::vector<Span> words = split_words(out.text);
  if (options.words) out.words = words;
  if (!options.stop && !options.stem) return out;
  for (const Span& span : words) {
    const std::string_view word = span.of(out.text);
    if (options.stop && is_stop_word(word)) continue;
    out.terms.push_back(options.stem ? stem(word) : lower(word));
  }
  return out;
}

}  // namespace ballast::text
