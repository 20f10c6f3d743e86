// SPDX-License-Identifier: Apache-2.0
// A small causal language model (GPT-2) over sequences of plain symbols, such as log-template ids: how surprising is
// each step? Hides the network, the trainer and the engine. Bit-identical for the same seed and data at any thread
// count.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "ballast/base/progress.h"

namespace ballast::lm {

struct SequenceModelOptions {
  std::int64_t width = 64, layers = 2, heads = 4;
  std::int64_t positions = 512;  // longest sequence, its start and end included; the rest of a longer one is not read
  double epochs = 20, lr = 2e-3, dropout = 0.1;
  std::int64_t batch_tokens = 1024;
  std::uint64_t seed = 42;
  base::ProgressSink progress;
};

/// What the model says of one sequence: steps are its symbols and then its end.
struct SequenceSurprise {
  std::vector<float> nats;          // -ln P(step | steps before)
  std::vector<std::int32_t> ranks;  // how many symbols were more likely
  bool truncated = false;
};

class SequenceModel {
 public:
  /// Symbols are numbers in [0, alphabet). Throws bad_input without sequences, usage for options that cannot be.
  static SequenceModel train(std::span<const std::vector<std::int32_t>> sequences, std::int32_t alphabet,
                             const SequenceModelOptions& options = {});
  /// A folder that save() wrote. Throws not_found or bad_input.
  static SequenceModel load(const std::filesystem::path& folder);
  ~SequenceModel();
  SequenceModel(SequenceModel&&) noexcept;
  SequenceModel& operator=(SequenceModel&&) noexcept;

  /// Writes the model in Hugging Face layout to an existing folder.
  void save(const std::filesystem::path& folder) const;

  std::int32_t alphabet() const;
  /// One answer a sequence; it does not depend on the others. Symbols outside the alphabet are read as one unknown
  /// symbol, which was never seen in training.
  std::vector<SequenceSurprise> surprise(std::span<const std::vector<std::int32_t>> sequences) const;

 private:
  struct State;
  explicit SequenceModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ballast::lm
