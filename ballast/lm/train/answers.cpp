// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/train/answers.h"

#include <algorithm>

#include "ballast/base/error.h"

namespace ballast::lm {
namespace {

/// Cut to `room` tokens, the end token last.
std::size_t finish(std::vector<std::int32_t>& ids, std::int32_t end, std::size_t room) {
  if (ids.empty() || ids.back() != end) ids.push_back(end);
  if (room == 0 || ids.size() <= room) return 0;
  const std::size_t cut = ids.size() - room;
  ids.resize(room);
  ids.back() = end;
  return cut;
}

std::int32_t end_token(const ModelConfig& config) {
  if (config.eos_token >= 0) return static_cast<std::int32_t>(config.eos_token);
  throw base::Error(base::ErrorCode::bad_input, "has no eos_token_id", "config.json",
                    "an encoder-decoder must know when a text ends");
}

}  // namespace

std::vector<std::int32_t> tokenize_source(const text::Tokenizer& tokenizer, const ModelConfig& config,
                                          std::string_view text) {
  std::vector<std::int32_t> ids = tokenizer.encode(text).ids;
  finish(ids, end_token(config), 0);
  return ids;
}

std::vector<Example> tokenize_pairs(const text::Tokenizer& tokenizer, const ModelConfig& config,
                                    std::span<const std::string> sources, std::span<const std::string> answers,
                                    std::int64_t max_length, TokenizeReport& report) {
  const std::int32_t end = end_token(config);
  std::vector<Example> examples;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    Example e;
    e.ids = tokenizer.encode(sources[i]).ids;
    e.answer = tokenizer.encode(answers[i]).ids;
    const std::size_t cut = finish(e.ids, end, static_cast<std::size_t>(max_length)) +
                            finish(e.answer, end, static_cast<std::size_t>(max_length));
    ++report.texts;
    report.tokens += static_cast<std::int64_t>(e.tokens());
    report.truncated_texts += cut > 0;
    report.truncated_tokens += static_cast<std::int64_t>(cut);
    examples.push_back(std::move(e));
  }
  return examples;
}

}  // namespace ballast::lm
