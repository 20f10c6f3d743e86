// SPDX-License-Identifier: Apache-2.0
#include "demo_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>

#include "marked_text.h"
#include "model_figures.h"
#include "own_command.h"
#include "scan_report.h"

namespace ballast::apps {
namespace {

constexpr std::size_t kDemoReportShown = 10;     // signals in the table
constexpr std::size_t kDemoReportColumns = 100;  // of the terminal that the layout is made for
constexpr std::size_t kTrendDocuments = 3;       // of an entity, before a trend is worth a line

struct Ranked {
  const risk::Scanned* scanned;
  const risk::Signal* signal;
};

/// Listed signals: the most severe documents first, then the most probable; feed order decides ties.
std::vector<Ranked> ranked_signals(const DemoRun& run) {
  std::vector<Ranked> ranked;
  for (const auto& scanned : run.scanned) {
    for (const auto& signal : scanned.risk.signals) {
      if (signal.listed) ranked.push_back({&scanned, &signal});
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    const int x = a.scanned->risk.severity, y = b.scanned->risk.severity;
    return x != y ? x > y : a.signal->probability > b.signal->probability;
  });
  return ranked;
}

std::string signals_of(std::size_t count) {
  return fmt::format("{} {}", count, count == 1 ? "signal" : "signals");
}

bool has_risk(const risk::DocumentRisk& risk) {
  return std::any_of(risk.signals.begin(), risk.signals.end(), [](const auto& s) { return s.listed; });
}

struct KindCounts {
  std::int64_t signals = 0;
  std::array<std::int64_t, 4> by_severity{};
};
struct LanguageCounts {
  std::int64_t documents = 0, with_risk = 0, signals = 0;
};
struct Trend {
  std::string entity, direction;
  std::int64_t documents = 0;
  std::vector<int> severity;  // the worst of each day; -1 without news
};
struct Summary {
  std::map<std::string, KindCounts> kinds;
  std::map<std::string, LanguageCounts> languages;
  std::int64_t with_risk = 0, signals = 0;
  std::vector<std::string> days;
  std::vector<Trend> trends;
};

/// Rising or easing: the mean severity of the later half of the days with news against the earlier half.
std::string direction_of(const std::vector<int>& severity) {
  std::vector<int> known;
  std::copy_if(severity.begin(), severity.end(), std::back_inserter(known), [](int s) { return s >= 0; });
  const std::size_t half = known.size() / 2;
  if (half == 0) return "one day";
  double early = 0, late = 0;
  for (std::size_t i = 0; i < half; ++i) {
    early += known[i];
    late += known[known.size() - 1 - i];
  }
  return late > early ? "rising" : late < early ? "easing" : "steady";
}

std::vector<Trend> trends_of(const DemoRun& run, const std::vector<std::string>& days) {
  std::map<std::string, Trend> found;
  for (const auto& scanned : run.scanned) {
    std::set<std::string> names;
    for (const auto& e : scanned.risk.entities) names.insert(e.canonical);
    const auto day = std::find(days.begin(), days.end(), scanned.document.published_at.substr(0, 10)) - days.begin();
    for (const std::string& name : run.watched) {
      if (!names.contains(name)) continue;
      Trend& trend = found[name];
      trend.entity = name;
      trend.severity.resize(days.size(), -1);
      ++trend.documents;
      int& worst = trend.severity.at(static_cast<std::size_t>(day));
      worst = std::max(worst, has_risk(scanned.risk) ? scanned.risk.severity : 0);
    }
  }
  std::vector<Trend> trends;
  for (const std::string& name : run.watched) {
    if (!found.contains(name) || found[name].documents < static_cast<std::int64_t>(kTrendDocuments)) continue;
    trends.push_back(found[name]);
    trends.back().direction = direction_of(trends.back().severity);
  }
  return trends;
}

Summary summarise(const DemoRun& run) {
  Summary summary;
  std::set<std::string> days;
  for (const auto& scanned : run.scanned) {
    const risk::DocumentRisk& risk = scanned.risk;
    days.insert(scanned.document.published_at.substr(0, 10));
    LanguageCounts& language = summary.languages[risk.lang];
    ++language.documents;
    language.with_risk += has_risk(risk);
    summary.with_risk += has_risk(risk);
    for (const auto& signal : risk.signals) {
      if (!signal.listed) continue;
      ++language.signals;
      ++summary.signals;
      KindCounts& kind = summary.kinds[signal.risk];
      ++kind.signals;
      ++kind.by_severity[static_cast<std::size_t>(std::clamp(risk.severity, 0, 3))];
    }
  }
  summary.days.assign(days.begin(), days.end());
  summary.trends = trends_of(run, summary.days);
  return summary;
}

std::string entity_of(const risk::DocumentRisk& risk) {
  for (const auto& e : risk.entities) {
    if (e.kind != "money" && e.kind != "date") return e.canonical;
  }
  return "";
}

void line(const std::string& text = "") {
  std::printf("%s\n", text.c_str());
}

class Page {
 public:
  explicit Page(bool colour) : colour_(colour) {}

