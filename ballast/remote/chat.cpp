// SPDX-License-Identifier: Apache-2.0
#include "ballast/remote/chat.h"

#include "ballast/base/error.h"
#include "ballast/remote/http/transfer.h"

namespace ballast::remote {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::size_t kLargestAnswer = std::size_t{16} << 20;

Json request_of(const ChatTarget& target, const Json& messages, const ChatOptions& o) {
  Json body = {{"messages", messages},
               {"max_tokens", o.max_tokens},
               {"temperature", o.temperature},
               {"top_p", o.top_p},
               {"seed", o.seed}};
  if (!target.model.empty()) body["model"] = target.model;
  if (!o.schema.is_null()) {
    body["response_format"] = {{"type", "json_schema"},
                               {"json_schema", {{"name", "answer"}, {"strict", true}, {"schema", o.schema}}}};
  }
  return body;
}

/// What the server says went wrong: OpenAI's {"error": {"message"}}, or a problem document's detail.
std::string reason_in(const std::string& body) {
  try {
    const Json json = base::parse_json(body, "answer");
    if (json.is_object() && json.contains("error") && json["error"].is_object()) {
      return json["error"].value("message", "");
    }
    if (json.is_object() && json.contains("detail") && json["detail"].is_string()) return json["detail"];
  } catch (const Error&) {
  }
  return "";
}

ChatAnswer read_chat_answer(const std::string& body, const std::string& where) {
  const Json json = base::parse_json(body, where);
  const auto choices = base::json_field<Json>(json, "choices", where);
  if (!choices.is_array() || choices.empty()) throw Error(ErrorCode::bad_input, "the answer has no choice", where);
  ChatAnswer out;
  out.text = base::json_field<std::string>(base::json_field<Json>(choices[0], "message", where), "content", where, "");
  out.finish_reason = base::json_field<std::string>(choices[0], "finish_reason", where, "");
  out.model = base::json_field<std::string>(json, "model", where, "");
  const Json usage = base::json_field<Json>(json, "usage", where, Json::object());
  out.prompt_tokens = base::json_field<std::int64_t>(usage, "prompt_tokens", where, 0);
  out.completion_tokens = base::json_field<std::int64_t>(usage, "completion_tokens", where, 0);
  return out;
}

}  // namespace

std::optional<ChatTarget> parse_chat_target(const std::string& text) {
  if (!text.starts_with("http://") && !text.starts_with("https://")) return std::nullopt;
  ChatTarget target;
  const std::size_t hash = text.find('#');
  target.base = text.substr(0, hash);
  if (hash != std::string::npos) target.model = text.substr(hash + 1);
  while (target.base.ends_with('/')) target.base.pop_back();
  check_address(target.base, "", "--model");
  return target;
}

ChatAnswer ask_chat(const ChatTarget& target, const Json& messages, const ChatOptions& o) {
  if (!o.allowed) {
    throw Error(ErrorCode::usage, "is on another machine, and the text would leave this one", target.base,
                "say --allow-remote if it may");
  }
  check_address(target.base, o.token, "--model");
  HttpAsk ask;
  ask.url = target.base + "/chat/completions";
  ask.method = "POST";
  ask.body = base::dump_json(request_of(target, messages, o));
  ask.token = o.token;
  ask.headers = {"Content-Type: application/json", "Accept: application/json", "Expect:"};
  ask.most = kLargestAnswer;
  ask.total_seconds = ask.idle_seconds = o.total_seconds;
  HttpAnswer answer;
  for (int attempt = 0; attempt < o.attempts; ++attempt) {
    if (attempt > 0) wait_seconds(pause_before(attempt, o.first_pause, answer));
    answer = http_ask(ask);
    if (!worth_repeating(answer)) break;
  }
  if (!answer.problem.empty()) throw Error(ErrorCode::network, "gives no answer: " + answer.problem, ask.url);
  if (answer.status < 200 || answer.status >= 300) {
    const std::string reason = reason_in(answer.body);
    throw Error(
        ErrorCode::network,
        "answers " + std::to_string(answer.status) + (reason.empty() ? "" : ": " + reason.substr(0, 300)), ask.url,
        answer.status == 401 ? "set BALLAST_REMOTE_TOKEN, or BALLAST_REMOTE_TOKEN_FILE to a file that holds it" : "");
  }
  return read_chat_answer(answer.body, ask.url);
}

}  // namespace ballast::remote
