// SPDX-License-Identifier: Apache-2.0
#include "demo_desks.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "ballast/base/files.h"
#include "demo_samples.h"
#include "own_command.h"

namespace ballast::apps {
namespace {

using base::Json;
namespace fs = std::filesystem;

double percent_of_share(const Json& share) {
  return 100 * share.get<double>();
}

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> rows;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) rows.push_back(base::parse_json(line, "demo"));
  return rows;
}

/// Lines of at most 88 bytes, broken at spaces or after a Chinese character.
std::vector<std::string> wrapped(const std::string& text) {
  constexpr std::size_t kWidth = 88;
  std::vector<std::string> lines(1);
  std::string piece;  // what cannot be broken
  const auto put = [&] {
    if (lines.back().size() + piece.size() > kWidth && !lines.back().empty()) lines.emplace_back();
    if (!lines.back().empty() || piece != " ") lines.back() += piece;
    piece.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    piece += text[i];
    const bool next_starts = i + 1 == text.size() || (text[i + 1] & 0xC0) != 0x80;
    if (next_starts && (text[i] == ' ' || (text[i] & 0x80) != 0)) put();
  }
  put();
  return lines;
}

/// Runs a verb as the page shows it; the answer comes as JSON.
std::string answer(DeskShow& show, std::vector<std::string> words, const fs::path& folder, const std::string& store) {
  show.commands.push_back(shell_line(words));
  for (const char* word : {"--json", "--quiet", "--store"}) words.emplace_back(word);
  words.push_back(store);
  return run_own(words, folder);
}

DeskShow forecast(const fs::path& folder, const std::string& store) {
  DeskShow show;
  show.heading = "Market: the next session of an index (simulated prices)";
  base::write_file_atomic(folder / "prices.csv", demo_prices());
  const Json j = base::parse_json(
      answer(show, {"forecast", "--prices", "prices.csv", "--column", "close"}, folder, store), "forecast");
  const Json& confidence = j.at("confidence");
  const Json& tail = j.at("tail").back();
  const Json& test = j.at("walk_forward");
  show.result =
      fmt::format("{}, VaR 99 % {:.1f} %", j.at("advice").get<std::string>(), percent_of_share(tail.at("var")));
  show.lines = {
      fmt::format("{} for {}: {}", j.at("advice").get<std::string>(), j.at("session").get<std::string>(),
                  j.at("reason").get<std::string>()),
      fmt::format("{} with probability {:.2f} [{:.2f}, {:.2f}]; VaR 99 % {:.2f} %, expected shortfall {:.2f} %",
                  confidence.at("direction").get<std::string>(), confidence.at("probability").get<double>(),
                  confidence.at("interval")[0].get<double>(), confidence.at("interval")[1].get<double>(),
                  percent_of_share(tail.at("var")), percent_of_share(tail.at("es"))),
      fmt::format("walked forward over {} sessions after costs: {:+.1f} % a year as advised, {:+.1f} % by holding",
                  test.at("sessions").get<int>(), percent_of_share(test.at("advised").at("annual_return")),
                  percent_of_share(test.at("buy_and_hold").at("annual_return")))};
  show.json = {{"session", j.at("session")}, {"advice", j.at("advice")}, {"confidence", confidence}, {"tail", tail}};
  return show;
}

DeskShow credit(const fs::path& folder, const std::string& store) {
  DeskShow show;
  show.heading = "Credit: three applications (1,500 simulated borrowers to learn from)";
  base::write_file_atomic(folder / "borrowers.csv", demo_borrowers());
  base::write_file_atomic(folder / "applications.csv", demo_applications());
  base::write_file_atomic(folder / "policy.toml", demo_credit_policy());
  const Json model = base::parse_json(answer(show,
                                             {"credit", "train", "--data", "borrowers.csv", "--label", "outcome",
                                              "--bad", "default", "--protected", "age", "--output", "credit-model"},
                                             folder, store),
                                      "credit train");
  show.lines.push_back(fmt::format("{} has the least log loss of {} candidates",
                                   model.at("champion").get<std::string>(), model.at("candidates").size()));
  std::vector<std::string> outcomes;
  for (const Json& row : json_lines(answer(
           show,
           {"credit", "decide", "--model", "credit-model", "--policy", "policy.toml", "--data", "applications.csv"},
           folder, store))) {
    outcomes.push_back(row.at("outcome"));
    std::string line = fmt::format("{:<8} PD {:.1f} % [{:.1f}, {:.1f}], grade {}", outcomes.back(),
                                   percent_of_share(row.at("pd")), percent_of_share(row.at("interval")[0]),
                                   percent_of_share(row.at("interval")[1]), row.at("grade").get<std::string>());
    if (outcomes.back() == "approve") {
      line += fmt::format(": {} {} at {:.2f} %", row.at("amount").get<std::string>(),
                          row.at("currency").get<std::string>(), percent_of_share(row.at("rate")));
    } else if (!row.at("reasons").empty()) {
      line += ": " + row.at("reasons")[0].at("text").get<std::string>();
    }
    show.lines.push_back(line);
    show.json["decisions"].push_back(row);
  }
  show.result = fmt::format("{}", fmt::join(outcomes, ", "));
  show.json["champion"] = model.at("champion");
  return show;
}

