// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/chat.h"

#include <algorithm>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/lm/chat/qwen3.h"
#include "ballast/lm/checkpoint/gguf.h"
#include "ballast/lm/gguf_model.h"
#include "ballast/lm/lora.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
namespace fs = std::filesystem;

constexpr const char* kQwenSystem = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";

struct Message {
  std::string role, content;
};

std::string turn(const std::string& role, const std::string& content) {
  return "<|im_start|>" + role + "\n" + content + "<|im_end|>\n";
}

std::string chatml(const std::vector<Message>& messages, bool qwen, bool open) {
  std::string text;
  if (qwen && (messages.empty() || messages.front().role != "system")) text += turn("system", kQwenSystem);
  for (const Message& m : messages) text += turn(m.role, m.content);
  return open ? text + "<|im_start|>assistant\n" : text;
}

std::string trimmed(const std::string& s) {
  const auto first = s.find_first_not_of(" \t\r\n\v\f");
  if (first == std::string::npos) return {};
  return s.substr(first, s.find_last_not_of(" \t\r\n\v\f") + 1 - first);
}

std::string llama3(std::vector<Message> messages, const std::string& bos, bool dates, bool open) {
  if (dates) {
    std::string system;
    if (!messages.empty() && messages.front().role == "system") {
      system = trimmed(messages.front().content);
      messages.erase(messages.begin());
    }
    // The template's own dates: today's would make answers change with the day.
    messages.insert(messages.begin(),
                    {"system", "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n" + system});
  }
  std::string text = bos;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const bool dated = dates && i == 0;  // its blank lines belong to the template
    text += "<|start_header_id|>" + messages[i].role + "<|end_header_id|>\n\n" +
            (dated ? messages[i].content : trimmed(messages[i].content)) + "<|eot_id|>";
  }
  return open ? text + "<|start_header_id|>assistant<|end_header_id|>\n\n" : text;
}

/// The system text goes before the first question; questions and answers take turns.
std::string mistral(const std::vector<Message>& messages, const std::string& bos, const std::string& eos) {
  std::string text = bos, system;
  std::size_t first = 0;
  if (!messages.empty() && messages.front().role == "system") {
    system = messages.front().content + "\n\n";
    first = 1;
  }
  for (std::size_t i = first; i < messages.size(); ++i) {
    const bool asks = (i - first) % 2 == 0;
    if (messages[i].role != (asks ? "user" : "assistant")) {
      throw Error(ErrorCode::bad_input, "Mistral's conversations take turns, this is from " + messages[i].role,
                  "messages[" + std::to_string(i) + "]", std::string("expected ") + (asks ? "user" : "assistant"));
    }
    text += asks ? " [INST] " + (i == first ? system : "") + messages[i].content + " [/INST]"
                 : " " + messages[i].content + eos;
  }
  return text;
}

std::vector<Message> read_messages(const Json& json) {
  if (!json.is_array() || json.empty()) {
    throw Error(ErrorCode::bad_input, "is no list of messages", "messages",
                R"(expected [{"role": "user", "content": "…"}])");
  }
  std::vector<Message> messages;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string where = "messages[" + std::to_string(i) + "]";
    Message m{base::json_field<std::string>(json[i], "role", where),
              base::json_field<std::string>(json[i], "content", where, "")};
    static const std::vector<std::string> kRoles = {"system", "user", "assistant", "tool"};
    if (std::find(kRoles.begin(), kRoles.end(), m.role) == kRoles.end()) {
      throw Error(ErrorCode::bad_input, "role \"" + m.role + "\" is not known", where,
                  "expected system, user, assistant or tool");
    }
    if (m.role == "system" && i > 0 && json[0].value("role", "") == "system") {
      throw Error(ErrorCode::bad_input, "is a second system message", where);
    }
    messages.push_back(std::move(m));
  }
  return messages;
}

