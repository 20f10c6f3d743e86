// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/chat/qwen3.h"

#include <algorithm>

namespace ballast::lm {
namespace {

using base::Json;

constexpr std::string_view kThinks = "<think>", kThought = "</think>";

std::string field(const Json& message, const char* key) {
  return message.contains(key) && message.at(key).is_string() ? message.at(key).get<std::string>() : "";
}

std::string without_front(std::string s) {
  return s.erase(0, std::min(s.find_first_not_of('\n'), s.size()));
}
std::string without_back(std::string s) {
  return s.erase(s.find_last_not_of('\n') + 1);
}

std::string tools_text(const Json& tools) {
  std::string text =
      "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
      "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";
  for (const Json& tool : tools) text += "\n" + python_json(tool);
  return text +
         "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
         "<tool_call></tool_call> XML tags:\n<tool_call>\n{\"name\": <function-name>, \"arguments\": "
         "<args-json-object>}\n</tool_call><|im_end|>\n";
}

std::string opening(const Json& messages, const ChatOptions& options) {
  const bool system = messages[0].at("role") == "system";
  if (!options.tools.is_null() && !options.tools.empty()) {
    return "<|im_start|>system\n" + (system ? field(messages[0], "content") + "\n\n" : "") + tools_text(options.tools);
  }
  return system ? "<|im_start|>system\n" + field(messages[0], "content") + "<|im_end|>\n" : "";
}

/// The last question that is no tool's answer: thoughts before it are dropped.
std::size_t last_question(const Json& messages) {
  for (std::size_t i = messages.size(); i-- > 0;) {
    const std::string content = field(messages[i], "content");
    if (messages[i].at("role") == "user" &&
        !(content.starts_with("<tool_response>") && content.ends_with("</tool_response>"))) {
      return i;
    }
  }
  return messages.size() - 1;
}

std::string tool_calls(const Json& message, bool behind_text) {
  std::string text;
  if (!message.contains("tool_calls") || !message.at("tool_calls").is_array()) return text;
  for (const Json& one : message.at("tool_calls")) {
    const Json& call = one.contains("function") ? one.at("function") : one;
    if (behind_text || !text.empty()) text += "\n";
    const Json arguments = call.value("arguments", Json());
    text += "<tool_call>\n{\"name\": \"" + field(call, "name") +
            "\", \"arguments\": " + (arguments.is_string() ? arguments.get<std::string>() : python_json(arguments)) +
            "}\n</tool_call>";
  }
  return text;
}

std::string answer_turn(const Json& message, bool recent, bool last) {
  std::string content = field(message, "content"), thought = field(message, "reasoning_content");
  const bool given = message.contains("reasoning_content") && message.at("reasoning_content").is_string();
  if (const std::size_t end = content.find(kThought); !given && end != std::string::npos) {
    thought = without_back(content.substr(0, end));
    if (const std::size_t begin = thought.rfind(kThinks); begin != std::string::npos) {
      thought = thought.substr(begin + kThinks.size());
    }
    thought = without_front(thought);
    content = without_front(content.substr(content.rfind(kThought) + kThought.size()));
  }
  std::string text = "<|im_start|>assistant\n";
  if (recent && (last || !thought.empty())) {
    text += "<think>\n" + without_back(without_front(thought)) + "\n</think>\n\n" + without_front(content);
  } else {
    text += content;
  }
  return text + tool_calls(message, !content.empty()) + "<|im_end|>\n";
}

}  // namespace

std::string python_json(const Json& json) {
  if (json.is_object()) {
    std::string text = "{";
    for (const auto& [key, value] : json.items()) {
      if (text.size() > 1) text += ", ";
      text += Json(key).dump() + ": " + python_json(value);
    }
    return text + "}";
  }
  if (json.is_array()) {
    std::string text = "[";
    for (const Json& value : json) text += (text.size() > 1 ? ", " : "") + python_json(value);
    return text + "]";
  }
  return base::dump_json(json);
}

std::string render_qwen3(const Json& messages, const ChatOptions& options) {
  std::string text = opening(messages, options);
  const std::size_t question = last_question(messages);
  const auto is_tool = [&](std::size_t i) { return i < messages.size() && messages[i].at("role") == "tool"; };
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Json& m = messages[i];
    const auto role = m.at("role").get<std::string>();
    if (role == "user" || (role == "system" && i > 0)) {
      text += "<|im_start|>" + role + "\n" + field(m, "content") + "<|im_end|>\n";
    } else if (role == "assistant") {
      text += answer_turn(m, i > question, i + 1 == messages.size());
    } else if (role == "tool") {
      if (i == 0 || !is_tool(i - 1)) text += "<|im_start|>user";
      text += "\n<tool_response>\n" + field(m, "content") + "\n</tool_response>";
      if (!is_tool(i + 1)) text += "<|im_end|>\n";
    }
  }
  if (!options.add_generation_prompt) return text;
  return text + "<|im_start|>assistant\n" + (options.thinking ? "" : "<think>\n\n</think>\n\n");
}

}  // namespace ballast::lm
