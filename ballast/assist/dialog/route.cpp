// SPDX-License-Identifier: Apache-2.0
// Where a question goes. Rules, not a model: that a customer's own money and advice go to a person is a promise, and a
// promise must be readable. How well they do is measured (docs/assist.md).
#include <unicode/regex.h>
#include <unicode/unistr.h>

#include <memory>

#include "ballast/assist/dialog/parts.h"
#include "ballast/base/error.h"

namespace ballast::assist {
namespace {

class Rule {
 public:
  explicit Rule(const char* expression) {
    UErrorCode status = U_ZERO_ERROR;
    UParseError place;
    pattern_.reset(
        icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(expression), UREGEX_CASE_INSENSITIVE, place, status));
    if (U_FAILURE(status)) base::check_failed("a pattern compiles", __FILE__, __LINE__, expression);
  }
  bool holds(const icu::UnicodeString& text) const {
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<icu::RegexMatcher> matcher(pattern_->matcher(text, status));
    return U_SUCCESS(status) && matcher->find(status) && U_SUCCESS(status);
  }

 private:
  std::unique_ptr<icu::RegexPattern> pattern_;
};

bool wants_person(const icu::UnicodeString& q) {
  static const Rule kEn(
      R"(\b(?:speak|talk|chat|connect|transfer|put)\b.{0,20}\b(?:human|person|agent|someone|somebody|advis[eo]r|representative|manager|employee|colleague|operator)\b|\breal (?:person|human)\b|\bhuman (?:please|agent)\b)");
  static const Rule kZh(R"(转人工|人工客服|人工服务|找人工|真人|(?:叫|找|换|让).{0,3}(?:客服|经理|人)(?:来|跟|和|接))");
  return kEn.holds(q) || kZh.holds(q);
}

bool wants_advice(const icu::UnicodeString& q) {
  static const Rule kEn(
      R"(\bshould i\b.{0,40}\b(?:buy|sell|invest|fix|choose|take|put|switch|hold|refinance|wait)\b|\bwhich\b.{0,40}\b(?:best|better|right)\b.{0,12}\bfor me\b|\b(?:recommend|suggest)\b|\b(?:good|right|bad) time to (?:buy|sell|invest)|\b(?:is|would) it (?:be )?(?:wise|worth|smart)\b|\bbetter\b.{0,20}\bin my (?:situation|case)\b|\bwhat would you do\b|\b(?:best|good) (?:investment|stock|fund|share)s?\b)");
  static const Rule kZh(
      R"(该不该|应不应该|要不要(?:买|卖|投)|值不值得|值得(?:买|投)|推荐|适合(?:买|投资|我)|现在.{0,4}(?:能买|可以买)|买哪|选哪.{0,6}好|哪.{0,6}(?:更|最)(?:好|划算|合适)|怎么投资|建议我)");
  return kEn.holds(q) || kZh.holds(q);
}

bool is_own_account(const icu::UnicodeString& q) {
  // How something is done in general is in the knowledge base, even where it says "my".
  static const Rule kGeneralEn(
      R"(^\W*(?:how (?:do|can|could|would|should|long|much (?:does|is|are|would|to))\b|can (?:i|you|we|my|someone|two|a)\b|could (?:i|someone)\b|may i\b|what (?:happens|should|do|does|are|paperwork|documents?)\b|which documents?\b|where (?:do|can|should) i\b|when (?:do|does|will a)\b|is (?:there|my money|the|it)\b|are (?:there|branches)\b|do you\b|does\b|will you\b|am i\b|tell me your\b)|\b(?:what should i do|how (?:do|can|to)\b.{0,30}\?|can (?:i|someone)\b.{0,40}\?|where do i\b))");
  static const Rule kStrongEn(
      R"(\b(?:my|the) (?:current |available )?balance\b|\bhow much (?:money )?(?:do|did) i (?:have|owe|spend)\b|\bstatus of my\b|\b(?:charge|charged|deducted?|debited?) (?:from )?me\b|\b(?:do not|don['’]t|did not|didn['’]t) (?:recogni[sz]e|make|authori[sz]e)\b.{0,40}\b(?:account|card|check)\b)");
  static const Rule kEn(
      R"(^\W*why\b.{0,10}\b(?:was|were|is|are|did|has|have|does)\b.{0,40}\b(?:my|me|i)\b|\b(?:has|have|did|is|was|when will|where is|where['’]s|where was)\b.{0,30}\b(?:my|i was expecting|i sent|i made)\b.{0,60}|^\W*(?:please |kindly |can you please |could you please |can you |could you )?(?:cancel|close|block|stop|change|transfer|send|increase|raise|lower|unblock|check|find out|look up|update|delete|refund|pay)\b.{0,40}\bmy\b|\bmy\b.{0,40}\b(?:was|were|got|has been)\b.{0,20}\b(?:declined|rejected|charged|returned|debited|refused)\b.{0,40}\b(?:today|yesterday|this|last|twice|find|check|why)\b|\bfind out why\b|\bplease check\b|\bright now\b)");
  static const Rule kGeneralZh(
      R"(怎么(?:办|修改|改|设置|开|销|注销|取消|查|退|样|登录|提交|预约|补|让|把|退订|算)|如何|怎样|在哪里|哪里(?:改|查|可以|看)|能不能|可不可以|可以.{0,20}(?:吗|么)|能.{0,14}吗|有什么办法|要多久|多久)");
  static const Rule kStrongZh(
      R"(我的?余额|我(?:卡|账户?|账上|户头)里?(?:上|还)?.{0,4}(?:有多少|多少钱|还剩)|不是我(?:花|刷|操作|本人|消费|做)|到哪一步|审批?到哪|进度|扣了?我|帮我查)");
  static const Rule kZh(
      R"((?:我的?|我昨天|我今天|我上).{0,16}(?:为什么|为何|怎么(?:还|没|又)).{0,12}|为什么.{0,8}我.{0,16}|我.{0,16}(?:到账?了?(?:吗|没有|没)|被(?:拒|退)了?)|(?:今天|昨天|上周|上星期|刚才).{0,16}(?:查|为什么|被拒|扣)|(?:请|马上|立即|麻烦)?帮我(?:取消|注销|销户|转|冻结|解冻|关闭|改|停|还|退|挂失)|(?:上周|该到|应该到).{0,12}(?:钱|款).{0,4}(?:在哪|呢))");
  if (kStrongEn.holds(q) || kStrongZh.holds(q)) return true;
  if (kEn.holds(q) && !kGeneralEn.holds(q)) return true;
  return kZh.holds(q) && !kGeneralZh.holds(q);
}

bool is_greeting(const icu::UnicodeString& q) {
  static const Rule kOnly(
      R"(^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|thanks?(?: you)?(?: very much| so much| a lot)?|ok(?:ay)?|bye|goodbye|great|perfect|你好|您好|嗨|早上好|下午好|晚上好|谢谢|多谢|感谢|好的|再见|明白了?)(?: there| again|你|您|了|啊|呀)?\W*$)");
  return kOnly.holds(q);
}

}  // namespace

Route route_of(std::string_view question) {
  const auto q = icu::UnicodeString::fromUTF8({question.data(), static_cast<std::int32_t>(question.size())});
  if (reads_like_an_instruction(question)) return Route::steering;
  if (is_greeting(q)) return Route::greeting;
  if (wants_person(q)) return Route::person;
  if (wants_advice(q)) return Route::advice;
  return is_own_account(q) ? Route::account : Route::knowledge;
}

}  // namespace ballast::assist
