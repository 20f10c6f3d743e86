// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/generate.h"

#include <mutex>

#include "ballast/base/error.h"
#include "ballast/engine/quantised.h"
#include "ballast/lm/constrain/constraint.h"
#include "ballast/lm/generate/batch.h"
#include "ballast/lm/generate/beam.h"
#include "ballast/lm/generate/stream.h"
#include "ballast/lm/load.h"
#include "ballast/lm/train/answers.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

void require(bool good, const std::string& option, const std::string& expected) {
  if (!good) throw Error(ErrorCode::usage, "is out of range", option, "expected " + expected);
}

/// What a model says about its own texts.
struct Habits {
  std::vector<std::int32_t> eos;
  std::optional<std::int32_t> forced_first, forced_last;
};

/// From generation_config.json, else config.json. eos_token_id may be one or several.
Habits read_habits(const fs::path& folder, const ModelConfig& config) {
  Habits habits;
  const fs::path file = folder / "generation_config.json";
  const bool own = fs::exists(file);
  const std::string where = (own ? file : folder / "config.json").string();
  const base::Json json = own ? base::read_json(file) : config.raw;
  if (!json.is_object()) throw Error(ErrorCode::bad_input, "is no JSON object", where);
  const auto token = [&](const char* key) -> std::optional<std::int32_t> {
    if (!json.contains(key) || json.at(key).is_null()) return std::nullopt;
    const auto id = base::json_field<std::int32_t>(json, key, where);
    return id >= 0 && id < config.vocabulary ? std::optional(id) : std::nullopt;
  };
  if (json.contains("eos_token_id") && json.at("eos_token_id").is_array()) {
    habits.eos = base::json_field<std::vector<std::int32_t>>(json, "eos_token_id", where);
  } else if (const auto id = token("eos_token_id")) {
    habits.eos = {*id};
  } else if (config.eos_token >= 0) {
    habits.eos = {static_cast<std::int32_t>(config.eos_token)};
  }
  habits.forced_first = token("forced_bos_token_id");
  habits.forced_last = token("forced_eos_token_id");
  return habits;
}

}  // namespace

void check(const GenerateOptions& o) {
  require(o.max_new_tokens >= 1, "--max-new-tokens", "at least 1");
  require(o.temperature >= 0 && o.temperature <= 1e6, "--temperature", "0 (greedy) or more");
  require(o.top_k >= 0, "--top-k", "0 (all) or more");
  require(o.top_p > 0 && o.top_p <= 1, "--top-p", "0 < p ≤ 1");
  require(o.min_p >= 0 && o.min_p <= 1, "--min-p", "0 ≤ p ≤ 1");
  require(o.no_repeat_ngram >= 0, "--no-repeat-ngram", "0 (any) or more");
  require(o.min_new_tokens >= 0 && o.min_new_tokens <= o.max_new_tokens, "--min-new-tokens", "0 … --max-new-tokens");
  require(o.beams >= 1 && o.beams <= 64, "--beams", "1 … 64");
  require(o.beams == 1 || o.temperature == 0, "--beams", "no sampling (--temperature) beside it");
  require(o.length_penalty >= -100 && o.length_penalty <= 100, "--length-penalty", "-100 … 100");
  require(o.repetition_penalty > 0 && o.repetition_penalty <= 1e6, "--repetition-penalty", "more than 0");
  if (o.schema != nullptr) {
    require(o.beams == 1, "--beams", "1 beside a schema");
    require(o.stop.empty(), "--stop", "none beside a schema");
    require(o.no_repeat_ngram == 0, "--no-repeat-ngram", "0 beside a schema");
    require(o.min_new_tokens == 0, "--min-new-tokens", "0 beside a schema");
  }
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
  Habits habits;
  std::unique_ptr<Batch> batch;  // of the network
  std::once_flag spelled;
  std::shared_ptr<const TokenBytes> token_bytes;  // made for the first text that is held to a schema

  const std::shared_ptr<const TokenBytes>& bytes_of_tokens() {
    std::call_once(spelled, [&] { token_bytes = std::make_shared<const TokenBytes>(tokenizer()); });
    return token_bytes;
  }
  GeneratingNetwork& network() const { return static_cast<GeneratingNetwork&>(*model.network); }
  GenerateOptions complete(const GenerateOptions& options) const {
    GenerateOptions all = options;
    if (all.schema != nullptr) {
      if (!all.eos) all.eos = habits.eos;
      return all;
    }
    if (!all.eos) all.eos = habits.eos;
    if (!all.forced_first) all.forced_first = habits.forced_first;
    if (!all.forced_last) all.forced_last = habits.forced_last;
    return all;
  }
  std::vector<std::int32_t> tokens(std::string_view prompt, bool add_special) const {
    const ModelConfig& config = model.network->config();
    return config.is_seq2seq() ? tokenize_source(tokenizer(), config, prompt)
                               : tokenizer().encode(prompt, {.add_special = add_special}).ids;
  }
  const text::Tokenizer& tokenizer() const {
    if (model.tokenizer) return *model.tokenizer;
    throw Error(ErrorCode::bad_input, "the model has no tokenizer", folder.string(),
                "expected tokenizer.json, vocab.json with merges.txt, or vocab.txt");
  }
};

