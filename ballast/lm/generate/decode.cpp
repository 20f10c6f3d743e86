// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/generate/decode.h"

#include "ballast/base/error.h"
#include "ballast/lm/generate/run.h"

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
  Run run(network, prompt, options, how);
  engine::Arena arena;
  KeyValueCache cache = network.make_cache();
  for (bool first = true;; first = false) {
    arena.reset();
    engine::Tape tape(arena, false);
    const GeneratingNetwork::Next next{&cache, run.last()};
    const engine::Value hidden = first ? network.prefill(tape, prompt, cache) : network.decode(tape, {&next, 1});
    const engine::Value logits = network.language_logits(tape, hidden);
    if (!run.take({logits.data, static_cast<std::size_t>(logits.cols)}, network.config().positions - cache.length())) {
      return std::move(run.result());
    }
  }
}

}  // namespace ballast::lm
