// SPDX-License-Identifier: Apache-2.0
// Between GGUF files and model folders: Llama, Qwen2 and Qwen3 with their byte-level tokenizers; and adapters into the
// models they correct.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace ballast::lm {

struct ConvertReport {
  std::string architecture;  // "llama", "qwen2", "qwen3"
  std::int64_t tensors = 0;
  std::string note;  // what could not be taken over; empty: nothing
};

/// Writes config.json, model.safetensors (f32, f16 or bf16: the widest that the file's plain tensors have; quantised
/// ones are decoded to f32) and the tokenizer into `folder`, atomically. Throws bad_input, or unsupported for another
/// architecture.
ConvertReport gguf_to_folder(const std::filesystem::path& gguf, const std::filesystem::path& folder);

/// Writes a model folder as GGUF; matrices as `type` (F32, F16, BF16, Q8_0 or Q4_0; F16 where rows are no whole
/// blocks), vectors as F32. Throws unsupported for another architecture or type.
ConvertReport folder_to_gguf(const std::filesystem::path& folder, const std::filesystem::path& gguf,
                             const std::string& type);

/// Writes a classifier's folder once more, with the precision that its products shall have: "f32", "bf16" or "int8".
/// The weights stay as they are. Throws unsupported for a model that is no classifier of Ballast's, usage for another
/// precision.
ConvertReport with_precision(const std::filesystem::path& folder, const std::filesystem::path& to,
                             const std::string& precision);

/// Writes the model that an adapter folder corrects with the corrections added, tokenizer included.
ConvertReport merge_adapter(const std::filesystem::path& adapter, const std::filesystem::path& folder);

}  // namespace ballast::lm
