// SPDX-License-Identifier: Apache-2.0
// Instruction tuning: conversations as the model's chat template writes them, of which the model learns its own answers
// alone.
#pragma once

#include <cstdint>
#include <optional>

#include "ballast/base/json.h"
#include "ballast/lm/chat.h"
#include "ballast/lm/train/examples.h"

namespace ballast::lm {

/// One conversation, [{"role", "content"}], as one sequence: every token of the assistant's answers, with what ends
/// them, is predicted, and nothing else. Longer than `max_length`: cut at the end, counted in the report; nothing where
/// no token of an answer is left. Throws bad_input for messages that cannot be, for a conversation without an answer,
/// and where the template rewrites earlier turns (Qwen 3 drops their thoughts), so that one text cannot hold them all.
std::optional<Example> tokenize_conversation(const text::Tokenizer& tokenizer, const ChatTemplate& form,
                                             const base::Json& messages, std::int64_t max_length,
                                             TokenizeReport& report);

}  // namespace ballast::lm