  void heading(const std::string& text) const {
    line();
    line(colour_ ? "\033[1m" + text + kResetColour : text);
  }

  void signals(const std::vector<Ranked>& ranked) const {
    const std::size_t shown = std::min(kDemoReportShown, ranked.size());
    heading(shown < ranked.size() ? fmt::format("The {} most severe of {} signals", shown, ranked.size())
                                  : fmt::format("All {} found, the most severe first", signals_of(shown)));
    line(fmt::format("    {:<10}{:<30}{:<16}{:<10}{}", "severity", "risk", "probability", "sentiment", "entity"));
    for (std::size_t i = 0; i < shown; ++i) signal(i + 1, ranked[i]);
  }

  void counts(const Summary& summary) const {
    heading("By risk kind                                                By language");
    std::vector<std::string> left{
        fmt::format("{:<14}{:>8}{:>8}{:>10}{:>10}", "", "signals", "watch", "material", "critical")};
    for (const auto& [name, kind] : summary.kinds) {
      left.push_back(fmt::format("{:<14}{:>8}{:>8}{:>10}{:>10}", name, kind.signals, kind.by_severity[1],
                                 kind.by_severity[2], kind.by_severity[3]));
    }
    std::vector<std::string> right{fmt::format("{:<8}{:>10}{:>11}{:>9}", "", "documents", "with risk", "signals")};
    for (const auto& [name, language] : summary.languages) {
      right.push_back(
          fmt::format("{:<8}{:>10}{:>11}{:>9}", name, language.documents, language.with_risk, language.signals));
    }
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
      const std::string l = i < left.size() ? left[i] : "";
      line("  " + (i < right.size() ? padded(l, 58) + right[i] : l));
    }
  }

  void trends(const Summary& summary) const {
    if (summary.trends.empty()) return;
    heading("By name on the watch-list: the worst severity of each day");
    std::string days;
    for (const auto& day : summary.days) days += fmt::format("{:<7}", day.substr(5));
    line(fmt::format("  {:<26}{}  {:<9}{}", "", days, "news", "severity"));
    for (const Trend& trend : summary.trends) {
      std::string cells;
      for (const int s : trend.severity) cells += coloured(s, padded(bar(s), 7));
      line(fmt::format("  {}{}  {:<9}{}", padded(trend.entity, 26), cells, trend.documents, trend.direction));
    }
    line("  · no news   ▁ none   ▃ watch   ▅ material   █ critical");
  }

 private:
  static const char* bar(int severity) {
    constexpr const char* kBars[] = {"·", "▁", "▃", "▅", "█"};
    return kBars[std::clamp(severity + 1, 0, 4)];
  }

  std::string coloured(int severity, const std::string& text) const {
    if (!colour_) return text;
    // The block colour of "critical" would swallow the bar itself.
    return std::string(severity >= 3 ? "\033[1;91m" : severity_colour(std::max(0, severity))) + text + kResetColour;
  }

  void signal(std::size_t rank, const Ranked& r) const {
    const risk::DocumentRisk& risk = r.scanned->risk;
    const risk::Signal& s = *r.signal;
    const std::string severity = severity_name(risk.severity);
    const std::string shown = colour_ ? severity_colour(risk.severity) + severity + kResetColour : severity;
    const std::string kind = s.basel.empty() ? s.risk : s.risk + " (" + s.basel + ")";
    const std::string probability =
        fmt::format("{} % [{}, {}]", percent(s.probability), percent(s.interval[0]), percent(s.interval[1]));
    line();
    line(fmt::format("{:>2}  {}{}{:<30}{:<16}{:<10}{}", rank, shown, std::string(10 - severity.size(), ' '), kind,
                     probability, risk.sentiment, entity_of(risk)));
    MarkOptions marks;
    marks.colour = colour_;
    marks.columns = kDemoReportColumns - 4;
    for (const std::string& text : mark_evidence(r.scanned->document.text, evidence_spans(s), marks))
      line("    " + text);
  }

  bool colour_;
};

/// What to type for this program from any folder: the word on the path, else the whole path.
std::string program() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  std::string name;
  std::getline(in, name, '\0');
  if (!name.empty() && name.find('/') == std::string::npos) return name;
  std::error_code failed;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? "ballast" : path.string();
}

/// The store's URL as seen from the run's folder.
std::string store_from_folder(const DemoRun& run) {
  constexpr std::string_view kScheme = "sqlite:";
  if (!run.store.starts_with(kScheme) || run.store.ends_with(":memory:")) return run.store;
  const std::filesystem::path file = std::filesystem::absolute(run.store.substr(kScheme.size()));
  return std::string(kScheme) + (file.parent_path() == run.folder ? file.filename() : file).string();
}

void print_reading() {
  line("  A probability of 80 % means: of a hundred texts that score so, about eighty carry that risk. It");
  line("  was calibrated on texts that the model had not learnt from; on other kinds of text, check it. In");
  line("  brackets stands its 90 % interval. Marked words speak for the risk. Severity: watch is mild,");
  line("  material moves plan, price or capital, critical threatens solvency, licence or the working of a");
  line("  market. A signal is a reading aid, not advice.");
}

