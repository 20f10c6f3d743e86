// SPDX-License-Identifier: Apache-2.0
// A transformer as a function over the engine's operations. One subclass an architecture.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/engine/attention.h"
#include "ballast/engine/checkpoint.h"
#include "ballast/engine/in_place.h"
#include "ballast/engine/loss.h"
#include "ballast/engine/ops.h"
#include "ballast/lm/config.h"
#include "ballast/text/token_batch.h"

namespace ballast::lm {

/// Words on the way from one text to another of the same length: every token's own embedding is mixed with the one of
/// its reference. Positions and types stay.
struct Blend {
  std::span<const std::int32_t> reference;  // ids, one a token of the batch
  std::span<const float> share;             // of the token's own word, one a token: 1 is the text, 0 the reference
};

/// Inner values that a caller may ask encode() to leave behind.
struct Capture {
  struct Attention {
    engine::Columns q, k, v;
  };
  std::vector<engine::Value> hidden_states;  // embeddings, then each layer; for GPT-2 the last is after the final norm
  std::vector<Attention> attentions;         // inputs of each layer's attention
  /// In: the attention mask, one entry a token, of a batch that holds its masked positions too (their outputs are then
  /// those of the reference library); empty for ordinary batches. Inference only.
  std::span<const std::int64_t> padding;
  /// In: read these mixtures instead of the words. BERT and its kin, GPT-2 and Llama.
  const Blend* blend = nullptr;
  /// Out, with a blend: the embeddings that were read (a training tape leaves the gradient there), and how far the
  /// text's own are from the reference's, of the same shape.
  engine::Value blended;
  const float* direction = nullptr;
};

/// What the classified rows take from the last layer: the way by which the other tokens reach the logits.
struct LastLayer {
  Capture::Attention attention;   // q of the classified rows, one a sequence; k and v of all tokens
  engine::Value attended, entry;  // what attention gave those rows, and the rows as they entered the layer
};

/// One logit of one sequence of a batch.
struct LogitOf {
  std::int64_t sequence = 0, output = 0;
};

class Network {
 public:
  virtual ~Network() = default;

  const ModelConfig& config() const { return config_; }
  engine::ParameterStore& parameters() { return parameters_; }
  const engine::ParameterStore& parameters() const { return parameters_; }
  virtual engine::AttentionMask mask() const = 0;
  /// Of every layer's self-attention.
  engine::AttentionOptions attention_options() const;

  /// Final hidden states [tokens, width]. The batch must live until backward().
  virtual engine::Value encode(engine::Tape& tape, const text::TokenBatch& batch, Capture* capture = nullptr) = 0;

  /// What the vocabulary table is multiplied with: the hidden states, through BERT's transform where there is one.
  virtual engine::Value language_input(engine::Tape& tape, engine::Value hidden) = 0;
  virtual engine::Parameter& vocabulary_table() = 0;
  virtual engine::Parameter* vocabulary_bias() = 0;

  /// Logits [sequences, labels].
  virtual engine::Value classify(engine::Tape& tape, engine::Value hidden, const text::TokenBatch& batch) = 0;

  /// Logits [sequences, labels] as classify(encode()) gives them, bit for bit, where nothing but the logits is wanted:
  /// the last layer may do without the rows that the head does not read. Inference only.
  virtual engine::Value classify_only(engine::Tape& tape, const text::TokenBatch& batch, LastLayer* last = nullptr);
  /// Whether classify_only() fills in a LastLayer and finish_last_layer() is there.
  virtual bool shows_last_layer() const { return false; }
  /// The way from LastLayer::attended and LastLayer::entry, or some rows of them, to the logits of those rows.
  virtual engine::Value finish_last_layer(engine::Tape& tape, engine::Value attended, engine::Value entry);
  /// The gradients of logits with regard to LastLayer::attended of their sequences, [wanted, width].
  engine::Value attended_gradients(engine::Arena& arena, const LastLayer& last, std::span<const LogitOf> wanted);
  /// Whether encode() and classify() may run in several threads at a time.
  virtual bool reentrant() const { return false; }

  /// Full vocabulary logits [rows, vocabulary]: for inspection, not for training.
  engine::Value language_logits(engine::Tape& tape, engine::Value hidden);

  /// Fresh weights: normal(0, initializer_range), norms 1, biases 0. Each parameter has a random stream of its own
  /// name, so that adding one does not change the others.
  void initialize(std::uint64_t seed);
  void initialize(engine::Parameter& parameter, std::uint64_t seed);

  /// Packs every weight matrix for inference.
  virtual void pack(engine::Precision precision) = 0;

  /// In training encode() and the decoder keep the layers' inputs alone and compute each layer once more for its
  /// gradients: the same bits in less memory. Not where a caller captures inner values.
  void set_checkpointing(bool on) { checkpointing_ = on; }

  /// Dropout used in training; negative keeps the configuration's.
  void set_dropout(double p);

  /// Names under which public checkpoints store a parameter, most usual first.
  virtual std::vector<std::string> aliases(const std::string& name) const = 0;
  /// Tensors of a checkpoint that may be there without being used (mask buffers, tied copies, heads of other tasks).
  virtual bool ignorable(const std::string& tensor) const = 0;
  /// Parameters of the head, which a checkpoint trained for another task does not have.
  virtual bool belongs_to_head(const std::string& name) const = 0;
  /// The head's last layer, which is made for one list of labels.
  bool is_output(const std::string& name) const {
    return name == "classifier.weight" || name == "classifier.bias" || name == "score.weight" ||
           name == "classifier.out_proj.weight" || name == "classifier.out_proj.bias";
  }
  /// Extra scale of a fresh weight's standard deviation.
  virtual double initial_scale(const std::string& name) const {
    (void)name;
    return 1.0;
  }

 protected:
  explicit Network(ModelConfig config) : config_(std::move(config)) {}
  engine::Activation activation() const;
  /// Attention over the batch's sequences; leaves its inputs in `capture` where there is one.
  engine::Value attend(engine::Tape& tape, const Capture::Attention& in, const text::TokenBatch& batch,
                       Capture* capture);

  /// layer(tape, h, capture), or a checkpoint of it; h is not read any more. `layer` is plain data.
  template <class F>
  engine::Value pass_encoder(engine::Tape& tape, engine::Value h, Capture* capture, F layer) {
    if (capture != nullptr) return layer(tape, h, capture);
    const auto alone = [layer](engine::Tape& t, engine::Value in) { return layer(t, in, nullptr); };
    return tape.training() && checkpointing_ ? engine::checkpoint(tape, h, alone) : engine::in_place(tape, h, alone);
  }

  /// The mixture of two texts' embeddings that the capture's blend asks for; leaves it in the capture.
  static engine::Value blended(engine::Tape& tape, engine::Value own, engine::Value reference, Capture& capture);
  /// Positions plus an offset; memory of the arena.
  static std::span<const std::int32_t> shifted_positions(engine::Tape& tape, std::span<const std::int32_t> positions,
                                                         std::int64_t offset);

  ModelConfig config_;
  engine::ParameterStore parameters_;
  bool checkpointing_ = false;
};

/// Builds the network of a configuration; parameters have no values yet.
std::unique_ptr<Network> make_network(const ModelConfig& config);

}  // namespace ballast::lm
