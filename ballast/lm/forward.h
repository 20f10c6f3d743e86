// SPDX-License-Identifier: Apache-2.0
// One pass of a model over ready token ids, for parity checks and study.
#pragma once

#include <filesystem>

namespace ballast::lm {

struct ForwardOptions {
  std::filesystem::path model, input, output;
  bool hidden_states = false, attentions = false, loss = false;
};

/// Reads input_ids (i64 [B, T]) and optionally decoder_input_ids with decoder_attention_mask (encoder-decoders; labels
/// shifted right where absent), attention_mask, position_ids, token_type_ids and labels from a
/// safetensors file; writes logits (shape as the reference: [B, T, vocabulary] or [B, labels]), hidden_states.N [B, T,
/// width], attentions.N [B, heads, T, T] and loss (f32). Where a visible position follows a masked one (left padding),
/// or a label needs a masked position's logits, masked positions are computed as the reference library does; otherwise
/// their outputs are zero.
void forward_file(const ForwardOptions& options);

}  // namespace ballast::lm