DeskShow liquidity(const fs::path& folder, const std::string& store) {
  DeskShow show;
  show.heading = "Liquidity: a small bank, its buffers and a run on deposits";
  base::write_file_atomic(folder / "cash_flows.csv", demo_cash_flows());
  base::write_file_atomic(folder / "balance.csv", demo_liquidity_table());
  base::write_file_atomic(folder / "stress.toml", demo_liquidity_scenarios());
  Json j = base::parse_json(answer(show,
                                   {"liquidity", "--cashflows", "cash_flows.csv", "--table", "balance.csv",
                                    "--scenarios", "stress.toml", "--signals", "--as-of", "2026-03-06"},
                                   folder, store),
                            "liquidity");
  const std::string level = j.at("early_warning").at("level");
  show.result = "early warning " + level;
  show.lines.push_back(fmt::format("LCR {:.0f} %, NSFR {:.0f} %, early warning {}",
                                   percent_of_share(j.at("lcr").at("ratio")),
                                   percent_of_share(j.at("nsfr").at("ratio")), level));
  for (const Json& s : j.at("survival")) {
    show.lines.push_back(fmt::format("survives {}{} days: {}", s.at("beyond_horizon").get<bool>() ? "at least " : "",
                                     s.at("days").get<int>(), s.at("scenario").get<std::string>()));
  }
  show.json = {{"lcr", j.at("lcr").at("ratio")},
               {"nsfr", j.at("nsfr").at("ratio")},
               {"survival", j.at("survival")},
               {"early_warning", j.at("early_warning")}};
  return show;
}

DeskShow operations(const fs::path& folder, const std::string& store) {
  DeskShow show;
  show.heading = "Operations: what a payment gateway's log says only once";
  base::write_file_atomic(folder / "gateway.log", demo_log());
  std::map<std::string, std::pair<int, std::string>> templates;  // text: lines, the line it was last seen on
  int lines = 0;
  for (const Json& row : json_lines(answer(show, {"operations", "templates", "gateway.log"}, folder, store))) {
    auto& [count, last] = templates[row.at("template").get<std::string>()];
    ++count, ++lines;
    last = std::to_string(row.at("line").get<std::int64_t>());
  }
  const auto rare = std::min_element(templates.begin(), templates.end(),
                                     [](const auto& a, const auto& b) { return a.second.first < b.second.first; });
  show.result = fmt::format("{} lines, {} templates", lines, templates.size());
  show.lines = {fmt::format("{} lines say {} things; line {} is alone:", lines, templates.size(), rare->second.second),
                rare->first};
  show.json = {{"lines", lines}, {"templates", templates.size()}, {"rarest", rare->first}};
  return show;
}

DeskShow fraud(const fs::path& folder, const std::string& store) {
  DeskShow show;
  show.heading = "Fraud: three card payments (900 simulated ones to learn from)";
  base::write_file_atomic(folder / "payments.csv", demo_transactions());
  base::write_file_atomic(folder / "new_payments.csv", demo_new_transactions());
  base::write_file_atomic(folder / "rules.toml", demo_fraud_rules());
  answer(show, {"operations", "fraud",   "train", "--data",  "payments.csv", "--label",  "fraud",      "--fraud",
                "1",          "--id",    "tx",    "--time",  "at",           "--group",  "card",       "--amount",
                "amount",     "--folds", "3",     "--rules", "rules.toml",   "--output", "fraud-model"},
         folder, store);
  std::vector<std::string> actions;
  for (const Json& row :
       json_lines(answer(show, {"operations", "fraud", "score", "--model", "fraud-model", "--data", "new_payments.csv"},
                         folder, store))) {
    actions.push_back(row.at("action"));
    std::string why = "no rule, no reason";
    if (!row.at("reasons").empty()) why = row.at("reasons")[0].at("text");
    if (!row.at("rules").empty()) why = "rule \"" + row.at("rules")[0].at("name").get<std::string>() + "\"";
    show.lines.push_back(fmt::format("{:<5} {:<7} fraud with probability {:.3f}: {}",
                                     row.at("subject").get<std::string>(), actions.back(),
                                     row.at("probability").get<double>(), why));
    show.json.push_back(row);
  }
  show.result = fmt::format("{}", fmt::join(actions, ", "));
  return show;
}

DeskShow customers(const fs::path& folder, const std::string& store) {
  DeskShow show;
  show.heading = "Customers: which complaint to read first";
  base::write_file_atomic(folder / "complaints.csv", demo_complaints());
  int urgent = 0, all = 0;
  for (const Json& row :
       json_lines(answer(show, {"customers", "complaints", "complaints.csv", "--by-urgency"}, folder, store))) {
    const std::string urgency = row.at("urgency");
    urgent += urgency == "urgent" ? 1 : 0;
    ++all;
    std::string why;
    for (const Json& reason : row.at("reasons")) {
      if (reason.at("quote").get<std::string>().empty()) continue;
      why += fmt::format("{}{} (\"{}\")", why.empty() ? ": " : ", ", reason.at("code").get<std::string>(),
                         reason.at("quote").get<std::string>());
    }
    show.lines.push_back(fmt::format("line {}: {}, {}{}", row.at("row").get<std::int64_t>(), urgency,
                                     row.at("sentiment").get<std::string>(), why));
    show.json.push_back(row);
  }
  show.result = fmt::format("{} of {} complaints urgent", urgent, all);
  return show;
}

