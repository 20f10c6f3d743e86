// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/train/conversations.h"

#include <algorithm>
#include <array>

#include "ballast/base/error.h"
#include "ballast/engine/loss.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

/// Bytes of the rendered text that the assistant wrote.
std::vector<std::array<std::size_t, 2>> answers_in(const std::string& text, const ChatTemplate& form,
                                                   const Json& messages) {
  std::vector<std::array<std::size_t, 2>> spans;
  Json so_far = Json::array();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const bool answer = messages[i].value("role", "") == "assistant";
    std::string before;
    if (answer && !so_far.empty()) before = form.render(so_far);
    so_far.push_back(messages[i]);
    if (!answer) continue;
    ChatOptions closed;
    closed.add_generation_prompt = false;
    const std::string after = form.render(so_far, closed);
    if (before.empty() || !text.starts_with(before) || !text.starts_with(after) || after.size() <= before.size()) {
      throw Error(ErrorCode::bad_input, "an answer does not stand in the text as it was asked for",
                  "messages[" + std::to_string(i) + "]",
                  before.empty() ? "a question before it" : "one row for each answer of such a conversation");
    }
    spans.push_back({before.size(), after.size()});
  }
  if (spans.empty()) throw Error(ErrorCode::bad_input, "has no message of the assistant", "messages");
  return spans;
}

}  // namespace

std::optional<Example> tokenize_conversation(const text::Tokenizer& tokenizer, const ChatTemplate& form,
                                             const Json& messages, std::int64_t max_length, TokenizeReport& report) {
  ChatOptions closed;
  closed.add_generation_prompt = false;
  const std::string text = form.render(messages, closed);
  const auto spans = answers_in(text, form, messages);
  const text::Encoding encoding = tokenizer.encode(text, {.add_special = false});
  const std::size_t kept = std::min(encoding.ids.size(), static_cast<std::size_t>(max_length));
  ++report.texts;
  report.truncated_texts += kept < encoding.ids.size();
  report.truncated_tokens += static_cast<std::int64_t>(encoding.ids.size() - kept);
  Example e;
  e.ids.assign(encoding.ids.begin(), encoding.ids.begin() + static_cast<std::ptrdiff_t>(kept));
  e.token_labels.assign(kept, engine::kIgnore);
  bool any = false;
  for (std::size_t t = 0; t + 1 < kept; ++t) {
    const std::size_t at = encoding.offsets[t + 1][0];
    const bool answer = std::any_of(spans.begin(), spans.end(), [&](const auto& s) { return s[0] <= at && at < s[1]; });
    if (!answer) continue;
    e.token_labels[t] = e.ids[t + 1];
    any = true;
  }
  if (!any) return std::nullopt;
  report.tokens += static_cast<std::int64_t>(kept);
  return e;
}

}  // namespace ballast::lm