ChatFamily chat_family_of(const std::string& text, const std::string& where) {
  const auto holds = [&](const char* part) { return text.find(part) != std::string::npos; };
  if (holds("<|im_start|>")) {
    if (holds("reasoning_content") || holds("enable_thinking")) return ChatFamily::qwen3;
    return holds("created by Alibaba Cloud") ? ChatFamily::qwen2 : ChatFamily::chatml;
  }
  if (holds("<|start_header_id|>")) {
    return holds("Cutting Knowledge Date") ? ChatFamily::llama31 : ChatFamily::llama3;
  }
  if (holds("[INST]")) return ChatFamily::mistral;
  throw Error(ErrorCode::unsupported, "the chat template is of no known family", where,
              "known: ChatML, Qwen, Llama 3, Mistral");
}

/// A special token of tokenizer_config.json: a string, or an object with its content.
std::string special_token(const Json& config, const char* key) {
  if (!config.is_object() || !config.contains(key)) return {};
  const Json& token = config.at(key);
  if (token.is_string()) return token.get<std::string>();
  return token.is_object() && token.contains("content") && token.at("content").is_string()
             ? token.at("content").get<std::string>()
             : "";
}

ChatTemplate load_from_gguf(const fs::path& path) {
  const GgufFile file(path);
  const Json& m = file.metadata();
  const auto text = base::json_field<std::string>(m, "tokenizer.chat_template", path.string(), "");
  if (text.empty()) {
    throw Error(ErrorCode::not_found, "has no chat template", path.string(),
                "expected tokenizer.chat_template in its metadata: is it a chat model?");
  }
  const std::string list = "tokenizer.ggml.tokens";
  const auto tokens = file.has_list(list) ? file.texts(list) : std::vector<std::string_view>();
  const auto role = [&](const char* key) -> std::string {
    const auto id = base::json_field<std::int64_t>(m, key, path.string(), -1);
    const bool known = id >= 0 && id < static_cast<std::int64_t>(tokens.size());
    return known ? std::string(tokens[static_cast<std::size_t>(id)]) : "";
  };
  return ChatTemplate(chat_family_of(text, path.string()), role("tokenizer.ggml.bos_token_id"),
                      role("tokenizer.ggml.eos_token_id"));
}

}  // namespace

const char* chat_family_name(ChatFamily family) {
  switch (family) {
    case ChatFamily::chatml:
      return "chatml";
    case ChatFamily::qwen2:
      return "qwen2";
    case ChatFamily::qwen3:
      return "qwen3";
    case ChatFamily::llama3:
      return "llama3";
    case ChatFamily::llama31:
      return "llama3.1";
    case ChatFamily::mistral:
      return "mistral";
  }
  return "";
}

ChatTemplate ChatTemplate::load(const fs::path& folder) {
  if (is_lora_folder(folder)) return load(lora_base(folder));
  if (is_gguf(folder)) return load_from_gguf(folder);
  const fs::path file = folder / "tokenizer_config.json", own = folder / "chat_template.jinja";
  const Json config = fs::exists(file) ? base::read_json(file) : Json::object();
  std::string text = fs::exists(own) ? base::read_file(own) : "";
  if (text.empty()) text = base::json_field<std::string>(config, "chat_template", file.string(), "");
  if (text.empty()) {
    throw Error(ErrorCode::not_found, "has no chat template", folder.string(),
                "expected chat_template in tokenizer_config.json: is it a chat model?");
  }
  return ChatTemplate(chat_family_of(text, folder.string()), special_token(config, "bos_token"),
                      special_token(config, "eos_token"));
}

std::string ChatTemplate::render(const Json& messages, const ChatOptions& options) const {
  if (family_ == ChatFamily::qwen3) {
    read_messages(messages);  // the same checks
    return render_qwen3(messages, options);
  }
  if (!options.tools.is_null() && !options.tools.empty()) {
    throw Error(ErrorCode::unsupported, std::string("tools are not written for ") + chat_family_name(family_),
                "--tools", "known for Qwen 3");
  }
  const std::vector<Message> all = read_messages(messages);
  switch (family_) {
    case ChatFamily::llama3:
    case ChatFamily::llama31:
      return llama3(all, bos_, family_ == ChatFamily::llama31, options.add_generation_prompt);
    case ChatFamily::mistral:
      return mistral(all, bos_, eos_);
    default:
      return chatml(all, family_ == ChatFamily::qwen2, options.add_generation_prompt);
  }
}

}  // namespace ballast::lm
