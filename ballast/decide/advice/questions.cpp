// SPDX-License-Identifier: Apache-2.0
// The questions, what each answer counts, and what a level allows.
#include <fmt/format.h>

#include "ballast/base/error.h"
#include "ballast/decide/profile.h"

namespace ballast::decide {
namespace {

std::vector<Question> capacity_questions() {
  return {{"income",
           "capacity",
           "How certain is your income over the next years?",
           "您未来几年的收入有多稳定？",
           {{"uncertain", 0, "Uncertain", "不稳定"},
            {"mixed", 2, "Partly certain", "部分稳定"},
            {"secure", 4, "Secure", "稳定"}}},
          {"share",
           "capacity",
           "What part of your liquid wealth is this portfolio?",
           "该组合占您流动资产的比例是多少？",
           {{"most", 0, "More than three quarters", "超过四分之三"},
            {"half", 2, "About a half", "约一半"},
            {"quarter", 3, "About a quarter", "约四分之一"},
            {"little", 4, "Less than a tenth", "不足十分之一"}}},
          {"reserve",
           "capacity",
           "How many months of expenses do you hold as a reserve elsewhere?",
           "您另有多少个月的生活备用金？",
           {{"none", 0, "Less than three", "不足三个月"},
            {"some", 2, "Three to six", "三至六个月"},
            {"year", 3, "Six to twelve", "六至十二个月"},
            {"ample", 4, "More than twelve", "超过十二个月"}}},
          {"duties",
           "capacity",
           "How heavy are debts and people who depend on you?",
           "您的负债与赡养负担有多重？",
           {{"heavy", 0, "Heavy", "较重"}, {"some", 2, "Bearable", "尚可"}, {"none", 4, "None", "没有"}}}};
}

std::vector<Question> tolerance_questions() {
  return {{"loss",
           "tolerance",
           "Which loss in one year could you bear?",
           "您一年内最多能承受多大损失？",
           {{"none", 0, "None at all", "完全不能承受损失"},
            {"slight", 1, "About one twentieth", "约二十分之一"},
            {"moderate", 2, "About a tenth", "约十分之一"},
            {"large", 3, "About a fifth", "约五分之一"},
            {"severe", 4, "A third or more", "三分之一或更多"}}},
          {"fall",
           "tolerance",
           "Your portfolio falls by a fifth within weeks. What do you do?",
           "组合在数周内下跌五分之一，您会怎么做？",
           {{"sell", 0, "Sell everything", "全部卖出"},
            {"reduce", 1, "Sell a part", "卖出一部分"},
            {"hold", 3, "Hold", "继续持有"},
            {"buy", 4, "Buy more", "加仓"}}},
          {"experience",
           "tolerance",
           "What have you invested in so far?",
           "您有哪些投资经验？",
           {{"none", 0, "Deposits only", "仅存款"},
            {"funds", 2, "Funds or bonds", "基金或债券"},
            {"shares", 3, "Shares", "股票"},
            {"derivatives", 4, "Shares and derivatives", "股票和衍生品"}}}};
}

std::vector<Question> time_questions() {
  return {{"years",
           "horizon",
           "When will you need the money?",
           "您何时需要动用这笔资金？",
           {{"year", 0, "Within a year", "一年以内"},
            {"three", 1, "In one to three years", "一至三年"},
            {"five", 2, "In three to five years", "三至五年"},
            {"ten", 3, "In five to ten years", "五至十年"},
            {"later", 4, "Later", "十年以后"}}},
          {"cash",
           "liquidity",
           "How much of it may you need at any time?",
           "其中多少资金可能随时需要？",
           {{"half", 0, "About a half", "约一半"},
            {"quarter", 1, "About a quarter", "约四分之一"},
            {"tenth", 3, "About a tenth", "约十分之一"},
            {"none", 4, "None", "不需要"}}}};
}

struct Level {
  double volatility, cvar, crisis, position;
};
// The 95 % CVaR of a day is 1.3 times that of a normal law with the year's volatility (2.06 σ), since daily returns
// have fat tails. Crisis losses are about what such a share of equities lost in 2008 (an index lost 57 %).
constexpr Level kLevels[kProfileLevels] = {{0.04, 0.007, 0.10, 0.10},
                                           {0.08, 0.014, 0.20, 0.15},
                                           {0.12, 0.020, 0.30, 0.20},
                                           {0.16, 0.027, 0.40, 0.25},
                                           {0.22, 0.037, 0.60, 0.35}};

}  // namespace

const std::vector<Question>& questionnaire() {
  static const std::vector<Question> all = [] {
    std::vector<Question> list = capacity_questions();
    for (const auto& more : {tolerance_questions(), time_questions()})
      list.insert(list.end(), more.begin(), more.end());
    return list;
  }();
  return all;
}

std::string level_name(int level, Language language) {
  static constexpr const char* kEn[] = {"no securities", "defensive", "cautious", "balanced", "growth", "dynamic"};
  static constexpr const char* kZh[] = {"不宜投资证券", "防御型", "谨慎型", "平衡型", "成长型", "进取型"};
  BALLAST_CHECK(level >= 0 && level <= kProfileLevels, level);
  return language == Language::zh ? kZh[level] : kEn[level];
}

ProfileLimits limits_of(const ProfileScores& scores, const std::string& liquidity_answer) {
  static const std::map<std::string, double> floors = {
      {"half", 0.5}, {"quarter", 0.25}, {"tenth", 0.1}, {"none", 0.02}};
  ProfileLimits limits;
  limits.cash = 1;
  if (scores.level == 0) return limits;
  const Level& level = kLevels[scores.level - 1];
  limits.volatility = level.volatility;
  limits.cvar = level.cvar;
  limits.crisis_loss = level.crisis;
  limits.position = level.position;
  limits.cash = floors.at(liquidity_answer);
  return limits;
}

}  // namespace ballast::decide
