// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ballast/decide/advice/words.h"
#include "ballast/decide/report.h"
#include "ballast/decide/report/svg.h"
#include "ballast/decide/report_style.h"

namespace ballast::decide {
namespace {

using base::Json;

constexpr int kWidth = 680;

std::string text_of(const Json& json, const char* key) {
  return escaped(json.at(key).get<std::string>());
}
double page_number_of(const Json& json, const char* key) {
  return json.at(key).get<double>();
}
std::string page_percent(double share, int digits = 1) {
  return shown_percent(share, digits) + " %";
}

class Page {
 public:
  Page(const Json& advice, const ReportFacts& facts, Language language)
      : a_(advice), facts_(facts), zh_(language == Language::zh), language_(language) {}

  std::string html() {
    head();
    cards();
    advice_text();
    allocation();
    positions();
    stress();
    hedges();
    walk_forward();
    profile();
    foot();
    return std::move(out_);
  }

 private:
  std::string t(const char* en, const char* zh) const { return zh_ ? zh : en; }
  void add(const std::string& html) { out_ += html + "\n"; }
  void section(const char* en, const char* zh) { add("<h2>" + t(en, zh) + "</h2>"); }
  std::string cell(const std::string& text, bool number = true) const {
    return fmt::format("<td{}>{}</td>", number ? " class=\"n\"" : "", text);
  }
  /// Only a long table may break over pages.
  std::string header(std::initializer_list<std::pair<std::string, bool>> names, bool keep = true) const {
    std::string out = keep ? "<table class=\"keep\"><thead><tr>" : "<table><thead><tr>";
    for (const auto& [name, number] : names) out += fmt::format("<th{}>{}</th>", number ? " class=\"n\"" : "", name);
    return out + "</tr></thead><tbody>";
  }
  std::string objective() const {
    return objective_word(risk::objective_named(a_.at("objective").get<std::string>()), language_);
  }
  std::string money(const std::string& decimal) const { return grouped(decimal); }

  void head() {
    const Json& p = a_.at("profile");
    add(
        fmt::format("<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{} – {}</title>"
                    "<style>{}</style></head><body><main>",
                    zh_ ? "zh-CN" : "en", t("Investment advice", "投资建议书"), text_of(p, "client"), kReportStyle));
    add(fmt::format("<header><div class=\"brand\">Ballast</div><div class=\"meta\">{}<br>{} {}</div></header>",
                    text_of(a_, "as_of"), t("Decision", "决策编号"), escaped(facts_.decision_id)));
    add(fmt::format("<h1>{}</h1><p class=\"client\">{} {} &middot; {} {} &middot; {} {}</p>",
                    t("Investment advice", "投资建议书"), t("prepared for", "客户："), text_of(p, "client"),
                    t("risk profile", "风险等级："), level_name(p.at("level").get<int>(), language_),
                    t("objective", "优化目标："), objective()));
  }

  void card(const std::string& name, const std::string& value, const std::string& note, bool bad = false) {
    add(
        fmt::format("<div class=\"card{}\"><div class=\"name\">{}</div><div class=\"value\">{}</div>"
                    "<div class=\"note\">{}</div></div>",
                    bad ? " bad" : "", name, value, note));
  }
  void cards() {
    const Json &before = a_.at("before"), &after = a_.at("after"), &limits = a_.at("profile").at("limits");
    add("<div class=\"cards\">");
    card(t("Verdict", "结论"), verdict_word(a_.at("outcome").get<std::string>(), language_),
         fmt::format("{} {}", a_.at("breaches").size(), t("limits breached today", "项限制被突破")),
         !a_.at("breaches").empty());
    card(t("Value", "组合市值"), money(a_.at("value").get<std::string>()), text_of(a_, "currency"));
    const auto moved = [&](const char* key, int digits) {
      return fmt::format("{} → {}", shown_percent(page_number_of(before, key), digits),
                         page_percent(page_number_of(after, key), digits));
    };
    const auto allowed = [&](const char* key, int digits) {
      return t("at most ", "上限 ") + page_percent(page_number_of(limits, key), digits);
    };
    card(t("Volatility a year", "年化波动率"), moved("volatility", 1), allowed("volatility", 1));
    card(t("CVaR 95 %, one day", "单日 95% CVaR"), moved("cvar", 2), allowed("cvar", 2));
    card(t("Cash", "现金"), moved("cash", 1), t("at least ", "不低于 ") + page_percent(page_number_of(limits, "cash")));
    add("</div>");
  }

