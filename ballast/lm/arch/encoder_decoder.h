// SPDX-License-Identifier: Apache-2.0
// Encoder-decoders with absolute positions: the Transformer of Vaswani et al. 2017 itself (post-norm or pre-norm),
// BART (Lewis et al. 2020: learned positions, a norm after the embeddings) and Marian (Junczys-Dowmunt et al. 2018:
// sines). Names as transformers' BartForConditionalGeneration and MarianMTModel; weights are Linear [out, in].
#pragma once

#include "ballast/lm/arch/seq2seq.h"

namespace ballast::lm {

class EncoderDecoder : public Seq2SeqNetwork {
 public:
  explicit EncoderDecoder(ModelConfig config);

  engine::AttentionOptions encoder_options(std::int64_t longest) const override;
  engine::AttentionOptions decoder_options(std::int64_t longest) const override;
  engine::Value encode(engine::Tape& tape, const text::TokenBatch& batch, Capture* capture) override;
  engine::Value language_input(engine::Tape&, engine::Value hidden) override { return hidden; }
  engine::Parameter& vocabulary_table() override { return *words_; }
  engine::Parameter* vocabulary_bias() override { return logits_bias_; }
  void pack(engine::Precision precision) override;
  std::vector<std::string> aliases(const std::string& name) const override;
  bool ignorable(const std::string& tensor) const override;
  double initial_scale(const std::string& name) const override;

 protected:
  engine::Value run_decoder(engine::Tape& tape, std::span<const std::int32_t> ids,
                            std::span<const std::int32_t> positions, AttendSelf self, AttendMemory cross,
                            DecoderCapture* capture) override;
  Memory memory_keys(engine::Tape& tape, std::size_t layer, engine::Value memory) override;

 private:
  using Linear = engine::Projection;
  struct Norm {
    engine::Parameter *gain = nullptr, *bias = nullptr;
  };
  struct Attention {
    Linear q, k, v, out;
    Norm norm;
  };
  struct Layer {
    Attention self, cross;  // an encoder's has no cross
    Linear up, down;
    Norm norm;
  };
  struct Side {
    engine::Parameter* positions = nullptr;  // learned
    Norm embedding_norm, final_norm;
    std::vector<Layer> layers;
  };
  Linear add_linear(const std::string& name, std::int64_t out, std::int64_t in);
  Norm add_norm(const std::string& name);
  Attention add_attention(const std::string& at, const std::string& name);
  Side add_side(const std::string& name, std::int64_t layers, bool decoder);

  engine::Value project(engine::Tape& tape, engine::Value x, const Linear& l) const;
  engine::Value norm(engine::Tape& tape, engine::Value x, const Norm& n) const;
  /// What a branch reads, and the branch joined to the stream: the norm stands before it or after the sum.
  engine::Value entering(engine::Tape& tape, engine::Value h, const Norm& n) const;
  engine::Value joined(engine::Tape& tape, engine::Value h, engine::Value x, const Linear& l, const Norm& n) const;
  engine::Value feed_forward(engine::Tape& tape, engine::Value h, const Layer& l) const;
  engine::Value encoder_layer(engine::Tape& tape, engine::Value h, const Layer& l, const text::TokenBatch& batch,
                              Capture* capture);
  engine::Value decoder_layer(engine::Tape& tape, engine::Value h, std::size_t index, AttendSelf self,
                              AttendMemory cross);
  engine::Value embedded(engine::Tape& tape, std::span<const std::int32_t> ids, std::span<const std::int32_t> positions,
                         const Side& side);
  engine::Value position_rows(engine::Tape& tape, std::span<const std::int32_t> positions, const Side& side);

  engine::Parameter *words_, *logits_bias_ = nullptr;
  Side encoder_, decoder_;
  std::vector<float> sines_;  // [positions, width], where positions are not learned
};

/// PE(t, i) of Vaswani et al. 2017, [positions, width]: sines and cosines in turn, or all sines and then all cosines
/// (Marian).
std::vector<float> sine_positions(std::int64_t positions, std::int64_t width, bool in_turn);

}  // namespace ballast::lm
