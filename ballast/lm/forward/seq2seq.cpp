// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/forward/seq2seq.h"

#include "ballast/lm/forward/results.h"

namespace ballast::lm {
namespace {

/// Packed sequences and where their rows stand in [B, length].
struct Side {
  text::TokenBatch batch;
  std::vector<std::int64_t> rows;
  std::int64_t length = 0;

  std::int64_t first(std::int64_t b) const { return batch.offsets[static_cast<std::size_t>(b)]; }
  std::int64_t count(std::int64_t b) const { return batch.offsets[static_cast<std::size_t>(b) + 1] - first(b); }
  std::span<const std::int64_t> of(std::int64_t b) const {
    return std::span(rows).subspan(static_cast<std::size_t>(first(b)), static_cast<std::size_t>(count(b)));
  }
};

void write_states(const std::vector<engine::Value>& states, const std::string& name, const Side& side,
                  Results& results) {
  for (std::size_t i = 0; i < states.size(); ++i) {
    scatter(states[i], side.rows,
            results.add(name + "." + std::to_string(i), {side.batch.sequences(), side.length, states[i].cols}));
  }
}

void write_weights(const std::vector<Capture::Attention>& layers, const engine::AttentionOptions& options,
                   const std::string& name, const Side& queries, const Side& keys, Results& results) {
  const std::int64_t heads = options.heads, batch = queries.batch.sequences();
  std::vector<float> weights;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    float* out = results.add(name + "." + std::to_string(layer), {batch, heads, queries.length, keys.length});
    for (std::int64_t b = 0; b < batch; ++b) {
      weights.resize(static_cast<std::size_t>(heads * queries.count(b) * keys.count(b)));
      engine::attention_weights(layers[layer].q, layers[layer].k, queries.first(b), queries.count(b), keys.first(b),
                                keys.count(b), options, weights.data());
      place_weights(weights, heads, queries.of(b), queries.length, keys.of(b), keys.length,
                    out + b * heads * queries.length * keys.length);
    }
  }
}

}  // namespace

void forward_seq2seq(Seq2SeqNetwork& network, const TokenInput& in, const ForwardOptions& options) {
  const ModelConfig& config = network.config();
  Side source, target;
  source.length = in.length;
  source.batch = pack_visible(in, 0, in.batch, &source.rows);
  target.length = in.decoder_length;
  target.batch = pack_decoder(in, &target.rows);
  engine::Arena arena;
  engine::Tape tape(arena, false);
  Capture encoder;
  DecoderCapture decoder;
  const engine::Value memory = network.encode(tape, source.batch, &encoder);
  const engine::Value hidden = network.decode_targets(tape, memory, source.batch, target.batch, &decoder);
  Results results;
  float* logits = results.add("logits", {in.batch, in.decoder_length, config.vocabulary});
  scatter(network.language_logits(tape, hidden), target.rows, logits);
  scatter(memory, source.rows, results.add("encoder_last_hidden_state", {in.batch, in.length, config.width}));
  if (options.hidden_states) {
    write_states(encoder.hidden_states, "encoder_hidden_states", source, results);
    write_states(decoder.hidden_states, "decoder_hidden_states", target, results);
  }
  if (options.attentions) {
    const auto own = network.encoder_options(longest_sequence(source.batch));
    const auto decoding = network.decoder_options(longest_sequence(target.batch));
    write_weights(encoder.attentions, own, "encoder_attentions", source, source, results);
    write_weights(decoder.self, decoding, "decoder_attentions", target, target, results);
    write_weights(decoder.cross, network.cross_options(), "cross_attentions", target, source, results);
  }
  if (options.loss) {
    *results.add("loss", {}) =
        static_cast<float>(token_loss(in.labels, in.batch, in.decoder_length, logits, config.vocabulary, false));
  }
  results.write(options.output);
}

}  // namespace ballast::lm