  void advice_text() {
    section("Our advice", "建议");
    for (const Json& p : a_.at("text").at(zh_ ? "zh" : "en").at("paragraphs")) {
      std::string html = escaped(p.get<std::string>());
      for (std::size_t at; (at = html.find(" %")) != std::string::npos;) html.replace(at, 1, "&nbsp;");
      add("<p>" + html + "</p>");
    }
  }

  void allocation() {
    section("Allocation before and after", "调整前后配置");
    std::vector<BarRow> rows;
    for (const Json& p : a_.at("positions"))
      rows.push_back(
          {p.at("instrument").get<std::string>(), {page_number_of(p, "weight"), page_number_of(p, "target")}});
    rows.push_back(
        {t("Cash", "现金"), {page_number_of(a_.at("before"), "cash"), page_number_of(a_.at("after"), "cash")}});
    add("<figure>" + bar_chart({t("today", "当前"), t("after the trades", "调整后")}, rows, kWidth) + "</figure>");
  }

  void positions() {
    section("Positions", "持仓明细");
    std::string table = header({{t("Instrument", "证券"), false},
                                {t("Value", "市值"), true},
                                {t("Weight", "占比"), true},
                                {t("Target", "目标"), true},
                                {t("Share of risk", "风险贡献"), true},
                                {t("Advice", "建议"), false},
                                {t("Units", "数量"), true},
                                {t("Cost", "成本"), true},
                                {t("Why", "理由"), false}},
                               false);
    const double risk = page_number_of(a_.at("after"), "volatility");
    for (const Json& p : a_.at("positions")) {
      const double units = page_number_of(p, "trade_quantity");
      const std::string verdict = p.at("verdict").get<std::string>();
      table += "<tr>" + cell(text_of(p, "instrument"), false) + cell(money(p.at("value").get<std::string>())) +
               cell(page_percent(page_number_of(p, "weight"))) + cell(page_percent(page_number_of(p, "target"))) +
               cell(risk > 0 ? page_percent(page_number_of(p, "risk_after") / risk) : "") +
               cell(fmt::format("<b class=\"{}\">{}</b>", verdict, verdict_word(verdict, language_)), false) +
               cell(units == 0 ? "" : fmt::format("{:+g}", units)) +
               cell(units == 0 ? "" : money(p.at("cost").get<std::string>())) +
               cell(position_why(p.at("why").get<std::string>(), language_), false) + "</tr>";
    }
    add(table + "</tbody></table>");
  }

