// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/attention_maps.h"

#include "ballast/base/error.h"
#include "ballast/lm/arch/seq2seq.h"
#include "ballast/lm/load.h"

namespace ballast::lm {

AttentionMaps attention_maps(const std::filesystem::path& folder, std::string_view text) {
  LoadedModel model = load_model(folder);
  if (!model.tokenizer) throw base::Error(base::ErrorCode::not_found, "has no tokenizer", folder.string());
  Network& network = *model.network;
  const ModelConfig& config = network.config();
  const text::Encoding encoding = model.tokenizer->encode(text);
  const auto length = static_cast<std::int64_t>(encoding.ids.size());
  if (length == 0 || length > config.positions) {
    throw base::Error(base::ErrorCode::bad_input, "has " + std::to_string(length) + " tokens", "text",
                      "1 to " + std::to_string(config.positions) + ", the model's positions");
  }
  AttentionMaps maps;
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    const auto [begin, end] = encoding.offsets[i];  // equal for special tokens, which the text does not hold
    maps.tokens.push_back(begin < end ? std::string(text.substr(begin, end - begin))
                                      : model.tokenizer->token(encoding.ids[i]));
  }
  maps.layers = config.layers;
  maps.heads = config.heads;
  maps.weights.resize(static_cast<std::size_t>(maps.layers * maps.heads * length * length));
  text::TokenBatch batch;
  batch.add(encoding.ids);
  engine::Arena arena;
  engine::Tape tape(arena, false);
  Capture capture;
  network.encode(tape, batch, &capture);
  const engine::AttentionOptions options =
      config.is_seq2seq() ? static_cast<Seq2SeqNetwork&>(network).encoder_options(length) : network.attention_options();
  float* out = maps.weights.data();
  for (const Capture::Attention& a : capture.attentions) {
    engine::attention_weights(a.q, a.k, 0, length, 0, length, options, out);
    out += config.heads * length * length;
  }
  return maps;
}

}  // namespace ballast::lm
