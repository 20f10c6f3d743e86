// SPDX-License-Identifier: Apache-2.0
// A chat model on another machine, by the protocol of OpenAI's /chat/completions: for those who run one inside their
// own network. What is said leaves this machine, so nobody gets here by accident (`allowed`), and the caller masks
// personal data first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ballast/base/json.h"

namespace ballast::remote {

struct ChatTarget {
  std::string base;   // https://host/v1, without a slash at the end
  std::string model;  // the name there; empty: the server's own choice
};

/// "https://host/v1#name". None where the text is no http(s) address. Throws usage for one that cannot be.
std::optional<ChatTarget> parse_chat_target(const std::string& text);

struct ChatOptions {
  bool allowed = false;  // by the user, in so many words
  std::string token;     // bearer token
  std::int64_t max_tokens = 256;
  double temperature = 0, top_p = 1;
  std::uint64_t seed = 42;
  base::Json schema;  // of the answer; null: free text
  int attempts = 4;
  double first_pause = 0.5;    // seconds before the first repetition; doubles
  double total_seconds = 120;  // for one attempt
};

struct ChatAnswer {
  std::string text, finish_reason, model;
  std::int64_t prompt_tokens = 0, completion_tokens = 0;  // as the server counts; 0: it does not say
};

/// Throws usage where it is not allowed or the token would travel in clear, network where no answer comes after all
/// attempts, bad_input for an answer that is none.
ChatAnswer ask_chat(const ChatTarget& target, const base::Json& messages, const ChatOptions& options);

}  // namespace ballast::remote
