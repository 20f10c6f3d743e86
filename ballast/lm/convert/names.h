// SPDX-License-Identifier: Apache-2.0
// How llama.cpp names and lays out what Hugging Face's files hold.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/lm/checkpoint/gguf.h"
#include "ballast/lm/config.h"
#include "ballast/text/tokenizer.h"

namespace ballast::lm {

/// "model.layers.3.self_attn.q_proj.weight" to "blk.3.attn_q.weight"; empty for a name without a counterpart.
std::string gguf_name(const std::string& parameter);

/// llama.cpp turns neighbouring pairs where Hugging Face turns the two halves of a head: the rows of Llama's q and k
/// change places. `to_gguf` false is the way back. `rows` is the matrix [heads · head_width, columns].
void reorder_pairs(std::span<float> rows, std::int64_t heads, std::int64_t head_width, std::int64_t columns,
                   bool to_gguf);

/// config.json from the metadata; throws bad_input or unsupported naming the field.
base::Json config_from_gguf(const GgufFile& file);
/// The metadata of a configuration, without the tokenizer's.
std::vector<std::pair<std::string, base::Json>> metadata_of(const ModelConfig& config, const std::string& name);

/// The file's tokenizer; none where it is of a kind that Ballast does not have. Throws bad_input or unsupported naming
/// the field.
std::optional<text::Tokenizer> tokenizer_from_gguf(const GgufFile& file);
/// The metadata of a folder's tokenizer.json; empty without one.
std::vector<std::pair<std::string, base::Json>> tokenizer_metadata(const std::filesystem::path& folder);

}  // namespace ballast::lm
