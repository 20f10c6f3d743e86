// SPDX-License-Identifier: Apache-2.0
// The words of an advice. A template holds no digit: every number comes from a figure, which is kept beside the text.
#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/decide/advice.h"
#include "ballast/decide/advice/words.h"

namespace ballast::decide {
namespace {

constexpr double kTail = 0.05;
constexpr std::size_t kTradesSaid = 12;  // more are in the table

using Words = std::vector<std::pair<const char*, std::string>>;

class Writer {
 public:
  Writer(const Advice& advice, Language language) : a_(advice), zh_(language == Language::zh), language_(language) {}

  AdviceText write() {
    paragraph([&] { profile(); });
    if (a_.sessions > 0) paragraph([&] { today(); });
    paragraph([&] { verdict(); });
    if (a_.outcome == "rebalance") paragraph([&] { trades(); });
    if (a_.outcome == "rebalance") paragraph([&] { after(); });
    for (const risk::Hedge& h : a_.hedges) paragraph([&] { hedge(h); });
    paragraph([&] { method(); });
    return std::move(text_);
  }

 private:
  template <class Body>
  void paragraph(const Body& body) {
    line_.clear();
    body();
    if (!line_.empty()) text_.paragraphs.push_back(line_);
  }
  void say(std::string_view en, std::string_view zh, const Words& words = {}) {
    const std::string_view pattern = zh_ ? zh : en;
    BALLAST_CHECK(std::none_of(pattern.begin(), pattern.end(), [](char c) { return c >= '0' && c <= '9'; }), 0);
    fmt::dynamic_format_arg_store<fmt::format_context> store;
    for (const auto& [name, word] : words) store.push_back(fmt::arg(name, word));
    if (!line_.empty() && !zh_) line_ += " ";
    line_ += fmt::vformat(fmt::string_view(pattern.data(), pattern.size()), store);
  }

  std::string figure(const std::string& name, base::Json value, std::string shown) {
    text_.figures.push_back({name, std::move(value), shown});
    return shown;
  }
  std::string percent(const std::string& name, double share, int digits = 1) {
    return figure(name, share, shown_percent(share, digits));
  }
  std::string money(const std::string& name, double amount) {
    const std::string exact = money_text(amount, a_.settings.currency);
    return figure(name, exact, grouped(exact));
  }
  std::string number(const std::string& name, double value, int digits) {
    return figure(name, value, fmt::format("{:.{}f}", value, digits));
  }
  std::string count(const std::string& name, std::int64_t value) {
    return figure(name, value, fmt::format("{}", value));
  }
  std::string word(const std::string& name, const std::string& value) { return figure(name, value, value); }

  void profile() {
    const auto& s = a_.profile.scores;
    const auto& l = a_.profile.limits;
    say("{client}: on {date} the portfolio was worth {value} {currency}, of which {cash} % in cash.",
        "{client}：截至{date}，组合市值为{value} {currency}，其中现金占{cash}%。",
        {{"client", word("client", a_.profile.client)},
         {"date", word("as_of", a_.as_of)},
         {"value", money("value", a_.value)},
         {"currency", a_.settings.currency},
         {"cash", percent("cash", a_.cash / a_.value)}});
    say("The answers give {capacity} of {full} points for capacity, {tolerance} for tolerance and {horizon} for the "
        "horizon; the lowest decides, and the profile is: {level}.",
        "问卷得分（满分{full}）：承受能力{capacity}，风险偏好{tolerance}，投资期限{horizon}；取最低者，风险等级为：{"
        "level}。",
        {{"capacity", count("capacity", s.capacity)},
         {"full", count("full_score", 100)},
         {"tolerance", count("tolerance", s.tolerance)},
         {"horizon", count("horizon", s.horizon)},
         {"level", level_name(s.level, language_)}});
    if (s.level == 0) return;
    say("It allows a volatility of at most {volatility} % a year, an average loss of {cvar} % on the worst {tail} % of "
        "days, a fall of {crisis} % in a crisis and {position} % in one position, and asks for {cash} % in cash.",
        "该等级的上限为：年化波动率{volatility}%，最差{tail}%交易日的平均损失{cvar}%，危机中的跌幅{crisis}%，单一持仓{"
        "position}%；现金不低于{cash}%。",
        {{"volatility", percent("limit_volatility", l.volatility)},
         {"cvar", percent("limit_cvar", l.cvar, 2)},
         {"tail", percent("tail", kTail, 0)},
         {"crisis", percent("limit_crisis_loss", l.crisis_loss)},
         {"position", percent("limit_position", l.position)},
         {"cash", percent("limit_cash", l.cash)}});
  }

