// SPDX-License-Identifier: Apache-2.0
// What customers of a bank call the same thing.
#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "ballast/assist/search.h"

namespace ballast::assist {
namespace {

/// One group a line; words of a group stand for each other.
constexpr std::string_view kGroups = R"(
fee charge cost price
penalty fee
free cost charge
lost stolen steal missing mislaid theft
block cancel
replace replacement new
yearly annual year
atm machine withdraw withdrawal withdrawals
cash withdraw banknotes
overseas abroad foreign
shop merchant store
decline refuse reject
arrive receive delivery deliver come
document paperwork papers
open start
close terminate
phone mobile cell
insured insurance protection protected
interest rate
loan credit borrow lend
repay repayment
instalment payment rate
late overdue arrears
password login
code otp
saturday weekend open hours
complaint complain
bic swift
safe deposit box
online internet
dispute contest
minimum least
maximum limit most
send transfer wire
cheque check
refuse decline
refund credit back
child children kid
fraud phishing scam
fraudulent fraud
update change
mail post
e-mail email
换 更换
mortgage home
丢 丢失 遗失 挂失 被盗
偷 被盗 盗 挂失
补 补卡 工本费
费用 手续费 收费 工本费 年费
多少钱 费 费用
国外 境外 外国 跨境
取款机 柜员机 自动柜员机
取钱 取现 支取
年费 一年
证件 身份证 护照 材料
销户 注销
孩子 儿童 子女
利息 利率 计息
跨行 他行
汇款 转账 汇
撤回 取消 追回
错 错误
日元 外币
保险 保护
开门 营业
周六 周末
忘 忘记
家里人 家庭 成员
恢复 解冻 解除
每天 每日
最多 最高 限额
最少 最低 起存
登录 登陆
邮件 短信
盗刷 被盗
退 退款 退回
存款证明 证明
查看 查
存 存入 存现
刷卡 消费 交易
)";

std::vector<std::string> as_terms(std::string_view word) {
  Terms terms = terms_of(word);
  // What the dictionary cuts apart is looked for as the pairs of it.
  if (terms.words.size() > 1) return terms.pairs;
  return terms.words;
}

std::unordered_map<std::string, std::vector<std::string>> read_groups() {
  std::unordered_map<std::string, std::vector<std::string>> out;
  for (std::size_t at = 0; at < kGroups.size();) {
    const std::size_t feed = std::min(kGroups.find('\n', at), kGroups.size());
    std::vector<std::string> group;
    for (std::size_t from = at; from < feed;) {
      const std::size_t space = std::min(kGroups.find(' ', from), feed);
      for (std::string& term : as_terms(kGroups.substr(from, space - from))) group.push_back(std::move(term));
      from = space + 1;
    }
    for (const std::string& term : group) {
      for (const std::string& other : group) {
        auto& list = out[term];
        if (other != term && std::find(list.begin(), list.end(), other) == list.end()) list.push_back(other);
      }
    }
    at = feed + 1;
  }
  return out;
}

}  // namespace

const std::vector<std::string>& synonyms_of(const std::string& term) {
  static const auto kAll = read_groups();
  static const std::vector<std::string> kNone;
  const auto found = kAll.find(term);
  return found == kAll.end() ? kNone : found->second;
}

}  // namespace ballast::assist
