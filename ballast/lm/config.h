// SPDX-License-Identifier: Apache-2.0
// A model's config.json (Hugging Face), read into one struct for every architecture and written back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::lm {

enum class ModelType { gpt2, bert, roberta, distilbert, llama, qwen2, qwen3, t5, bart, marian, transformer };
/// As in config.json.
const char* model_type_name(ModelType type);

/// What stands on top of the encoder.
enum class HeadType { none, language_model, classification };

/// Angles of rotary positions: token t turns pair j by t · theta^(-2j / head_width), scaled for longer texts.
struct RotaryConfig {
  enum class Scaling { none, linear, llama3, yarn };
  double theta = 10000;
  Scaling scaling = Scaling::none;
  double factor = 1;
  double low_frequency = 1, high_frequency = 4;  // llama3
  double beta_fast = 32, beta_slow = 1;          // yarn
  double attention_factor = 1;                   // of cosines and sines (yarn)
  std::int64_t original_positions = 0;           // that the model was first trained on
};

/// What encoder-decoders have besides.
struct Seq2SeqConfig {
  enum class Positions { learned, sines_in_turn, sines_then_cosines, relative };
  std::int64_t decoder_layers = 0;
  std::int64_t start_token = -1;  // the first that a decoder reads
  Positions positions = Positions::learned;
  std::int64_t buckets = 0, max_distance = 0;  // of relative positions (T5)
  bool gated = false;                          // T5 v1.1's feed-forward layers
  bool pre_norm = false;                       // norms before the branches, not after the sums
  bool embedding_norm = false;                 // a norm behind the embeddings (BART)
  bool final_norm = false;                     // a norm behind the last layer of each side
  bool scale_embedding = false;                // words times √width
  bool logits_bias = false;                    // the checkpoint has final_logits_bias
  float activation_dropout = 0;
};

struct ModelConfig {
  ModelType type = ModelType::bert;
  HeadType head = HeadType::none;
  std::int64_t vocabulary = 0;  // entries
  std::int64_t width = 0;       // hidden size
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;         // of keys and values, where they are fewer than heads; 0: heads
  std::int64_t head_size = 0;        // width of a head where it is not width / heads; 0: it is
  std::int64_t inner = 0;            // feed-forward width
  std::int64_t positions = 0;        // longest sequence in tokens
  std::int64_t position_offset = 0;  // rows before the first position's in a learned table (RoBERTa, BART)
  std::int64_t types = 0;            // token types (BERT)
  float norm_eps = 1e-5f;
  std::string activation;  // as named in the file: "gelu", "gelu_new", "relu", …
  float embedding_dropout = 0.1f, attention_dropout = 0.1f, hidden_dropout = 0.1f, classifier_dropout = 0.1f;
  double initializer_range = 0.02;
  std::vector<std::string> labels;                              // classification outputs in order
  std::int64_t pad_token = -1, bos_token = -1, eos_token = -1;  // -1: none
  base::Json raw;  // the file as read: fields that Ballast does not use survive a round trip

  RotaryConfig rotary;
  bool qkv_bias = false, output_bias = false, inner_bias = false;  // of the Llama family's attention and feed-forward
  bool qk_norm = false;                                            // Qwen3 norms every head of q and k
  bool tied = true;                                                // the vocabulary table is also the output layer

  Seq2SeqConfig seq2seq;

  std::int64_t head_width() const { return head_size > 0 ? head_size : width / heads; }
  std::int64_t key_heads() const { return kv_heads > 0 ? kv_heads : heads; }
  /// Reads from left to right and nothing else: continues a text.
  bool is_causal() const;
  /// An encoder and a decoder: rewrites a text as another.
  bool is_seq2seq() const;
  /// One tower that reads in both directions.
  bool is_encoder() const { return !is_causal() && !is_seq2seq(); }
  /// Architecture class name, e.g. "BertForSequenceClassification".
  std::string architecture() const;
};

/// Reads a folder's config.json, or an `--arch` file of the same form. Throws not_found, bad_input (field and reason)
/// or unsupported (model_type, activation or option that Ballast does not have; names the known ones).
ModelConfig read_config(const std::filesystem::path& file);
ModelConfig parse_config(const base::Json& json, const std::string& where);

/// The config.json of this configuration.
base::Json config_json(const ModelConfig& config);

}  // namespace ballast::lm
