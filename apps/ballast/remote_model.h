// SPDX-License-Identifier: Apache-2.0
// A chat model on another machine in place of a model folder: `--model https://host/v1#name --allow-remote`. Personal
// data is masked before anything is sent and put back into what comes.
#pragma once

#include <cstdint>
#include <string>

#include "ballast/base/json.h"
#include "ballast/risk/chat_scorer.h"

namespace ballast::apps {

/// Whether a --model names another machine.
bool is_remote_model(const std::string& model);

struct RemoteAsk {
  std::int64_t max_tokens = 256;
  double temperature = 0, top_p = 1;
  std::uint64_t seed = 42;
};

/// One answer in a conversation, [{"role", "content"}]. Throws usage unless `allowed`.
base::Json ask_remote(const std::string& model, bool allowed, const base::Json& messages, const RemoteAsk& ask);

/// For risk::make_chat_scorer. Throws usage unless `allowed`.
risk::ChatModel remote_chat_model(const std::string& model, bool allowed);

}  // namespace ballast::apps
