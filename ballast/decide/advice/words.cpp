// SPDX-License-Identifier: Apache-2.0
#include "ballast/decide/advice/words.h"

#include <fmt/format.h>

#include <cmath>

#include "ballast/base/error.h"

namespace ballast::decide {
namespace {

struct Entry {
  const char *code, *en, *zh;
};

template <std::size_t N>
std::string look_up(const Entry (&entries)[N], const std::string& code, Language language) {
  for (const Entry& e : entries)
    if (code == e.code) return language == Language::zh ? e.zh : e.en;
  BALLAST_CHECK(code.empty(), N);  // a code without words is a mistake of ours
  return "";
}

}  // namespace

std::string shown_percent(double share, int digits) {
  std::string out = fmt::format("{:.{}f}", 100 * share, digits);
  if (out.find_first_not_of("-0.") == std::string::npos && out.front() == '-') out.erase(0, 1);
  return out;
}

std::string grouped(const std::string& decimal) {
  std::string out = decimal;
  const std::size_t first = out.starts_with('-') ? 1 : 0;
  std::size_t point = out.find('.');
  if (point == std::string::npos) point = out.size();
  while (point > first + 3) out.insert(point -= 3, ",");
  return out;
}

std::string objective_word(risk::Objective objective, Language language) {
  static constexpr Entry kWords[] = {{"equal-weights", "equal-weight", "等权重"},
                                     {"min-variance", "minimum-variance", "最小方差"},
                                     {"min-cvar", "minimum-CVaR", "最小条件风险价值"},
                                     {"risk-parity", "risk-parity", "风险平价"},
                                     {"mean-variance", "mean-variance", "均值-方差"}};
  return look_up(kWords, risk::objective_name(objective), language);
}

std::string limit_name(const Breach& b, Language language) {
  static constexpr Entry kWords[] = {{"volatility", "The volatility a year", "年化波动率"},
                                     {"cvar", "The average loss on the worst days", "最差交易日平均损失"},
                                     {"crisis_loss", "The fall in the crisis of {}", "{}年危机中的跌幅"},
                                     {"position", "The weight of {}", "{}的占比"},
                                     {"class", "The weight of the class {}", "类别{}的占比"},
                                     {"cash", "The cash", "现金占比"},
                                     {"excluded", "The weight of {}, which the client excludes,", "客户排除的{}占比"}};
  return fmt::format(fmt::runtime(look_up(kWords, b.limit, language)), b.subject);
}

std::string why_text(const std::string& code, Language language) {
  static constexpr Entry kWords[] = {
      {"profile_forbids",
       "Money that is needed within a year, or may not shrink at all, does not belong into securities.",
       "一年内需要动用、或完全不能承受损失的资金，不宜投资证券。"},
      {"too_few_prices", "There are too few days with prices of all positions to measure risk.",
       "所有持仓同时有价格的交易日过少，无法衡量风险。"},
      {"too_much_without_prices", "Too large a part of the portfolio has too few prices.",
       "组合中价格数据不足的部分过大。"},
      {"small_change", "The target differs too little.", "与目标组合差异很小。"}};
  return look_up(kWords, code, language);
}

std::string position_why(const std::string& code, Language language) {
  static constexpr Entry kWords[] = {{"excluded", "excluded by the client", "客户排除"},
                                     {"above_position_limit", "above the limit for one position", "超过单一持仓上限"},
                                     {"risk_limit", "the portfolio's risk is above its limit", "组合风险超限"},
                                     {"objective", "towards the target weights", "向目标权重调整"},
                                     {"small_change", "too small a change", "变动很小"},
                                     {"too_few_prices", "too few prices", "价格数据不足"}};
  return look_up(kWords, code, language);
}

std::string verdict_word(const std::string& verdict, Language language) {
  static constexpr Entry kWords[] = {{"buy", "buy", "买入"},
                                     {"sell", "sell", "卖出"},
                                     {"hold", "hold", "持有"},
                                     {"abstain", "no advice", "不建议"},
                                     {"rebalance", "rebalance", "调仓"}};
  return look_up(kWords, verdict, language);
}

}  // namespace ballast::decide
