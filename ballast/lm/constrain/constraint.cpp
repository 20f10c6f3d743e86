// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/constrain/constraint.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "ballast/base/error.h"

namespace ballast::lm {
namespace {

constexpr std::size_t kKnownStates = 256;  // masks kept; a text visits few different states

/// A state as bytes, to find it again.
std::string key_of(const JsonGrammar::State& state) {
  std::string key;
  const auto put = [&](std::int32_t value) { key.append(reinterpret_cast<const char*>(&value), sizeof value); };
  for (const JsonGrammar::Stack& stack : state) {
    put(static_cast<std::int32_t>(stack.size()));
    for (const JsonGrammar::Frame& f : stack) {
      put(f.node);
      put(f.phase << 24 | f.low << 16 | f.high << 8 | f.more);
      put(f.count);
      put(f.at);
    }
  }
  return key;
}

}  // namespace

Constraint::Constraint(std::shared_ptr<const JsonGrammar> grammar, std::shared_ptr<const TokenBytes> tokens,
                       std::vector<std::int32_t> eos, std::int64_t budget)
    : grammar_(std::move(grammar)),
      tokens_(std::move(tokens)),
      eos_(std::move(eos)),
      budget_(budget),
      state_(grammar_->start()) {
  const std::int64_t least = grammar_->shortest(state_);
  if (least > budget) {
    throw base::Error(base::ErrorCode::usage,
                      "is " + std::to_string(budget) + ", and the shortest text of the schema may need " +
                          std::to_string(least) + " tokens",
                      "--max-new-tokens");
  }
  std::vector<bool> bytes(256);
  for (const std::uint32_t child : tokens_->nodes()[0].children) {
    const TokenBytes::Node& node = tokens_->nodes()[child];
    if (!node.ids.empty()) bytes[node.byte] = true;
  }
  for (int byte = 0x20; byte < 0x7f; ++byte) {
    if (bytes[static_cast<std::size_t>(byte)]) continue;
    throw base::Error(base::ErrorCode::bad_input,
                      std::string("the vocabulary has no token for \"") + static_cast<char>(byte) + "\" alone",
                      "tokenizer", "texts are held to a schema with byte-level or byte-fallback tokenizers");
  }
}

void Constraint::collect(std::uint32_t node, const JsonGrammar::State& state, std::int64_t rest, Allowed& out) const {
  for (const std::uint32_t child : tokens_->nodes()[node].children) {
    const TokenBytes::Node& n = tokens_->nodes()[child];
    const JsonGrammar::State next = grammar_->next(state, n.byte);
    if (next.empty()) continue;
    if (!n.ids.empty()) {
      const std::int64_t left = grammar_->shortest(next);
      if (left <= rest) {
        out.ids.insert(out.ids.end(), n.ids.begin(), n.ids.end());
        out.longest_rest = std::max(out.longest_rest, left);
      }
    }
    if (!n.children.empty()) collect(child, next, rest, out);
  }
}

const Constraint::Allowed& Constraint::allowed() {
  const std::string key = key_of(state_);
  auto found = known_.find(key);
  if (found == known_.end()) {
    Allowed all;
    collect(0, state_, std::numeric_limits<std::int64_t>::max() / 4 - 1, all);
    if (known_.size() >= kKnownStates) known_.clear();
    found = known_.emplace(key, std::move(all)).first;
  }
  if (found->second.longest_rest <= budget_ - 1) return found->second;
  narrow_ = {};
  collect(0, state_, budget_ - 1, narrow_);
  return narrow_;
}

void Constraint::mask(std::span<float> logits) {
  std::vector<float> kept(logits.begin(), logits.end());
  std::fill(logits.begin(), logits.end(), -std::numeric_limits<float>::infinity());
  const auto allow = [&](std::int32_t id) {
    const auto at = static_cast<std::size_t>(id);
    if (id < 0 || at >= logits.size()) return;
    // A logit of minus infinity would take the guarantee away.
    logits[at] = std::max(kept[at], std::numeric_limits<float>::lowest() / 4);
  };
  for (const std::int32_t id : allowed().ids) allow(id);
  if (grammar_->complete(state_)) {
    for (const std::int32_t id : eos_) allow(id);
  }
}

void Constraint::take(std::int32_t id) {
  --budget_;
  if (std::find(eos_.begin(), eos_.end(), id) != eos_.end()) return;
  for (const char byte : tokens_->of(id)) state_ = grammar_->next(state_, static_cast<unsigned char>(byte));
  BALLAST_CHECK(!state_.empty(), id);
}

bool Constraint::finished() const {
  return std::all_of(state_.begin(), state_.end(), [](const JsonGrammar::Stack& stack) { return stack.empty(); });
}

}  // namespace ballast::lm
