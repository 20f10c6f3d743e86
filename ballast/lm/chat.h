// SPDX-License-Identifier: Apache-2.0
// Conversations as the text that a chat model was trained on. A model says how by the template in its
// tokenizer_config.json (or chat_template.jinja); Ballast knows the families in use by what their templates hold and
// writes the same text, without running a template language.
#pragma once

#include <filesystem>
#include <string>

#include "ballast/base/json.h"

namespace ballast::lm {

enum class ChatFamily {
  chatml,   // <|im_start|>role … <|im_end|>
  qwen2,    // ChatML with Qwen 2.5's system text where none is given
  qwen3,    // ChatML with thinking and tools
  llama3,   // <|start_header_id|>role<|end_header_id|> … <|eot_id|>
  llama31,  // the same with the dates of Llama 3.1 in the system text
  mistral   // [INST] … [/INST]
};
const char* chat_family_name(ChatFamily family);

struct ChatOptions {
  bool add_generation_prompt = true;  // end where the assistant begins
  bool thinking = true;               // Qwen 3: false writes an empty thought
  base::Json tools;                   // Qwen 3: functions that may be called (a list); null: none
};

class ChatTemplate {
 public:
  explicit ChatTemplate(ChatFamily family, std::string bos = "", std::string eos = "")
      : family_(family), bos_(std::move(bos)), eos_(std::move(eos)) {}

  /// From a model folder. Throws not_found where it has no template, unsupported where the template is of no known
  /// family.
  static ChatTemplate load(const std::filesystem::path& folder);

  ChatFamily family() const { return family_; }
  /// `messages`: a list of {"role": "system" | "user" | "assistant" | "tool", "content": text}, for Qwen 3 also
  /// "reasoning_content" and "tool_calls". Throws bad_input naming the message.
  std::string render(const base::Json& messages, const ChatOptions& options = {}) const;

 private:
  ChatFamily family_;
  std::string bos_, eos_;
};

}  // namespace ballast::lm
