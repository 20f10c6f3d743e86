// SPDX-License-Identifier: Apache-2.0
#include "remote_model.h"

#include <cstdlib>

#include "ballast/base/error.h"
#include "ballast/lm/json_schema.h"
#include "ballast/remote/chat.h"
#include "ballast/remote/hub.h"
#include "ballast/text/personal_data.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kMostBytes = 24000;  // of one question; longer texts are asked about in windows
constexpr int kAsked = 3;                  // times, where an answer is no value of the schema

std::string remote_token() {
  if (const char* token = std::getenv("BALLAST_REMOTE_TOKEN"); token != nullptr) return token;
  const char* file = std::getenv("BALLAST_REMOTE_TOKEN_FILE");
  return file == nullptr ? "" : remote::read_secret(file);
}

Json masked_messages(const Json& messages, text::Masker& masker) {
  Json out = messages;
  for (Json& message : out) {
    if (message.value("role", "") == "system") continue;  // ours
    message["content"] = masker.mask(base::json_field<std::string>(message, "content", "messages")).text;
  }
  return out;
}

/// Puts back what stands behind the placeholders, in every text of the value.
Json unmasked(Json value, const text::Masker& masker) {
  if (value.is_string()) return masker.unmask(value.get<std::string>());
  if (value.is_structured()) {
    for (Json& part : value) part = unmasked(part, masker);
  }
  return value;
}

/// The schema without our own keyword, which other servers do not know: what a quote is worth is looked at here.
Json without_excerpts(Json schema) {
  if (schema.is_object()) schema.erase("x-excerpt-of");
  if (schema.is_structured()) {
    for (Json& part : schema) part = without_excerpts(part);
  }
  return schema;
}

/// Whether the answer is a value of the schema, spaces aside.
bool fulfils(const Json& answer, const lm::JsonGrammar& grammar) {
  lm::JsonGrammar::State state = grammar.start();
  for (const char c : base::dump_json(answer)) state = grammar.next(state, static_cast<unsigned char>(c));
  return grammar.complete(state);
}

}  // namespace

bool is_remote_model(const std::string& model) {
  return model.starts_with("http://") || model.starts_with("https://");
}

Json ask_remote(const std::string& model, bool allowed, const Json& messages, const RemoteAsk& ask) {
  const auto target = remote::parse_chat_target(model);
  text::Masker masker;
  remote::ChatOptions options;
  options.allowed = allowed;
  options.token = remote_token();
  options.max_tokens = ask.max_tokens;
  options.temperature = ask.temperature;
  options.top_p = ask.top_p;
  options.seed = ask.seed;
  const remote::ChatAnswer answer = remote::ask_chat(*target, masked_messages(messages, masker), options);
  return {{"text", masker.unmask(answer.text)},
          {"finish_reason", answer.finish_reason},
          {"model", answer.model},
          {"prompt_tokens", answer.prompt_tokens},
          {"completion_tokens", answer.completion_tokens},
          {"masked", masker.entries().size()}};
}

risk::ChatModel remote_chat_model(const std::string& model, bool allowed) {
  const auto target = remote::parse_chat_target(model);
  remote::ChatOptions options;
  options.allowed = allowed;
  options.token = remote_token();
  options.max_tokens = 512;
  if (!allowed) remote::ask_chat(*target, Json::array(), options);  // says what to do
  risk::ChatModel out;
  // There is no hash of what runs elsewhere: the name is all that is known.
  out.identity = (target->model.empty() ? "model" : target->model) + "@" + target->base + "+zero-shot-1";
  out.fits = [](const Json& messages) { return base::dump_json(messages).size() <= kMostBytes; };
  out.ask = [target, options](const Json& messages, const Json& schema) {
    text::Masker masker;
    const Json said = masked_messages(messages, masker);
    remote::ChatOptions how = options;
    how.schema = without_excerpts(schema);
    const auto grammar = lm::JsonGrammar::compile(how.schema, "signal schema");
    std::string last;
    for (int i = 0; i < kAsked; ++i, ++how.seed) {
      last = remote::ask_chat(*target, said, how).text;
      try {
        const Json answer = base::parse_json(last, "answer");
        if (fulfils(answer, *grammar)) return base::dump_json(unmasked(answer, masker));
      } catch (const Error&) {  // asked again, and refused in the end
      }
    }
    throw Error(ErrorCode::bad_input, "answers without the schema that it was given: " + last.substr(0, 80),
                target->base);
  };
  return out;
}

}  // namespace ballast::apps
