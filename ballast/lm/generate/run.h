// SPDX-License-Identifier: Apache-2.0
// One text while it grows: from a row of logits to the next token, until something ends it.
#pragma once

#include <span>
#include <vector>

#include "ballast/base/random.h"
#include "ballast/lm/generate/decode.h"

namespace ballast::lm {

class Run {
 public:
  /// Checks options and prompt as generate_tokens does.
  Run(const GeneratingNetwork& network, std::span<const std::int32_t> prompt, GenerateOptions options,
      DecodeOptions how);

  const std::vector<std::int32_t>& prompt() const { return prompt_; }
  std::int32_t last() const { return out_.ids.empty() ? prompt_.back() : out_.ids.back(); }
  /// Chooses the next token from the logits (which it changes). False once the text is finished. `positions` are left
  /// in the model after what has been read.
  bool take(std::span<float> logits, std::int64_t positions);
  Generation& result() { return out_; }

 private:
  std::vector<std::int32_t> prompt_, seen_;
  GenerateOptions options_;
  DecodeOptions how_;
  std::int64_t limit_;
  base::Random random_;
  Generation out_;
};

}  // namespace ballast::lm
