// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/generate/run.h"

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/lm/generate/filters.h"

namespace ballast::lm {

Run::Run(const GeneratingNetwork& network, std::span<const std::int32_t> prompt, GenerateOptions options,
         DecodeOptions how)
    : prompt_(prompt.begin(), prompt.end()),
      options_(std::move(options)),
      how_(std::move(how)),
      limit_(how_.vocabulary > 0 ? how_.vocabulary : network.config().vocabulary),
      random_(options_.seed) {
  check(options_);
  check_prompt(network, limit_, prompt_);
  BALLAST_CHECK(options_.eos.has_value(), prompt_.size());
  seen_ = seen_before(network, prompt_, how_);
}

bool Run::take(std::span<float> logits, std::int64_t positions) {
  const std::span<float> row = logits.first(std::min(static_cast<std::size_t>(limit_), logits.size()));
  if (how_.constraint != nullptr) how_.constraint->mask(row);
  filter_logits(row, seen_, static_cast<std::int64_t>(out_.ids.size()), options_);
  const Choice choice = choose(row, options_, random_);
  out_.ids.push_back(choice.id);
  out_.logprobs.push_back(choice.logprob);
  seen_.push_back(choice.id);
  if (how_.constraint != nullptr) how_.constraint->take(choice.id);
  const bool whole = how_.constraint != nullptr && how_.constraint->finished();
  const bool wanted = (!how_.on_token || how_.on_token(out_.ids)) && !whole;
  const auto& eos = *options_.eos;
  if (std::find(eos.begin(), eos.end(), choice.id) != eos.end()) {
    out_.finish = FinishReason::eos;
  } else if (!wanted) {
    out_.finish = FinishReason::stop;
  } else if (static_cast<std::int64_t>(out_.ids.size()) >= options_.max_new_tokens) {
    out_.finish = FinishReason::length;
  } else if (positions <= 0) {
    out_.finish = FinishReason::positions;
  } else {
    return true;
  }
  return false;
}

}  // namespace ballast::lm