  void measures(const RiskMeasures& m, const std::string& when) {
    say("its volatility is {volatility} % a year, and on the worst {tail} % of days it would have lost {cvar} % on "
        "average.",
        "年化波动率为{volatility}%，最差{tail}%交易日的平均损失为{cvar}%。",
        {{"volatility", percent(when + "_volatility", m.volatility)},
         {"tail", percent("tail", kTail, 0)},
         {"cvar", percent(when + "_cvar", m.cvar, 2)}});
    for (const risk::CrisisLoss& c : m.crises) crisis(c, when);
    for (std::size_t i = 0; i < m.shocks.size(); ++i) {
      say("Under the shock \"{name}\" it would change by {change} %.", "在“{name}”情景下，组合变动{change}%。",
          {{"name", word("shock", a_.shocks[i].name)}, {"change", percent(when + "_shock", m.shocks[i])}});
    }
  }
  void crisis(const risk::CrisisLoss& c, const std::string& when) {
    if (!c.measured) {
      say("About the crisis of {crisis} nothing can be said: only {coverage} % of what is invested has prices then.",
          "无法评估{crisis}年危机：仅有{coverage}%的持仓在当时有价格。",
          {{"crisis", word("crisis", c.name)}, {"coverage", percent(when + "_coverage", c.coverage)}});
      return;
    }
    say("In the crisis of {crisis} it would have fallen by {loss} % between {peak} and {trough}.",
        "在{crisis}年危机中，组合自{peak}至{trough}将下跌{loss}%。",
        {{"crisis", word("crisis", c.name)},
         {"loss", percent(when + "_crisis_loss", c.worst)},
         {"peak", word("peak", risk::day_text(c.peak))},
         {"trough", word("trough", risk::day_text(c.trough))}});
  }
  void today() {
    say("Measured over {sessions} sessions from {from} on, with today's holdings:",
        "以当前持仓、自{from}起{sessions}个交易日计：",
        {{"sessions", count("sessions", static_cast<std::int64_t>(a_.sessions))}, {"from", word("from", a_.from)}});
    measures(a_.before, "before");
    for (const std::string& name : a_.thin) {
      say("{name} has too few prices: it is left as it is, and no figure of risk includes it.",
          "{name}的价格数据不足：保持不变，风险数值不包含该持仓。", {{"name", word("thin", name)}});
    }
  }

  void breach(const Breach& b) {
    const int digits = b.limit == "cvar" ? 2 : 1;
    say("{limit} is {value} %, {bound} % {allowed}.", "{limit}为{value}%，{allowed}{bound}%。",
        {{"limit", limit_name(b, language_)},
         {"value", percent("breach_value", b.value, digits)},
         {"bound", percent("breach_bound", b.bound, digits)},
         {"allowed", b.limit == "cash" ? (zh_ ? "要求不低于" : "is asked for") : (zh_ ? "上限为" : "is allowed")}});
    if (!b.subject.empty()) word("breach_subject", b.subject);
  }
  void verdict() {
    if (a_.outcome == "abstain") {
      say("No advice is given.", "不提供投资建议。");
      for (const std::string& why : a_.why) say(why_text(why, Language::en), why_text(why, Language::zh));
      return;
    }
    if (a_.breaches.empty()) {
      say("The portfolio is within all limits of the profile.", "组合符合风险等级的全部限制。");
    } else {
      say("The portfolio breaches the profile:", "组合突破了以下限制：");
      for (const Breach& b : a_.breaches) breach(b);
    }
    if (a_.outcome == "hold") {
      say("We advise to hold: the {objective} portfolio is so near that its trades would not be worth their cost.",
          "建议持有：与{objective}目标组合差异很小，交易不足以弥补成本。", {{"objective", objective_text()}});
      return;
    }
    say("We advise to move towards the {objective} portfolio within these limits.",
        "建议在上述限制内调整至{objective}组合。", {{"objective", objective_text()}});
  }
  std::string objective_text() const { return objective_word(a_.settings.objective, language_); }