  void stress() {
    section("Stress: what such days would cost", "压力测试");
    std::vector<BarRow> rows;
    const Json &before = a_.at("before"), &after = a_.at("after");
    for (std::size_t i = 0; i < before.at("crises").size(); ++i) {
      const Json &b = before.at("crises")[i], &c = after.at("crises")[i];
      const auto loss = [](const Json& j) { return j.at("measured").get<bool>() ? page_number_of(j, "loss") : NAN; };
      rows.push_back({t("Crisis of ", "") + b.at("name").get<std::string>() + t("", "年危机"),
                      {loss(b), loss(c), hedged("crises", b, "loss")}});
    }
    for (std::size_t i = 0; i < before.at("shocks").size(); ++i) {
      const Json& s = before.at("shocks")[i];
      rows.push_back({shortened(s.at("name").get<std::string>()),
                      {-page_number_of(s, "return"), -page_number_of(after.at("shocks")[i], "return"),
                       hedged("shocks", s, "return")}});
    }
    if (rows.empty()) return;
    std::vector<std::string> series = {t("loss today", "当前损失"), t("after the trades", "调整后"),
                                       t("with short index", "做空指数后")};
    if (std::all_of(rows.begin(), rows.end(), [](const BarRow& r) { return std::isnan(r.values[2]); })) {
      series.pop_back();
      for (BarRow& r : rows) r.values.pop_back();
    }
    add("<figure>" + bar_chart(series, rows, kWidth) + "</figure>");
  }
  static std::string shortened(const std::string& name) {
    std::size_t end = 0, width = 0;
    while (end < name.size() && width < 19) {
      const auto c = static_cast<unsigned char>(name[end]);
      width += c < 0x80 ? 1 : 2;
      end += c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    }
    return end >= name.size() ? name : name.substr(0, end) + "…";
  }
  /// The loss with the short index where that hedge applies.
  double hedged(const char* list, const Json& which, const char* key) const {
    for (const Json& h : a_.at("hedges")) {
      if (h.at("kind") != "index_short" || !h.at("applies").get<bool>()) continue;
      for (const Json& c : h.at(list))
        if (c.at("name") == which.at("name")) return (list[0] == 's' ? -1 : 1) * page_number_of(c, key);
    }
    return NAN;
  }

  void hedges() {
    bool any = false;
    for (const Json& h : a_.at("hedges")) any = any || h.at("applies").get<bool>();
    if (!any) return;
    section("Hedges and what they cost", "对冲方案与成本");
    std::string table = header({{t("Hedge", "工具"), false},
                                {t("Notional", "名义金额"), true},
                                {t("Cost a year", "年成本"), true},
                                {t("Volatility", "波动率"), true},
                                {"CVaR 95 %", true},
                                {t("Crisis losses", "危机损失"), true}});
    for (const Json& h : a_.at("hedges"))
      if (h.at("applies").get<bool>()) table += hedge_row(h);
    add(table + "</tbody></table>");
  }
  std::string hedge_row(const Json& h) const {
    const std::string kind = h.at("kind").get<std::string>();
    const bool rates = kind == "duration";
    std::string crises;
    for (const Json& c : h.at("crises"))
      crises += fmt::format("{}{}: {}", crises.empty() ? "" : "<br>", text_of(c, "name"),
                            page_percent(page_number_of(c, "loss")));
    const std::string name = kind == "index_short" ? t("short index", "做空指数")
                             : kind == "put"       ? t("index puts", "指数看跌期权")
                                                   : t("bond futures sold", "卖出债券期货");
    return "<tr>" + cell(name, false) + cell(money(h.at("notional_value").get<std::string>())) +
           cell(money(h.at("cost_value").get<std::string>()) + " (" + page_percent(page_number_of(h, "cost"), 2) +
                ")") +
           cell(rates ? "" : page_percent(page_number_of(h, "volatility"))) +
           cell(rates ? "" : page_percent(page_number_of(h, "cvar"), 2)) + cell(crises) + "</tr>";
  }

