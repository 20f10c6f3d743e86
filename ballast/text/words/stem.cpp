// SPDX-License-Identifier: Apache-2.0
#include <libstemmer.h>

#include <algorithm>
#include <memory>
#include <new>

#include "ballast/base/error.h"
#include "ballast/text/preprocess.h"
#include "ballast/text/tokenize/unicode.h"

namespace ballast::text {

std::string lower(std::string_view word) {
  std::string out;
  out.reserve(word.size());
  for (std::size_t i = 0; i < word.size();) {
    const CodePoint c = decode_utf8(word, i);
    append_lower(out, c.value);
    i += c.size;
  }
  return out;
}

std::string stem(std::string_view word) {
  // A stemmer keeps state, so each thread has its own.
  thread_local const std::unique_ptr<sb_stemmer, decltype(&sb_stemmer_delete)> stemmer(
      sb_stemmer_new("english", "UTF_8"), &sb_stemmer_delete);
  BALLAST_CHECK(stemmer != nullptr, 0);
  std::string small = lower(word);
  // Names with digits or dots ("u.s") are no English words.
  const bool plain =
      std::all_of(small.begin(), small.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '\''; });
  if (small.empty() || !plain) return small;
  const sb_symbol* out =
      sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(small.data()), static_cast<int>(small.size()));
  if (out == nullptr) throw std::bad_alloc();
  return std::string(reinterpret_cast<const char*>(out), static_cast<std::size_t>(sb_stemmer_length(stemmer.get())));
}

}  // namespace ballast::text
