// SPDX-License-Identifier: Apache-2.0
// One text held to a grammar while it grows: which tokens may come next.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ballast/lm/constrain/token_bytes.h"
#include "ballast/lm/json_schema.h"

namespace ballast::lm {

class Constraint {
 public:
  /// `eos` may come once the text is complete. Throws usage where `budget` tokens of one byte are too few for the
  /// shortest text, bad_input where the vocabulary lacks a byte of what is needed.
  Constraint(std::shared_ptr<const JsonGrammar> grammar, std::shared_ptr<const TokenBytes> tokens,
             std::vector<std::int32_t> eos, std::int64_t budget);

  /// Sets the logits of tokens that may not come to minus infinity. A token may come when, with it, the text can still
  /// be completed within the budget.
  void mask(std::span<float> logits);
  /// Takes the token that was chosen.
  void take(std::int32_t id);
  /// Whether the text is complete and nothing may follow.
  bool finished() const;

 private:
  struct Allowed {
    std::vector<std::int32_t> ids;
    std::int64_t longest_rest = 0;  // bytes that the worst of them leaves to write
  };
  void collect(std::uint32_t node, const JsonGrammar::State& state, std::int64_t rest, Allowed& out) const;
  const Allowed& allowed();

  std::shared_ptr<const JsonGrammar> grammar_;
  std::shared_ptr<const TokenBytes> tokens_;
  std::vector<std::int32_t> eos_;
  std::int64_t budget_;
  JsonGrammar::State state_;
  std::map<std::string, Allowed> known_;  // by state, where the budget does not matter
  Allowed narrow_;
};

}  // namespace ballast::lm