  void walk_forward() {
    section("How the method did, walking forward", "方法的滚动检验");
    if (facts_.runs.empty()) {
      add("<p class=\"small\">" + t("Not shown: ", "未显示：") + escaped(facts_.no_runs) + "</p>");
      return;
    }
    LineChart growth, fall;
    growth.logarithmic = true;
    fall.percent = true;
    fall.height = 170;
    for (const risk::Day day : facts_.runs.front().days) growth.days.push_back(risk::day_text(day));
    fall.days = growth.days;
    std::string table = header({{t("Weights", "权重"), false},
                                {t("Return a year", "年化收益"), true},
                                {t("Volatility", "波动率"), true},
                                {"Sharpe", true},
                                {"CVaR 95 %", true},
                                {t("Largest fall", "最大回撤"), true},
                                {t("Turnover a year", "年换手"), true}});
    for (const risk::PortfolioRun& run : facts_.runs) {
      const std::string name = objective_word(risk::objective_named(run.name), language_);
      growth.series.push_back({name, {}});
      fall.series.push_back({name, {}});
      double value = 1, peak = 1;
      for (const double r : run.net) {
        value *= 1 + r;
        peak = std::max(peak, value);
        growth.series.back().values.push_back(value);
        fall.series.back().values.push_back(value / peak - 1);
      }
      const risk::PortfolioFigures& f = run.figures;
      table += "<tr>" + cell(name, false) + cell(page_percent(f.annual_return)) + cell(page_percent(f.volatility)) +
               cell(fmt::format("{:.2f}", f.sharpe)) + cell(page_percent(f.cvar, 2)) +
               cell(page_percent(f.max_drawdown)) + cell(page_percent(run.turnover, 0)) + "</tr>";
    }
    add("<figure><figcaption>" +
        t("Growth of 1 invested, after trading costs (logarithmic)", "1元投资的增长（扣除交易成本，对数坐标）") +
        "</figcaption>" + line_chart(growth) + "</figure>");
    add("<figure><figcaption>" + t("Fall from the last peak", "距前期高点的回撤") + "</figcaption>" + line_chart(fall) +
        "</figure>");
    add(table + "</tbody></table>");
    add("<p class=\"small\">" +
        t("Weights of each month were chosen from the prices before it only. The instruments are those of today, which "
          "is known to flatter all rows alike.",
          "每月权重仅依据此前价格确定。所用证券为当前证券，存在幸存者偏差，对各行影响相同。") +
        "</p>");
  }

  void profile() {
    const Json& p = a_.at("profile");
    section("Risk profile", "风险测评");
    std::string table =
        header({{t("Question", "问题"), false}, {t("Answer", "回答"), false}, {t("Points", "得分"), true}});
    for (const Question& q : questionnaire()) {
      for (const Answer& answer : q.answers) {
        if (answer.key != p.at("answers").at(q.id).get<std::string>()) continue;
        table += "<tr>" + cell(zh_ ? q.zh : q.en, false) + cell(zh_ ? answer.zh : answer.en, false) +
                 cell(fmt::format("{} / 4", answer.points)) + "</tr>";
      }
    }
    add(table + "</tbody></table>");
    add(fmt::format("<p class=\"small\">{}: {} &middot; {}: {} &middot; {}: {} &middot; {}: {}</p>",
                    t("Capacity", "承受能力"), p.at("capacity").get<int>(), t("tolerance", "风险偏好"),
                    p.at("tolerance").get<int>(), t("horizon", "投资期限"), p.at("horizon").get<int>(),
                    t("liquidity", "流动性"), p.at("liquidity").get<int>()));
  }

  void foot() {
    add(
        fmt::format("<footer>{} {} &middot; {} &middot; ballast {}<br>{} {} (SHA-256 {}…) &middot; {} "
                    "{}…<br>{}</footer></main></body></html>",
                    t("Decision", "决策编号"), escaped(facts_.decision_id), escaped(facts_.created_at),
                    escaped(facts_.build), t("Prices", "价格文件"), escaped(facts_.prices_file),
                    facts_.prices_hash.substr(0, 16), t("Profile", "风险测评文件"), facts_.profile_hash.substr(0, 16),
                    t("Computed from past prices, which promise nothing. Not an offer to buy or sell.",
                      "以上内容由历史价格计算得出，不代表未来表现，不构成买卖要约。")));
  }

  const Json& a_;
  const ReportFacts& facts_;
  bool zh_;
  Language language_;
  std::string out_;
};

}  // namespace

std::string report_html(const Json& advice, const ReportFacts& facts, Language language) {
  return Page(advice, facts, language).html();
}

}  // namespace ballast::decide