DeskShow advise(const fs::path& folder, const std::string& store) {
  DeskShow show;
  show.heading = "Advice: a client's portfolio against what he can bear (simulated funds)";
  base::write_file_atomic(folder / "funds.csv", demo_funds());
  base::write_file_atomic(folder / "holdings.csv", demo_holdings());
  base::write_file_atomic(folder / "client.toml", demo_answers());
  const Json j = base::parse_json(answer(show,
                                         {"advise", "--portfolio", "holdings.csv", "--prices", "funds.csv", "--profile",
                                          "client.toml", "--index", "INDEX", "--window", "500"},
                                         folder, store),
                                  "advise");
  const std::string outcome = j.at("outcome"), currency = j.at("currency");
  std::string breaches;
  for (const Json& b : j.at("breaches")) {
    const std::string subject = b.at("subject");
    breaches +=
        (breaches.empty() ? "" : ", ") + b.at("limit").get<std::string>() + (subject.empty() ? "" : " of " + subject);
  }
  show.result = fmt::format("{}: {}", outcome, breaches.empty() ? "no limit breached" : "limits breached");
  show.lines.push_back(fmt::format("{}; limits breached: {}", outcome, breaches.empty() ? "none" : breaches));
  for (const Json& p : j.at("positions")) {
    show.lines.push_back(fmt::format("{:<5} {} from {:.1f} % to {:.1f} %", p.at("verdict").get<std::string>(),
                                     p.at("instrument").get<std::string>(), percent_of_share(p.at("weight")),
                                     percent_of_share(p.at("target"))));
  }
  show.lines.push_back(fmt::format(
      "volatility {:.1f} % to {:.1f} % a year, mean loss on the worst days {:.1f} % to {:.1f} %; cost {} {}",
      percent_of_share(j.at("before").at("volatility")), percent_of_share(j.at("after").at("volatility")),
      percent_of_share(j.at("before").at("cvar")), percent_of_share(j.at("after").at("cvar")),
      j.at("cost").get<std::string>(), currency));
  for (const char* key : {"decision_id", "outcome", "breaches", "positions", "before", "after", "cost", "currency"}) {
    show.json[key] = j.at(key);
  }
  return show;
}

DeskShow assist(const fs::path& folder, const std::string& store) {
  DeskShow show;
  show.heading = "Assistant: two questions to an invented bank, and one that is for a person";
  std::string outcomes;
  for (const char* question : {"What does a replacement card cost?", "白金信用卡年费是多少？",
                               "My name is Sarah Wilson, what is my balance?"}) {
    const Json j = base::parse_json(answer(show, {"assist", "--question", question}, folder, store), "assist");
    const std::string outcome = j.at("outcome"), text = j.at("text");
    outcomes += (outcomes.empty() ? "" : ", ") + outcome;
    const bool cited = !j.at("citations").empty();
    show.lines.push_back(fmt::format("{}: {}{}", outcome, cited ? "from " : j.at("question").get<std::string>(),
                                     cited ? j.at("citations")[0].at("source").get<std::string>() + ", " +
                                                 j.at("citations")[0].at("heading").get<std::string>()
                                           : ""));
    if (cited) {
      for (const std::string& line : wrapped(text)) show.lines.push_back("  " + line);
    }
    show.json.push_back(j);
  }
  show.result = outcomes;
  return show;
}

DeskShow audit(const fs::path& folder, const std::string& store) {
  DeskShow show;
  show.heading = "Governance: the trail of all that";
  const Json j = base::parse_json(answer(show, {"govern", "audit", "verify"}, folder, store), "govern audit");
  show.result = fmt::format("{} entries, {}", j.at("entries").get<std::int64_t>(),
                            j.at("intact").get<bool>() ? "intact" : "broken");
  show.lines.push_back(fmt::format("{} entries and {} records hold; the chain's head is {}",
                                   j.at("entries").get<std::int64_t>(), j.at("records").get<std::int64_t>(),
                                   j.at("head").get<std::string>().substr(0, 16)));
  show.json = j;
  return show;
}

}  // namespace

const std::vector<Desk>& demo_desks() {
  static const std::vector<Desk> desks = {{"forecast", "Forecasting an index", forecast},
                                          {"credit", "Deciding three applications", credit},
                                          {"liquidity", "Measuring a bank's liquidity", liquidity},
                                          {"operations", "Reading a payment gateway's log", operations},
                                          {"fraud", "Judging three card payments", fraud},
                                          {"customers", "Sorting four complaints", customers},
                                          {"advise", "Advising on a portfolio", advise},
                                          {"assist", "Answering three customers", assist},
                                          {"audit", "Verifying the audit trail", audit}};
  return desks;
}

}  // namespace ballast::apps
