// SPDX-License-Identifier: Apache-2.0
// What the assistant says in its own words, English and Chinese.
#include <fmt/format.h>

#include "ballast/assist/dialog/parts.h"

namespace ballast::assist {

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::answered:
      return "answered";
    case Outcome::unknown:
      return "unknown";
    case Outcome::handed_over:
      return "handed_over";
    case Outcome::refused:
      return "refused";
    case Outcome::greeting:
      return "greeting";
  }
  return "unknown";
}

std::string reply(Outcome outcome, const std::string& reason, const std::string& language) {
  const bool zh = language == "zh";
  switch (outcome) {
    case Outcome::answered:
      return "";
    case Outcome::unknown:
      return zh ? "我不知道：知识库里没有这方面的内容。如果需要，我可以转给同事处理。"
                : "I don't know: the knowledge base does not say. I can pass the question on to a colleague.";
    case Outcome::refused:
      return zh ? "我只根据本行的知识库回答问题，不接受其他指令。"
                : "I answer questions from the bank's knowledge base and take no other instructions.";
    case Outcome::greeting:
      return zh ? "您好，请问有什么可以帮您？" : "Hello, what can I help you with?";
    case Outcome::handed_over:
      break;
  }
  if (reason == "advice") {
    return zh ? "这需要个人建议，不由自动助手提供。我已把问题连同摘要转给客户经理。"
              : "That is a matter of personal advice, which an assistant does not give. I have passed it on to an "
                "adviser with a summary.";
  }
  if (reason == "asked") {
    return zh ? "好的，我已把对话摘要转给同事。" : "Certainly. I have passed a summary on to a colleague.";
  }
  return zh ? "这涉及您本人的账户，需要由同事核实身份后处理。我已把摘要转给同事。"
            : "That concerns your own account, which a colleague looks at after checking who you are. I have passed a "
              "summary on.";
}

std::string in_general(const std::string& language) {
  return language == "zh" ? "一般规定：" : "In general: ";
}

std::string did_you_mean(const std::vector<std::string>& suggestions, const std::string& language) {
  if (suggestions.empty()) return {};
  return fmt::format("{}{}{}", language == "zh" ? "\n相近的内容：" : "\nNearest to it: ",
                     fmt::join(suggestions, language == "zh" ? "；" : "; "), language == "zh" ? "。" : ".");
}

std::string summary_of(const Asked& asked, const Answer& answer, const std::string& reason) {
  const bool zh = answer.language == "zh";
  const std::string why = reason == "advice"  ? (zh ? "请求建议" : "asks for advice")
                          : reason == "asked" ? (zh ? "要求人工服务" : "wishes to speak to a person")
                                              : (zh ? "涉及本人账户" : "asks about their own account");
  std::string out = zh ? fmt::format("客户{}。问题：{}", why, asked.question)
                       : fmt::format("Customer {}. Question: {}", why, asked.question);
  if (!asked.previous.empty())
    out += zh ? fmt::format(" 之前的问题：{}", asked.previous) : fmt::format(" Before that: {}", asked.previous);
  if (answer.intent) {
    out += zh ? fmt::format(" 意图：{}（{:.2f}）", answer.intent->label, answer.intent->probability)
              : fmt::format(" Intent: {} ({:.2f}).", answer.intent->label, answer.intent->probability);
  }
  if (!answer.citations.empty()) {
    const Citation& c = answer.citations.front();
    out += zh ? fmt::format(" 已告知的规定：{}（{}#{}）", c.heading, c.source, c.anchor)
              : fmt::format(" Told in general: {} ({}#{}).", c.heading, c.source, c.anchor);
  }
  return out;
}

}  // namespace ballast::assist
