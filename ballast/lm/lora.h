// SPDX-License-Identifier: Apache-2.0
// LoRA (Hu et al. 2021): small corrections of frozen weight matrices, in PEFT's files (adapter_config.json and
// adapter_model.safetensors), so that PEFT opens what Ballast trained and the other way round.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ballast::lm {

class Network;

struct LoraOptions {
  std::int64_t rank = 8;
  double alpha = 16;                 // the correction is scaled by alpha / rank
  double dropout = 0;                // of what goes into a correction, in training
  bool rank_stabilised = false;      // scaled by alpha / √rank instead (Kalajdzievski 2023)
  std::vector<std::string> targets;  // last parts of module names: "q_proj"; "all-linear"; empty: PEFT's for the family
};

/// Freezes every parameter and puts a correction that is zero at first beside each target: `down` uniform in
/// ±1/√width as PEFT draws it, `up` zero. Throws usage naming a target that no module has, or that is no linear layer.
void add_lora(Network& network, const LoraOptions& options, std::uint64_t seed);

/// Reads an adapter folder onto the model it was made for. Throws not_found, bad_input (shapes, tensors without a
/// module) or unsupported (an adapter of another kind, by field).
void load_lora(Network& network, const std::filesystem::path& folder);

/// Adds the corrections to the weights and forgets them: an ordinary model again, nothing frozen.
void merge_lora(Network& network);

bool has_lora(const Network& network);

/// Writes PEFT's two files into an existing folder. `base` is where the frozen model lies, as PEFT's
/// base_model_name_or_path.
void write_lora(const std::filesystem::path& folder, const Network& network, const std::string& base);

/// True for a folder that holds an adapter and no model of its own.
bool is_lora_folder(const std::filesystem::path& folder);

/// Where the model of an adapter folder lies: base_model_name_or_path, from the adapter's folder or the current one.
/// Throws not_found naming both.
std::filesystem::path lora_base(const std::filesystem::path& folder);

}  // namespace ballast::lm
