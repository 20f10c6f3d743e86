// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/generate/decode.h"

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/lm/generate/filters.h"

namespace ballast::lm {

using base::Error;
using base::ErrorCode;

void check_prompt(const GeneratingNetwork& network, std::int64_t vocabulary, std::span<const std::int32_t> prompt) {
  const ModelConfig& config = network.config();
  if (prompt.empty()) throw Error(ErrorCode::usage, "the prompt is empty", "--prompt");
  if (static_cast<std::int64_t>(prompt.size()) > config.positions) {
    throw Error(ErrorCode::bad_input,
                "the prompt has " + std::to_string(prompt.size()) + " tokens, the model reads at most " +
                    std::to_string(config.positions),
                "--prompt", "shorten it");
  }
  for (const std::int32_t id : prompt) {
    if (id >= 0 && id < vocabulary) continue;
    throw Error(ErrorCode::bad_input,
                "token " + std::to_string(id) + " is not in the vocabulary of " + std::to_string(vocabulary),
                "--prompt");
  }
}

std::vector<std::int32_t> seen_before(const GeneratingNetwork& network, std::span<const std::int32_t> prompt,
                                      const DecodeOptions& how) {
  if (network.config().is_seq2seq()) return {static_cast<std::int32_t>(network.config().seq2seq.start_token)};
  std::vector<std::int32_t> seen(how.penalized.begin(), how.penalized.end());
  seen.insert(seen.end(), prompt.begin(), prompt.end());
  return seen;
}

Generation generate_tokens(GeneratingNetwork& network, std::span<const std::int32_t> prompt,
                           const GenerateOptions& options, const DecodeOptions& how) {
  check(options);
  const std::int64_t limit = how.vocabulary > 0 ? how.vocabulary : network.config().vocabulary;
  check_prompt(network, limit, prompt);
  BALLAST_CHECK(options.eos.has_value(), prompt.size());
  engine::Arena arena;
  base::Random random(options.seed);
  KeyValueCache cache = network.make_cache();
  std::vector<std::int32_t> seen = seen_before(network, prompt, how);
  Generation out;
  for (;;) {
    arena.reset();
    engine::Tape tape(arena, false);
    const GeneratingNetwork::Next next{&cache, out.ids.empty() ? 0 : out.ids.back()};
    const engine::Value hidden =
        out.ids.empty() ? network.prefill(tape, prompt, cache) : network.decode(tape, {&next, 1});
    const engine::Value logits = network.language_logits(tape, hidden);
    const std::span<float> row(logits.data, static_cast<std::size_t>(std::min(limit, logits.cols)));
    filter_logits(row, seen, static_cast<std::int64_t>(out.ids.size()), options);
    const Choice choice = choose(row, options, random);
    out.ids.push_back(choice.id);
    out.logprobs.push_back(choice.logprob);
    seen.push_back(choice.id);
    const bool wanted = !how.on_token || how.on_token(out.ids);
    const auto& eos = *options.eos;
    if (std::find(eos.begin(), eos.end(), choice.id) != eos.end()) {
      out.finish = FinishReason::eos;
    } else if (!wanted) {
      out.finish = FinishReason::stop;
    } else if (static_cast<std::int64_t>(out.ids.size()) >= options.max_new_tokens) {
      out.finish = FinishReason::length;
    } else if (cache.length() >= network.config().positions) {
      out.finish = FinishReason::positions;
    } else {
      continue;
    }
    return out;
  }
}

}  // namespace ballast::lm