Generator::Generator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Generator::~Generator() = default;
Generator::Generator(Generator&&) noexcept = default;
Generator& Generator::operator=(Generator&&) noexcept = default;

Generator Generator::load(const fs::path& folder, const std::string& precision) {
  auto state = std::make_unique<State>();
  state->folder = folder;
  LoadOptions options;
  options.keep_blocks = precision.empty();
  const engine::Precision products =
      precision.empty() ? engine::Precision::f32 : engine::precision_from_name(precision);
  state->model = load_model(folder, options);
  const ModelConfig& config = state->model.network->config();
  if (config.is_encoder() || config.head != HeadType::language_model) {
    throw Error(ErrorCode::unsupported, config.architecture() + " does not generate text", folder.string(),
                "expected a causal language model such as Qwen2ForCausalLM, or an encoder-decoder");
  }
  state->habits = read_habits(folder, config);
  state->model.network->pack(products);
  state->batch = std::make_unique<Batch>(state->network());
  return Generator(std::move(state));
}

std::int64_t Generator::tokens(std::string_view prompt, bool add_special) const {
  return static_cast<std::int64_t>(state_->tokens(prompt, add_special).size());
}

std::int64_t Generator::positions() const {
  return state_->network().config().positions;
}

Generation Generator::generate(std::span<const std::int32_t> prompt, const GenerateOptions& options) {
  require(options.stop.empty(), "--stop", "no stop strings with ready token ids");
  require(options.schema == nullptr, "--json-schema", "no schema with ready token ids");
  return state_->batch->grow(prompt, state_->complete(options), {});
}

Generation Generator::generate(std::string_view prompt, const GenerateOptions& options,
                               const std::function<void(std::string_view)>& on_text) {
  const text::Tokenizer& tokenizer = state_->tokenizer();
  check(options);
  TextStream stream(tokenizer, options.stop, on_text);
  DecodeOptions how;
  how.on_token = [&](std::span<const std::int32_t> ids) { return stream.update(ids); };
  how.vocabulary = tokenizer.vocabulary_size();  // a padded table has rows that mean nothing
  const GenerateOptions all = state_->complete(options);
  std::optional<Constraint> constraint;
  const std::vector<std::int32_t> ids = state_->tokens(prompt, options.add_special);
  if (options.schema != nullptr) {
    // Positions end a text, too: the value must fit into what the prompt leaves.
    const std::int64_t room = state_->network().config().is_seq2seq()
                                  ? state_->network().config().positions - 1
                                  : state_->network().config().positions - static_cast<std::int64_t>(ids.size());
    constraint.emplace(options.schema, state_->bytes_of_tokens(), *all.eos, std::min(options.max_new_tokens, room));
    how.constraint = &*constraint;
  }
  Generation out = state_->batch->grow(ids, all, how);
  out.text = stream.finish();
  return out;
}

std::vector<Generation> Generator::search(std::string_view prompt, const GenerateOptions& options, std::int64_t count) {
  const text::Tokenizer& tokenizer = state_->tokenizer();
  check(options);
  require(count >= 1 && count <= options.beams, "--texts", "1 … --beams");
  std::vector<Generation> all;
  state_->batch->alone([&] {
    all = beam_search(state_->network(), state_->tokens(prompt, options.add_special), state_->complete(options),
                      {.vocabulary = tokenizer.vocabulary_size()});
  });
  all.resize(std::min(all.size(), static_cast<std::size_t>(count)));
  for (Generation& one : all) {
    TextStream stream(tokenizer, options.stop, {});
    if (!stream.update(one.ids)) one.finish = FinishReason::stop;
    one.text = stream.finish();
  }
  return all;
}

}  // namespace ballast::lm
