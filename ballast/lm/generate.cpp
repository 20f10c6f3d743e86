// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/generate.h"

#include "ballast/base/error.h"
#include "ballast/lm/generate/decode.h"
#include "ballast/lm/generate/stream.h"
#include "ballast/lm/load.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

void require(bool good, const std::string& option, const std::string& expected) {
  if (!good) throw Error(ErrorCode::usage, "is out of range", option, "expected " + expected);
}

/// eos_token_id of generation_config.json (one or several), else of config.json.
std::vector<std::int32_t> end_tokens(const fs::path& folder, const ModelConfig& config) {
  const fs::path file = folder / "generation_config.json";
  if (fs::exists(file)) {
    const base::Json json = base::read_json(file);
    if (json.is_object() && json.contains("eos_token_id") && json.at("eos_token_id").is_array()) {
      return base::json_field<std::vector<std::int32_t>>(json, "eos_token_id", file.string());
    }
    const auto id = base::json_field<std::int32_t>(json, "eos_token_id", file.string(), -1);
    if (id >= 0) return {id};
  }
  if (config.eos_token >= 0) return {static_cast<std::int32_t>(config.eos_token)};
  return {};
}

}  // namespace

void check(const GenerateOptions& o) {
  require(o.max_new_tokens >= 1, "--max-new-tokens", "at least 1");
  require(o.temperature >= 0 && o.temperature <= 1e6, "--temperature", "0 (greedy) or more");
  require(o.top_k >= 0, "--top-k", "0 (all) or more");
  require(o.top_p > 0 && o.top_p <= 1, "--top-p", "0 < p ≤ 1");
  require(o.min_p >= 0 && o.min_p <= 1, "--min-p", "0 ≤ p ≤ 1");
  require(o.repetition_penalty > 0 && o.repetition_penalty <= 1e6, "--repetition-penalty", "more than 0");
  for (const std::string& stop : o.stop) require(!stop.empty(), "--stop", "a text that is not empty");
}

const char* finish_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::eos:
      return "eos";
    case FinishReason::length:
      return "length";
    case FinishReason::stop:
      return "stop";
    case FinishReason::positions:
      return "positions";
  }
  return "";
}

struct Generator::State {
  fs::path folder;
  LoadedModel model;
  std::vector<std::int32_t> eos;

  CausalNetwork& network() const { return static_cast<CausalNetwork&>(*model.network); }
};

Generator::Generator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Generator::~Generator() = default;
Generator::Generator(Generator&&) noexcept = default;
Generator& Generator::operator=(Generator&&) noexcept = default;

Generator Generator::load(const fs::path& folder) {
  auto state = std::make_unique<State>();
  state->folder = folder;
  state->model = load_model(folder);
  const ModelConfig& config = state->model.network->config();
  if (!config.is_causal() || config.head != HeadType::language_model) {
    throw Error(ErrorCode::unsupported, config.architecture() + " does not generate text", folder.string(),
                "expected a causal language model such as GPT2LMHeadModel or LlamaForCausalLM");
  }
  state->eos = end_tokens(folder, config);
  state->model.network->pack(engine::Precision::f32);
  return Generator(std::move(state));
}

Generation Generator::generate(std::span<const std::int32_t> prompt, const GenerateOptions& options) {
  require(options.stop.empty(), "--stop", "no stop strings with ready token ids");
  GenerateOptions complete = options;
  if (!complete.eos) complete.eos = state_->eos;
  return generate_tokens(state_->network(), prompt, complete);
}

Generation Generator::generate(std::string_view prompt, const GenerateOptions& options,
                               const std::function<void(std::string_view)>& on_text) {
  if (!state_->model.tokenizer) {
    throw Error(ErrorCode::bad_input, "the model has no tokenizer", state_->folder.string(),
                "expected tokenizer.json, vocab.json with merges.txt, or vocab.txt");
  }
  const text::Tokenizer& tokenizer = *state_->model.tokenizer;
  check(options);
  GenerateOptions complete = options;
  if (!complete.eos) complete.eos = state_->eos;
  const text::Encoding encoding = tokenizer.encode(prompt);
  TextStream stream(tokenizer, options.stop, on_text);
  DecodeOptions how;
  how.on_token = [&](std::span<const std::int32_t> ids) { return stream.update(ids); };
  how.vocabulary = tokenizer.vocabulary_size();  // a padded table has rows that mean nothing
  Generation out = generate_tokens(state_->network(), encoding.ids, complete, how);
  out.text = stream.finish();
  return out;
}

}  // namespace ballast::lm
