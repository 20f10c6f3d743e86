// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/forward.h"

#include <algorithm>
#include <span>

#include "ballast/base/error.h"
#include "ballast/lm/arch/padded_attention.h"
#include "ballast/lm/forward/results.h"
#include "ballast/lm/forward/seq2seq.h"
#include "ballast/lm/load.h"
#include "ballast/lm/token_input.h"

namespace ballast::lm {
namespace {

using engine::Value;

/// True where results depend on what stands at masked positions.
bool needs_masked_positions(const TokenInput& in, bool loss, bool shift) {
  for (std::int64_t b = 0; b < in.batch; ++b) {
    for (std::int64_t t = 0; t < in.length; ++t) {
      if (in.visible(b, t)) continue;
      if (t + 1 < in.length && in.visible(b, t + 1)) return true;
      if (!loss || !in.labels_per_token || (shift && t + 1 == in.length)) continue;
      if (in.labels[static_cast<std::size_t>(b * in.length + t + (shift ? 1 : 0))] >= 0) return true;
    }
  }
  return false;
}

void write_attentions(const Network& network, const TokenInput& in, const text::TokenBatch& batch,
                      const std::vector<std::int64_t>& rows, const Capture& capture, Results& results) {
  const engine::AttentionOptions options = network.attention_options();
  const std::int64_t heads = options.heads, t = in.length;
  std::vector<float> weights;
  for (std::size_t layer = 0; layer < capture.attentions.size(); ++layer) {
    const auto& a = capture.attentions[layer];
    float* out = results.add("attentions." + std::to_string(layer), {in.batch, heads, t, t});
    for (std::int64_t b = 0; b < in.batch; ++b) {
      const std::int64_t first = batch.offsets[static_cast<std::size_t>(b)];
      const std::int64_t n = batch.offsets[static_cast<std::size_t>(b) + 1] - first;
      weights.resize(static_cast<std::size_t>(heads * n * n));
      if (capture.padding.empty()) {
        engine::attention_weights(a.q, a.k, first, n, first, n, options, weights.data());
      } else {
        const auto visible = capture.padding.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n));
        padded_attention_weights(a.q, a.k, options, first, {visible, network.config().type == ModelType::gpt2},
                                 weights.data());
      }
      const auto columns = std::span(rows).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n));
      place_weights(weights, heads, columns, t, columns, t, out + b * heads * t * t);
    }
  }
}

double sequence_loss(engine::Arena& arena, const TokenInput& in, Value logits) {
  engine::Tape tape(arena, false);
  if (!in.targets.empty()) return engine::binary_cross_entropy(tape, logits, in.targets, {}, {}).mean();
  const std::vector<std::int32_t> labels(in.labels.begin(), in.labels.end());
  return engine::cross_entropy(tape, logits, labels, {}).mean();
}

void check_loss(const ForwardOptions& options, const ModelConfig& config, const TokenInput& in) {
  if (!options.loss) return;
  if (config.head == HeadType::none) {
    throw base::Error(base::ErrorCode::usage, "--loss needs a model with a head", options.model.string(),
                      config.architecture() + " has none");
  }
  if (in.labels.empty() && in.targets.empty()) {
    throw base::Error(base::ErrorCode::bad_input, "has no tensor \"labels\"", options.input.string(),
                      "--loss needs it");
  }
}

}  // namespace

void forward_file(const ForwardOptions& options) {
  LoadedModel model = load_model(options.model);
  Network& network = *model.network;
  const ModelConfig& config = network.config();
  const TokenInput in = read_token_input(options.input, config);
  check_loss(options, config, in);
  if (config.is_seq2seq()) return forward_seq2seq(static_cast<Seq2SeqNetwork&>(network), in, options);
  const bool causal = network.mask() == engine::AttentionMask::causal;
  Capture capture;
  TokenInput computed = in;
  if (needs_masked_positions(in, options.loss, causal)) {
    computed.mask.assign(in.mask.size(), 1);
    capture.padding = in.mask;
  }
  std::vector<std::int64_t> rows;
  const text::TokenBatch batch = pack_visible(computed, 0, in.batch, &rows);
  engine::Arena arena;
  engine::Tape tape(arena, false);
  const Value hidden = network.encode(tape, batch, &capture);
  Results results;
  double loss = 0;
  if (config.head == HeadType::classification) {
    const Value logits = network.classify(tape, hidden, batch);
    std::copy_n(logits.data, logits.size(), results.add("logits", {in.batch, logits.cols}));
    if (options.loss) loss = sequence_loss(arena, in, logits);
  } else if (config.head == HeadType::language_model) {
    float* logits = results.add("logits", {in.batch, in.length, config.vocabulary});
    scatter(network.language_logits(tape, hidden), rows, logits);
    if (options.loss) loss = token_loss(in.labels, in.batch, in.length, logits, config.vocabulary, causal);
  }
  if (options.hidden_states) {
    for (std::size_t i = 0; i < capture.hidden_states.size(); ++i) {
      scatter(capture.hidden_states[i], rows,
              results.add("hidden_states." + std::to_string(i), {in.batch, in.length, config.width}));
    }
  }
  if (options.attentions) write_attentions(network, in, batch, rows, capture, results);
  if (options.loss) *results.add("loss", {}) = static_cast<float>(loss);
  results.write(options.output);
}

}  // namespace ballast::lm
