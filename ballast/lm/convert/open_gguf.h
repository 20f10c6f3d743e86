// SPDX-License-Identifier: Apache-2.0
// A GGUF file as a loaded model.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ballast/lm/checkpoint/gguf.h"
#include "ballast/lm/load.h"

namespace ballast::lm {

/// Throws bad_input or unsupported naming the tensor or the field.
LoadedModel open_gguf(const std::shared_ptr<const GgufFile>& opened, const LoadOptions& options = {});

/// Llama's rotated matrices, whose rows GGUF orders otherwise: their heads, or 0.
std::int64_t gguf_reordered_heads(const ModelConfig& config, const std::string& parameter);

}  // namespace ballast::lm
