// SPDX-License-Identifier: Apache-2.0
// Risk signals from a chat model that was never taught them: it is asked for them under a schema that its answer cannot
// break, with quotes that can only be parts of the text. What it says of probability and severity is its own opinion,
// calibrated on nothing: the interval is [0, 1].
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "ballast/base/json.h"
#include "ballast/risk/scan.h"

namespace ballast::risk {

/// A chat model as a function: a conversation and the schema of its answer in, the answer's text out.
struct ChatModel {
  std::string identity;  // name and content hash
  std::function<std::string(const base::Json& messages, const base::Json& schema)> ask;
  /// Whether the conversation and an answer fit into the model; longer texts are cut into windows.
  std::function<bool(const base::Json& messages)> fits;
};

/// A language model's folder or .gguf file, asked in its chat template, or in plain words where it has none. Greedy, so
/// that the same text gives the same answer.
ChatModel open_chat_model(const std::filesystem::path& model);

/// Throws bad_input where an answer is no value of the schema, which only a model elsewhere can do.
Scorer make_chat_scorer(ChatModel model);

/// A classifier's folder, or a language model, which is asked. Throws what opening throws.
Scorer open_scorer(const std::filesystem::path& model);

/// The schema of an answer about this text.
base::Json signal_schema(std::string_view text);

}  // namespace ballast::risk
