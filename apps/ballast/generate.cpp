// SPDX-License-Identifier: Apache-2.0
// `ballast generate`: a prompt continued by a language model, or rewritten by an encoder-decoder, shown as it grows.
#include "ballast/lm/generate.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "ballast/base/json.h"
#include "ballast/lm/chat.h"
#include "ballast/lm/json_schema.h"
#include "remote_model.h"
#include "verb.h"

namespace ballast::apps {
namespace {

struct GenerateArguments {
  std::string model, prompt, precision;
  std::int64_t texts = 1;  // of a beam search
  std::string system, messages, schema;
  bool chat = false, no_thinking = false, allow_remote = false;
  lm::GenerateOptions options;
};

void put(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw base::Error(base::ErrorCode::io, "cannot be written", "standard output");
  }
}

base::Json messages_of(const GenerateArguments& a) {
  if (!a.messages.empty()) return base::read_json(a.messages);
  base::Json messages = base::Json::array();
  if (!a.system.empty()) messages.push_back({{"role", "system"}, {"content", a.system}});
  messages.push_back({{"role", "user"}, {"content", a.prompt}});
  return messages;
}

/// The prompt as the model's chat template writes it.
std::string chat_prompt(const GenerateArguments& a) {
  lm::ChatOptions options;
  options.thinking = !a.no_thinking;
  return lm::ChatTemplate::load(a.model).render(messages_of(a), options);
}

base::Json to_json_generate(const lm::Generation& out) {
  base::Json json;
  json["text"] = out.text;
  json["ids"] = out.ids;
  json["logprobs"] = out.logprobs;
  json["finish_reason"] = lm::finish_name(out.finish);
  return json;
}

void search(lm::Generator& generator, const std::string& prompt, const GenerateArguments& arguments,
            const lm::GenerateOptions& options, const Common& common) {
  const base::Stopwatch watch;
  const auto found = generator.search(prompt, options, arguments.texts);
  const double seconds = watch.seconds();
  for (const lm::Generation& out : found) {
    if (!common.json) {
      put(out.text + "\n");
      continue;
    }
    base::Json json = to_json_generate(out);
    json["score"] = out.score;
    put(base::dump_json(json) + "\n");
  }
  if (!common.json)
    say(common, fmt::format("{} texts from {} beams in {:.1f} s", found.size(), options.beams, seconds));
}

/// A model elsewhere answers in one piece and by its own rules.
void run_remote(const GenerateArguments& a, const lm::GenerateOptions& o, const Common& common) {
  if (o.schema != nullptr || o.beams > 1 || o.top_k > 0 || o.min_p > 0 || !o.stop.empty()) {
    throw base::Error(base::ErrorCode::usage, "takes no schema, beams, --top-k, --min-p or --stop", a.model);
  }
  const base::Json answer =
      ask_remote(a.model, a.allow_remote, messages_of(a), {o.max_new_tokens, o.temperature, o.top_p, o.seed});
  put((common.json ? base::dump_json(answer) : answer["text"].get<std::string>()) + "\n");
}

void run_generate(const GenerateArguments& arguments, const Common& common) {
  lm::GenerateOptions options = arguments.options;
  options.seed = common.seed;
  if (!arguments.schema.empty()) {
    options.schema = lm::JsonGrammar::compile(base::read_json(arguments.schema), arguments.schema);
  }
  lm::check(options);
  const bool chat = arguments.chat || !arguments.messages.empty();
  if (arguments.prompt.empty() && arguments.messages.empty()) {
    throw base::Error(base::ErrorCode::usage, "the prompt is empty", "--prompt");
  }
  if (is_remote_model(arguments.model)) return run_remote(arguments, options, common);
  options.add_special = !chat;
  const std::string prompt = chat ? chat_prompt(arguments) : arguments.prompt;
  lm::Generator generator = lm::Generator::load(arguments.model, arguments.precision);
  if (options.beams > 1) return search(generator, prompt, arguments, options, common);
  const base::Stopwatch watch;
  const lm::Generation out = generator.generate(prompt, options, [&](std::string_view piece) {
    if (base::interrupted()) throw base::Error(base::ErrorCode::cancelled, "stopped");
    if (!common.json) put(piece);
  });
  const double rate = static_cast<double>(out.ids.size()) / std::max(watch.seconds(), 1e-9);
  if (common.json) {
    base::Json json = to_json_generate(out);
    json["seed"] = options.seed;
    json["tokens_per_second"] = rate;
    put(base::dump_json(json) + "\n");
    return;
  }
  put("\n");
  say(common,
      fmt::format("{} tokens, {:.0f} a second, ended by {}", out.ids.size(), rate, lm::finish_name(out.finish)));
}

}  // namespace

