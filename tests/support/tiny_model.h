// SPDX-License-Identifier: Apache-2.0
// Small models with seeded weights, in memory and as folders, for tests that need no reference data.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/lm/load.h"
#include "ballast/text/bpe_trainer.h"

namespace ballast::test {

inline base::Json tiny_gpt2_arch(std::int64_t vocabulary, std::int64_t positions = 32) {
  return {{"model_type", "gpt2"},
          {"architectures", {"GPT2LMHeadModel"}},
          {"vocab_size", vocabulary},
          {"n_embd", 24},
          {"n_layer", 2},
          {"n_head", 3},
          {"n_positions", positions},
          {"initializer_range", 0.3}};
}

/// `head`: "BertModel", "BertForMaskedLM" or "BertForSequenceClassification" (three labels).
inline base::Json tiny_bert_arch(const std::string& head, std::int64_t vocabulary, std::int64_t positions = 32) {
  base::Json arch = {{"model_type", "bert"},     {"architectures", {head}},
                     {"vocab_size", vocabulary}, {"hidden_size", 24},
                     {"num_hidden_layers", 2},   {"num_attention_heads", 3},
                     {"intermediate_size", 40},  {"max_position_embeddings", positions},
                     {"type_vocab_size", 2},     {"initializer_range", 0.3}};
  if (head == "BertForSequenceClassification")
    arch["id2label"] = {{"0", "negative"}, {"1", "neutral"}, {"2", "positive"}};
  return arch;
}

inline lm::LoadedModel tiny_model(const base::Json& arch, std::uint64_t seed = 7) {
  return lm::create_model(lm::parse_config(arch, "arch"), seed);
}

/// Learnt from a few sentences of both languages; at most 300 entries, of which the first are special.
inline text::Tokenizer tiny_tokenizer(text::TokenizerKind kind) {
  text::BpeTrainOptions options;
  options.vocabulary_size = 300;
  options.kind = kind;
  text::BpeTrainer trainer(options);
  for (const char* sentence :
       {"The central bank raised its interest rate again.", "央行再次上调利率，银行股下跌。",
        "The bank's bonds were cut to junk; the bank denies a default.", "公司债务违约，评级被下调。"}) {
    trainer.add(sentence);
  }
  return trainer.train();
}

/// Writes a model with its tokenizer into an existing folder.
inline void write_tiny_model(const std::filesystem::path& folder, const base::Json& arch, text::TokenizerKind kind,
                             std::uint64_t seed = 7) {
  const lm::LoadedModel model = tiny_model(arch, seed);
  const text::Tokenizer tokenizer = tiny_tokenizer(kind);
  lm::write_model_files(folder, *model.network, &tokenizer);
}

}  // namespace ballast::test