  void trades() {
    std::vector<const Position*> moved;
    for (const Position& p : a_.positions)
      if (p.trade_quantity != 0) moved.push_back(&p);
    std::stable_sort(moved.begin(), moved.end(), [](const Position* a, const Position* b) {
      return std::abs(a->trade_value) > std::abs(b->trade_value);
    });
    if (moved.size() > kTradesSaid) moved.resize(kTradesSaid);
    for (const Position* p : moved) {
      const double units = std::abs(p->trade_quantity);
      const bool whole = units == std::floor(units);
      say("{action} {units} {name} for {money} {currency}: from {before} % to {after} %.",
          "{action}{name} {units}份，约{money} {currency}：占比由{before}%至{after}%。",
          {{"action", p->trade_quantity > 0 ? (zh_ ? "买入" : "Buy") : (zh_ ? "卖出" : "Sell")},
           {"units", number("trade_units", units, whole ? 0 : 4)},
           {"name", word("instrument", p->instrument)},
           {"money", money("trade_value", std::abs(p->trade_value))},
           {"currency", a_.settings.currency},
           {"before", percent("weight", p->weight)},
           {"after", percent("target", p->target)}});
    }
    say("Together {turnover} % of the portfolio is bought or sold; the trades cost {cost} {currency} at {rate} % of "
        "what is traded.",
        "合计换手{turnover}%，按成交额{rate}%计，交易成本为{cost} {currency}。",
        {{"turnover", percent("turnover", a_.turnover)},
         {"cost", money("cost", a_.cost)},
         {"currency", a_.settings.currency},
         {"rate", percent("cost_rate", a_.settings.cost, 2)}});
  }
  void after() {
    say("After the trades {cash} % is cash;", "调整后，现金占{cash}%；",
        {{"cash", percent("after_cash", a_.after.cash)}});
    measures(a_.after, "after");
    if (a_.breaches_after.empty()) {
      say("All limits are then met.", "届时全部限制均得到满足。");
    } else {
      say("These limits are still breached:", "仍突破以下限制：");
      for (const Breach& b : a_.breaches_after) breach(b);
    }
  }

  void hedge(const risk::Hedge& h) {
    if (!h.applies) return;
    const Words common = {{"notional", percent("hedge_notional", h.notional)},
                          {"money", money("hedge_money", h.notional * a_.value)},
                          {"currency", a_.settings.currency},
                          {"cost", percent("hedge_cost", h.cost, 2)}};
    if (h.kind == "index_short") {
      say("Hedge by a short index position of {money} {currency} ({notional} % of the value): it costs {cost} % a "
          "year.",
          "对冲方案：做空指数{money} {currency}（市值的{notional}%），年成本{cost}%。", common);
    } else if (h.kind == "put") {
      Words words = common;
      words.insert(words.end(), {{"strike", percent("strike", a_.hedge_terms.strike, 0)},
                                 {"tenor", number("tenor", a_.hedge_terms.tenor, 2)},
                                 {"volatility", percent("option_volatility", h.option_volatility)},
                                 {"premium", percent("premium", h.premium, 2)}});
      say("Hedge by puts on {money} {currency} of the index, struck at {strike} % of its level for {tenor} years: the "
          "premium at a volatility of {volatility} % is {premium} %, and rolling them costs {cost} % of the portfolio "
          "a year.",
          "对冲方案：买入名义金额{money} {currency}的指数看跌期权，行权价为现价的{strike}%，期限{tenor}年；按波动率{"
          "volatility}%计，期权费为{premium}%，持续滚动的年成本为组合的{cost}%。",
          words);
    } else {
      Words words = common;
      words.insert(words.end(), {{"duration", number("duration", a_.after.duration, 2)},
                                 {"target", number("target_duration", a_.hedge_terms.target_duration, 2)}});
      say("Hedge of rates by selling {money} {currency} of bond futures: the duration falls from {duration} to "
          "{target} "
          "years, for {cost} % a year.",
          "利率对冲：卖出债券期货{money} {currency}，久期由{duration}年降至{target}年，年成本{cost}%。", words);
    }
    if (h.cvar_before > 0) {
      say("On the window's own days the volatility would have been {volatility} % instead of {before} %, the average "
          "loss on the worst {tail} % of "
          "days "
          "{cvar} % instead of {cvar_before} %.",
          "按样本期计，波动率由{before}%变为{volatility}%，最差{tail}%交易日的平均损失由{cvar_before}%变为{cvar}%。",
          {{"volatility", percent("hedged_volatility", h.volatility)},
           {"before", percent("unhedged_volatility", h.volatility_before)},
           {"tail", percent("tail", kTail, 0)},
           {"cvar", percent("hedged_cvar", h.cvar, 2)},
           {"cvar_before", percent("unhedged_cvar", h.cvar_before, 2)}});
    }
    for (const risk::HedgedCrisis& c : h.crises) {
      say("In the crisis of {crisis} the loss would have been {after} % instead of {before} %.",
          "在{crisis}年危机中，损失由{before}%变为{after}%。",
          {{"crisis", word("crisis", c.name)},
           {"after", percent("hedged_crisis", c.after)},
           {"before", percent("unhedged_crisis", c.before)}});
    }
  }
  void method() {
    say("These figures are computed from past prices, which promise nothing. Costs of trading are counted; taxes are "
        "not.",
        "以上数值均由历史价格计算得出，不代表未来表现；已计入交易成本，未计税费。");
  }

  const Advice& a_;
  bool zh_;
  Language language_;
  AdviceText text_;
  std::string line_;
};

}  // namespace

AdviceText advice_text(const Advice& advice, Language language) {
  return Writer(advice, language).write();
}

}  // namespace ballast::decide
