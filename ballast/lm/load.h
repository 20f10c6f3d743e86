// SPDX-License-Identifier: Apache-2.0
// Model folders in Hugging Face layout: in (memory-mapped) and out (atomic).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ballast/lm/arch/network.h"
#include "ballast/lm/checkpoint/checkpoint.h"
#include "ballast/text/tokenizer.h"

namespace ballast::lm {

struct LoadOptions {
  /// Use the weights under another head than they were saved with; its parameters start fresh where the file has none.
  std::optional<HeadType> head;
  std::vector<std::string> labels;  // of the classification head; its last layer starts fresh where the file's differ
  std::uint64_t seed = 42;          // for fresh parameters
  /// The Q8_0 and Q4_0 matrices of a .gguf file are used as they are instead of being decoded: for inference only.
  bool keep_blocks = false;
};

struct LoadedModel {
  std::unique_ptr<Network> network;
  std::shared_ptr<const CheckpointTensors> mapping;  // keeps borrowed values alive
  std::optional<text::Tokenizer> tokenizer;          // where the folder has one
  std::vector<std::string> fresh;                    // parameters that the checkpoint did not have
};

/// Opens a model folder, or a LoRA adapter with the model that it names. Throws not_found, bad_input (file, tensor or
/// field; what was expected) or unsupported.
LoadedModel load_model(const std::filesystem::path& folder, const LoadOptions& options = {});

/// A network from an `--arch` file with fresh weights.
LoadedModel create_model(const ModelConfig& config, std::uint64_t seed);

/// Writes config.json, model.safetensors and the tokenizer's files to an existing folder. `store_as` i8: the encoder's
/// matrices as in checkpoint/int8.h, everything else in bf16; BERT only, throws unsupported otherwise.
void write_model_files(const std::filesystem::path& folder, const Network& network, const text::Tokenizer* tokenizer,
                       DType store_as = DType::f32);

}  // namespace ballast::lm
