// SPDX-License-Identifier: Apache-2.0
// Checked members of a config.json, and the readers of each family.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/lm/config.h"

namespace ballast::lm::config {

constexpr std::int64_t kMaxCount = std::int64_t{1} << 24;

/// Present and not null.
bool given(const base::Json& json, const std::string& key);
/// A whole number: the JSON library would cut 2.5 down to 2. Throws bad_input naming the field, as all below.
std::int64_t integer(const base::Json& json, const std::string& key, const std::string& where);
/// 1 … limit.
std::int64_t positive(const base::Json& json, const std::string& key, const std::string& where, std::int64_t limit);
/// 0 ≤ p < 1.
float probability(const base::Json& json, const std::string& key, const std::string& where, float otherwise);
/// 0 < x ≤ limit.
double small(const base::Json& json, const std::string& key, const std::string& where, double otherwise, double limit);
/// Throws unsupported where the flag is true.
void refuse_flag(const base::Json& json, const std::string& key, const std::string& where);
/// The head that the first name of "architectures" asks for; `language` are the names of language models. Throws
/// unsupported with the known ones.
HeadType head_of(const base::Json& json, const std::string& where, const std::string& family,
                 const std::vector<std::string>& language);

/// BERT, RoBERTa and DistilBERT.
void read_bert(const base::Json& json, const std::string& where, ModelConfig& config);
void write_bert(const ModelConfig& config, base::Json& json);

/// T5, and BART with Marian and `transformer`.
void read_t5(const base::Json& json, const std::string& where, ModelConfig& config);
void write_t5(const ModelConfig& config, base::Json& json);
void read_bart(const base::Json& json, const std::string& where, ModelConfig& config);
void write_bart(const ModelConfig& config, base::Json& json);

/// Llama, Qwen2 and Qwen3.
void read_llama(const base::Json& json, const std::string& where, ModelConfig& config);
void write_llama(const ModelConfig& config, base::Json& json);

}  // namespace ballast::lm::config