void add_generate(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand(
      "generate", "Continue a prompt (an encoder-decoder: rewrite it): greedy, sampling or beam search");
  const auto arguments = std::make_shared<GenerateArguments>();
  lm::GenerateOptions& o = arguments->options;
  verb->add_option("--model", arguments->model,
                   "Folder of a language model, a .gguf file, or https://HOST/v1#NAME of a chat model elsewhere")
      ->required();
  verb->add_option("--prompt", arguments->prompt, "Text to continue or to rewrite");
  verb->add_flag("--chat", arguments->chat, "The prompt is a question: written as the model's chat template says");
  verb->add_option("--system", arguments->system, "Chat: the system text");
  verb->add_option(
      "--messages", arguments->messages,
      "Chat: a JSON file with the whole conversation, [{\"role\": …, \"content\": …}] (instead of --prompt)");
  verb->add_flag("--allow-remote", arguments->allow_remote,
                 "With a --model on another machine: the text may go there, personal data masked");
  verb->add_option("--json-schema", arguments->schema,
                   "A file with a JSON schema: the text is a value of it, whatever the model would rather write");
  verb->add_flag("--no-thinking", arguments->no_thinking, "Chat: Qwen 3 answers without a thought");
  verb->add_option("--max-new-tokens", o.max_new_tokens, "Stop after so many tokens")->capture_default_str();
  verb->add_option("--temperature", o.temperature, "0: greedy; 1: as the model says; more: wilder")
      ->capture_default_str();
  verb->add_option("--top-k", o.top_k, "Draw from the k likeliest tokens (0: all)")->capture_default_str();
  verb->add_option("--top-p", o.top_p, "Draw from the smallest set of this probability")->capture_default_str();
  verb->add_option("--min-p", o.min_p, "Drop tokens less likely than this part of the likeliest")
      ->capture_default_str();
  verb->add_option("--repetition-penalty", o.repetition_penalty, "More than 1 avoids tokens seen before")
      ->capture_default_str();
  verb->add_option("--no-repeat-ngram", o.no_repeat_ngram, "No run of so many tokens comes twice (0: any may)")
      ->capture_default_str();
  verb->add_option("--min-new-tokens", o.min_new_tokens, "Do not end before so many tokens")->capture_default_str();
  verb->add_option("--beams", o.beams, "More than 1: beam search over so many texts, shown when it has ended")
      ->capture_default_str();
  verb->add_option("--length-penalty", o.length_penalty, "Beams: score = log-probability / length^penalty")
      ->capture_default_str();
  verb->add_flag("--early-stopping", o.early_stopping, "Beams: end with as many finished texts as beams");
  verb->add_option("--texts", arguments->texts, "Beams: so many of the best texts")->capture_default_str();
  verb->add_option("--stop", o.stop, "End the text before this string (repeatable)");
  verb->add_option("--precision", arguments->precision,
                   "Of the weights: f32, bf16, int8, q8 or q4 (default: as a .gguf file stores them, else f32)");
  add_common(*verb, common, "ballast generate --model gpt2 --prompt 'The bank said' --temperature 0.8 --top-p 0.95");
  verb->callback([arguments, &common] { run_generate(*arguments, common); });
}

}  // namespace ballast::apps