void print_model(const DemoRun& run) {
  line("  " + run.model + "  in " + run.model_folder.lexically_normal().string());
  std::error_code ignored;
  const auto card = run.model_folder / "README.md";
  if (std::filesystem::exists(card, ignored))
    line("  its card, with what it was trained on: " + card.lexically_normal().string());
  const auto figures = model_figures(run.model_folder);
  if (figures.empty()) line("  it comes without test figures: measure it with `ballast evaluate`");
  for (const auto& figure : figures) line("  " + figure);
}

void print_next(const DemoRun& run) {
  const std::string ballast = shell_quoted(program()), store = " --store " + shell_quoted(store_from_folder(run));
  const std::string model = shell_quoted(std::filesystem::absolute(run.model_folder).lexically_normal().string());
  line("  cd " + shell_quoted(run.folder.string()));
  line("  # text of your own: lines on standard input, or files and folders (txt, csv, jsonl)");
  line("  printf 'Bank halts withdrawals\\n某银行暂停取款\\n' | " + ballast + " scan -" + store);
  line("  # the same feed again, every kind with its probability, as JSON; nothing is scored twice");
  line("  " + ballast + " scan feed.csv --watchlist watchlist.csv --all --json" + store);
  for (const auto& [key, show] : run.desks) {
    if (key != "credit") continue;
    const std::string id = show.json.at("decisions")[0].at("decision_id");
    line("  # why the first application was decided so, and the same decision again, bit for bit");
    line("  " + ballast + " explain " + id + store);
    line("  " + ballast + " replay " + id + store);
  }
  line("  # the dashboard, for a browser on this machine; Ctrl-C ends it: " + ballast + " serve" + store);
  line("  # the steps of text preparation, and the tokens that the model reads");
  line("  echo 央行上调利率 | " + ballast + " preprocess");
  line("  echo 央行上调利率 | " + ballast + " tokenize --model " + model);
  line("  # this machine: products, training, scanning");
  line("  " + ballast + " bench");
  line("  # a model of your own from labelled rows");
  line("  " + ballast + " train --help");
}

void print_desks(const Page& page, const DemoRun& run) {
  for (const auto& [key, show] : run.desks) {
    page.heading(show.heading);
    for (const std::string& command : show.commands) line("  $ ballast " + command);
    for (const std::string& text : show.lines) line("    " + text);
  }
}

}  // namespace

void print_demo(const DemoRun& run) {
  const Summary summary = summarise(run);
  const Page page(isatty(STDOUT_FILENO) != 0);
  page.signals(ranked_signals(run));
  page.counts(summary);
  page.trends(summary);
  print_desks(page, run);
  page.heading("How to read this");
  print_reading();
  page.heading("The model");
  print_model(run);
  page.heading("Try next");
  print_next(run);
}

base::Json demo_json(const DemoRun& run) {
  base::Json documents = base::Json::array();
  for (const auto& s : run.scanned) documents.push_back(base::parse_json(risk::to_json_row(s.risk, false), "scan row"));
  const Summary counted = summarise(run);
  base::Json summary = {{"model", run.model},
                        {"model_folder", run.model_folder.lexically_normal().string()},
                        {"folder", run.folder.string()},
                        {"store", run.store},
                        {"documents", run.scanned.size()},
                        {"new", run.stored.added},
                        {"rejected", run.read.quarantined},
                        {"with_risk", counted.with_risk},
                        {"signals", counted.signals},
                        {"by_risk", base::Json::object()},
                        {"by_language", base::Json::object()},
                        {"trends", base::Json::array()}};
  for (const auto& [name, kind] : counted.kinds) {
    summary["by_risk"][name] = {{"signals", kind.signals},
                                {"watch", kind.by_severity[1]},
                                {"material", kind.by_severity[2]},
                                {"critical", kind.by_severity[3]}};
  }
  for (const auto& [name, language] : counted.languages) {
    summary["by_language"][name] = {
        {"documents", language.documents}, {"with_risk", language.with_risk}, {"signals", language.signals}};
  }
  for (const Trend& trend : counted.trends) {
    base::Json days = base::Json::object();
    for (std::size_t d = 0; d < trend.severity.size(); ++d) {
      if (trend.severity[d] >= 0) days[counted.days[d]] = trend.severity[d];
    }
    summary["trends"].push_back({{"entity", trend.entity},
                                 {"documents", trend.documents},
                                 {"severity_by_day", days},
                                 {"direction", trend.direction}});
  }
  base::Json timings = base::Json::object();
  for (const auto& [step, seconds] : run.timings) timings[step] = seconds;
  base::Json desks = base::Json::object();
  for (const auto& [key, show] : run.desks) desks[key] = show.json;
  return {{"documents", documents}, {"summary", summary}, {"desks", desks}, {"timings", timings}};
}

}  // namespace ballast::apps
