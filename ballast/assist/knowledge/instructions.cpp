// SPDX-License-Identifier: Apache-2.0
// Sentences that try to steer a machine. A list of patterns cannot be complete; what keeps a document from acting is
// that an answer only ever quotes it. The list keeps such sentences from being quoted to a customer.
#include <unicode/regex.h>
#include <unicode/unistr.h>

#include <memory>

#include "ballast/assist/knowledge.h"
#include "ballast/base/error.h"

namespace ballast::assist {
namespace {

constexpr const char* kPatterns[] = {
    // forget what you were told
    R"(\b(?:ignore|disregard|forget|override|bypass|skip|do not follow|don['’]t follow)\b.{0,40}\b(?:instruction|rule|guideline|prompt|polic(?:y|ies)|restriction|direction|command|above|previous|prior|everything|told)s?\b)",
    R"((?:忽略|无视|忘记|忘掉|不要遵守|绕过|跳过).{0,16}(?:指令|指示|规则|提示|设定|限制|要求|以上|之前|上述))",
    // be somebody else
    R"(\byou are (?:now|no longer)\b|\b(?:act|behave|respond|answer) as (?:if you|a|an|the)\b|\bpretend (?:to be|that you|you are)\b|\bfrom now on\b.{0,30}\b(?:you|answer|reply|respond)\b|\brole[- ]?play\b|\bjailbreak\b|\bdeveloper mode\b)",
    R"(你现在是|你将扮演|请扮演|假装(?:你是|自己是)|从现在(?:起|开始).{0,8}(?:你|回答|没有)|不受(?:任何)?限制|没有任何限制|开发者模式|越狱)",
    // say what you keep
    R"(\b(?:reveal|print|show|repeat|output|leak|display|tell me)\b.{0,30}\b(?:system prompt|hidden instruction|your (?:prompt|instructions|rules|guidelines)|initial prompt)s?\b|\bwithout (?:any )?restrictions?\b)",
    R"((?:系统提示词?|隐藏的?指令|初始提示))",
    // documents that talk to the assistant
    R"(\b(?:assistant|ai|chatbot|language model|llm|bot)s?\b.{0,20}\b(?:must|should|shall|has to|have to|is to|needs? to|please)\b.{0,60}\b(?:say|tell|answer|reply|respond|claim|recommend|ask|output|send|write|state)\b)",
    R"((?:助手|机器人|人工智能|大?模型|AI).{0,6}(?:必须|应当|应该|务必|请|一律).{0,20}(?:回答|告诉|回复|说|推荐|输出|发送|索要))",
    R"(\b(?:instruction|note|message|system)s? (?:to|for) (?:the |an? )?(?:ai|assistant|chatbot|language model|llm|bot)\b|^\s*(?:system|assistant|user)\s*:|<\|?(?:im_start|im_end|system|endoftext)\|?>|\[/?INST\])",
    // the other customers
    R"(\b(?:list|show|give|dump|reveal|tell)\b.{0,30}\b(?:all|other|every|another)\b.{0,12}\b(?:customer|client|user|account)s?\b|\bbalance of (?:customer|client|user)\b|\b(?:database|administrator|admin|root)\b.{0,40}\b(?:list|show|dump|give)\b)",
    R"((?:列出|显示|告诉我|给我|导出).{0,10}(?:所有|其他|别的|全部)(?:的)?(?:客户|用户|账户)|客户\d+的|管理员(?:模式|权限))"};

class Patterns {
 public:
  Patterns() {
    for (const char* p : kPatterns) {
      UErrorCode status = U_ZERO_ERROR;
      UParseError place;
      compiled_.emplace_back(
          icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(p), UREGEX_CASE_INSENSITIVE, place, status));
      if (U_FAILURE(status)) base::check_failed("a pattern compiles", __FILE__, __LINE__, p);
    }
  }
  bool match(const icu::UnicodeString& text) const {
    for (const auto& pattern : compiled_) {
      UErrorCode status = U_ZERO_ERROR;
      const std::unique_ptr<icu::RegexMatcher> matcher(pattern->matcher(text, status));
      if (U_SUCCESS(status) && matcher->find(status) && U_SUCCESS(status)) return true;
    }
    return false;
  }

 private:
  std::vector<std::unique_ptr<icu::RegexPattern>> compiled_;
};

}  // namespace

bool reads_like_an_instruction(std::string_view sentence) {
  static const Patterns kAll;
  constexpr std::size_t kLongest = 4000;  // bytes; nobody hides an instruction behind more
  const auto part = sentence.substr(0, kLongest);
  return kAll.match(icu::UnicodeString::fromUTF8({part.data(), static_cast<std::int32_t>(part.size())}));
}

}  // namespace ballast::assist
