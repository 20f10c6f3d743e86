// SPDX-License-Identifier: Apache-2.0
// `forward` for encoder-decoders.
#pragma once

#include "ballast/lm/arch/seq2seq.h"
#include "ballast/lm/forward.h"
#include "ballast/lm/token_input.h"

namespace ballast::lm {

/// Writes logits [B, U, vocabulary], encoder_last_hidden_state, encoder_hidden_states.N, decoder_hidden_states.N,
/// encoder_attentions.N, decoder_attentions.N, cross_attentions.N and loss, as the options ask.
void forward_seq2seq(Seq2SeqNetwork& network, const TokenInput& in, const ForwardOptions& options);

}  // namespace ballast::lm
