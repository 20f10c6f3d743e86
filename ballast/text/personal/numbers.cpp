// SPDX-License-Identifier: Apache-2.0
// Personal data by its form: e-mails, numbers with check digits, phones, and numbers that the words before them name.
#include <algorithm>

#include "ballast/text/personal/checks.h"
#include "ballast/text/personal/view.h"

namespace ballast::text {
namespace {

constexpr std::uint32_t kAnyCase = UREGEX_CASE_INSENSITIVE;
constexpr std::int32_t kContext = 28;  // units looked at before a number

/// Whether `words` are said shortly before unit `begin`, in the same clause.
bool said_before(const View& view, std::int32_t begin, const Pattern& words) {
  std::int32_t from = std::max(0, begin - kContext);
  for (std::int32_t i = begin - 1; i >= from; --i) {
    const char16_t c = view.at(i);
    if (c == u'。' || c == u'，' || c == u'；' || c == u'!' || c == u'?' || c == u'\n') from = i + 1;
  }
  return words.within(view, from, begin);
}

void find_emails(const View& view, std::vector<Candidate>& found) {
  static const Pattern kEmail(
      R"((?<![A-Za-z0-9_.%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}(?: ?[(\[]at[)\]] ?|@)[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){1,4}(?![A-Za-z0-9@]))",
      kAnyCase);
  kEmail.each(view, [&](const icu::RegexMatcher& m) {
    found.push_back({PersonalKind::email, start_of(m), end_of(m)});
  });
}

void find_resident_ids(const View& view, std::vector<Candidate>& found) {
  static const Pattern kForm(R"((?<![0-9A-Za-z])\d{6}[ -]?\d{8}[ -]?\d{3}[0-9Xx](?![0-9A-Za-z]))");
  static const Pattern kFormer(R"((?<![0-9A-Za-z])\d{15}(?![0-9A-Za-z]))");
  static const Pattern kSaid(R"(身份证|证件号|居民证|resident id|identity card|national id|id (card|no|number))",
                             kAnyCase);
  // Where the text calls it one, a mistyped number is masked, too.
  kForm.each(view, [&](const icu::RegexMatcher& m) {
    if (is_resident_id(view.bare(start_of(m), end_of(m))) || said_before(view, start_of(m), kSaid))
      found.push_back({PersonalKind::id_number, start_of(m), end_of(m)});
  });
  kFormer.each(view, [&](const icu::RegexMatcher& m) {
    if (is_former_resident_id(view.bare(start_of(m), end_of(m))) && said_before(view, start_of(m), kSaid))
      found.push_back({PersonalKind::id_number, start_of(m), end_of(m)});
  });
}

void find_social_security_numbers(const View& view, std::vector<Candidate>& found) {
  static const Pattern kForm(R"((?<![0-9A-Za-z-])(?!000|666|9)\d{3}[- ](?!00)\d{2}[- ](?!0000)\d{4}(?![0-9A-Za-z-]))");
  static const Pattern kSaid(R"(\bssn\b|social security)", kAnyCase);
  kForm.each(view, [&](const icu::RegexMatcher& m) {
    if (said_before(view, start_of(m), kSaid)) found.push_back({PersonalKind::id_number, start_of(m), end_of(m)});
  });
}

void find_cards(const View& view, std::vector<Candidate>& found) {
  static const Pattern kForm(R"((?<![0-9A-Za-z.,-])\d{4}(?:[ -]?\d){9,15}(?![0-9A-Za-z]|[.,]\d))");
  static const Pattern kOther(
      R"(order|invoice|tracking|transaction|reference|\bref\b|imei|receipt|parcel|订单|流水|单号|发票|凭证|编号|运单)",
      kAnyCase);
  kForm.each(view, [&](const icu::RegexMatcher& m) {
    if (is_bank_card(view.bare(start_of(m), end_of(m))) && !said_before(view, start_of(m), kOther))
      found.push_back({PersonalKind::bank_card, start_of(m), end_of(m)});
  });
}

void find_ibans(const View& view, std::vector<Candidate>& found) {
  static const Pattern kForm(R"((?<![0-9A-Za-z])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}+)");
  kForm.each(view, [&](const icu::RegexMatcher& m) {
    // A word in capitals may follow: the longest part that passes is the number.
    for (std::int32_t end = end_of(m); end - start_of(m) >= 15; --end) {
      if (view.at(end - 1) == u' ' || !is_iban(view.bare(start_of(m), end))) continue;
      found.push_back({PersonalKind::iban, start_of(m), end});
      return;
    }
  });
}

void find_phones(const View& view, std::vector<Candidate>& found) {
  static const Pattern kForms[] = {
      // mainland mobiles
      Pattern(R"((?<![0-9A-Za-z+])(?:(?:\+|00)86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?![0-9A-Za-z]|[.]\d))"),
      // mainland landlines, with an extension
      Pattern(
          R"((?<![0-9A-Za-z+-])(?:(?:\+|00)86[ -]?)?(?:[(（]0\d{2,3}[)）]|0(?:10|2\d|[3-9]\d{2})[ -])\d{7,8}(?:[-转 ]{1,2}\d{2,5})?(?![0-9A-Za-z]))"),
      // international
      Pattern(R"((?<![0-9A-Za-z])\+[1-9]\d{0,2}(?:[ .-]?(?:\(\d{1,4}\)|\d{1,4})){2,6}(?![0-9A-Za-z]))"),
      // North America
      Pattern(
          R"((?<![0-9A-Za-z+.-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}([ .-]))[2-9]\d{2}[ .-]\d{4}(?![0-9A-Za-z]|[.-]\d))"),
      // Britain and others that dial a 0 first
      Pattern(
          R"((?<![0-9A-Za-z+.-])(?:0\d{4} ?\d{6}|(?:\(0\d{2,4}\) ?|0\d{2,4}[ -])\d{3,4}(?:[ -]\d{3,4}){0,2})(?![0-9A-Za-z]|[.-]\d))")};
  static const Pattern kSaid(
      R"(phone|mobile|\bcell\b|\btel\b|\bfax\b|\bcall\b|\btext\b|whatsapp|\bring\b|reach|电话|手机|联系|致电|拨打|座机|传真)",
      kAnyCase);
  static const Pattern kAny(R"((?<![0-9A-Za-z+.-])\d{3,4}[ -]?\d{4,7}(?![0-9A-Za-z]|[.-]\d))");
  // Free and shared-cost numbers belong to firms.
  static const Pattern kHotline(
      R"(^(?:\+?1[ .-]?)?\(?(?:800|888|877|866|855|844|833)\b|^18[06]0|^0800|^0808|^03\d\d|^08(?:4|7)|^[48]00)");
  const auto add = [&](const icu::RegexMatcher& m) {
    const std::string bare = view.bare(start_of(m), end_of(m));
    const auto digits = std::count_if(bare.begin(), bare.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits < 7 || digits > 18 || kHotline.within(view, start_of(m), end_of(m))) return;
    found.push_back({PersonalKind::phone, start_of(m), end_of(m)});
  };
  for (const Pattern& form : kForms) form.each(view, add);
  static const Pattern kNoPhone(
      R"(qq|card|account|\bref\b|imei|卡号|账号|帐号|订单|流水|编号|代码|微信号|order|case|invoice)", kAnyCase);
  kAny.each(view, [&](const icu::RegexMatcher& m) {
    if (view.bare(start_of(m), end_of(m)).size() >= 8 && said_before(view, start_of(m), kSaid) &&
        !said_before(view, start_of(m), kNoPhone))
      add(m);
  });
}

void find_passports(const View& view, std::vector<Candidate>& found) {
  static const Pattern kForm(R"((?<![0-9A-Za-z])(?:[A-Z]{1,2}\d{6,8}|\d{8,9})(?![0-9A-Za-z]))", kAnyCase);
  static const Pattern kSaid(R"(passport|travel permit|护照|通行证|台胞证|回乡证)", kAnyCase);
  kForm.each(view, [&](const icu::RegexMatcher& m) {
    if (said_before(view, start_of(m), kSaid)) found.push_back({PersonalKind::passport, start_of(m), end_of(m)});
  });
}

void find_plates(const View& view, std::vector<Candidate>& found) {
  static const Pattern kForm(
      R"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·• -]?(?=[A-HJ-NP-Z]{0,4}\d)(?:[A-HJ-NP-Z0-9]{6}|[A-HJ-NP-Z0-9]{5}|[A-HJ-NP-Z0-9]{4}[学警港澳挂])(?![A-Za-z0-9]))");
  kForm.each(view, [&](const icu::RegexMatcher& m) {
    found.push_back({PersonalKind::licence_plate, start_of(m), end_of(m)});
  });
}

void find_accounts(const View& view, std::vector<Candidate>& found) {
  static const Pattern kForm(
      R"((?:\b(?:account|acct|a/c)\b(?: (?:number|no))?|账号|帐号|账户号)[.:： 是为]{0,3}((?=(?:[ -]?\d){6})\d(?:[ -]?\d){5,20})(?![0-9A-Za-z]))",
      kAnyCase);
  kForm.each(view, [&](const icu::RegexMatcher& m) {
    found.push_back({PersonalKind::account, start_of(m, 1), end_of(m, 1)});
  });
}

}  // namespace

void find_numbers(const View& view, std::vector<Candidate>& found) {
  find_emails(view, found);
  find_ibans(view, found);
  find_resident_ids(view, found);
  find_social_security_numbers(view, found);
  find_cards(view, found);
  find_passports(view, found);
  find_accounts(view, found);
  find_phones(view, found);
  find_plates(view, found);
}

}  // namespace ballast::text
