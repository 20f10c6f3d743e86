// SPDX-License-Identifier: Apache-2.0
// A model fixture of the reference data: its folder, its expected numbers, and how close one has to come.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/lm/checkpoint/safetensors.h"
#include "tests/support/shared.h"

namespace ballast::test {

class ModelFixture {
 public:
  explicit ModelFixture(const std::string& name)
      : name_(name),
        folder_(shared_dir() / "fixtures" / name),
        expected_(base::read_json(folder_ / "expected.json")),
        tensors_(folder_ / "expected.safetensors") {}

  const std::string& name() const { return name_; }
  const std::filesystem::path& folder() const { return folder_; }
  const base::Json& expected() const { return expected_; }
  bool has(const std::string& tensor) const { return tensors_.has(tensor); }
  std::vector<std::int64_t> shape(const std::string& tensor) const { return tensors_.info(tensor).shape; }

  std::vector<float> floats(const std::string& tensor) const {
    std::vector<float> values(static_cast<std::size_t>(tensors_.info(tensor).count()));
    tensors_.read_f32(tensor, values);
    return values;
  }
  std::vector<std::int64_t> integers(const std::string& tensor) const {
    std::vector<std::int64_t> values(static_cast<std::size_t>(tensors_.info(tensor).count()));
    tensors_.read_i64(tensor, values);
    return values;
  }

  /// Writes the inputs "<prefix>input_ids" and so on as `ballast forward` reads them.
  void write_inputs(const std::string& prefix, const std::filesystem::path& path) const {
    std::vector<std::vector<std::int64_t>> data;
    std::vector<lm::TensorToWrite> out;
    data.reserve(8);
    for (const std::string input : {"input_ids", "attention_mask", "position_ids", "token_type_ids", "labels",
                                    "decoder_input_ids", "decoder_attention_mask"}) {
      if (!has(prefix + input)) continue;
      data.push_back(integers(prefix + input));
      out.push_back(lm::TensorToWrite::integers(input, shape(prefix + input), data.back()));
    }
    lm::write_safetensors(path, std::move(out));
  }

  /// Largest absolute error that the fixture's README allows in logits and hidden states; 1e-4 relative comes on top.
  double tolerance() const {
    static const std::map<std::string, double> kTolerances = {
        {"gpt2", 6e-5},  {"gpt2-base", 7e-5},  {"gpt2-f16", 4e-5},      {"bert-cls", 2e-5},    {"bert-mlm", 8e-5},
        {"llama", 5e-5}, {"llama-bf16", 5e-5}, {"llama-sharded", 8e-5}, {"llama3-rope", 4e-5}, {"qwen2", 2e-4},
        {"qwen3", 4e-5}, {"t5", 8e-5},         {"t5-relu-tied", 4e-5},  {"bart", 5e-5},        {"marian", 2e-5}};
    return kTolerances.at(name_);
  }

 private:
  std::string name_;
  std::filesystem::path folder_;
  base::Json expected_;
  lm::SafetensorsFile tensors_;
};

/// |a - b| <= atol + rtol |b|, b being the reference.
inline bool near(double a, double b, double atol, double rtol = 1e-4) {
  return std::abs(a - b) <= atol + rtol * std::abs(b);
}

}  // namespace ballast::test
