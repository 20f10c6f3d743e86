// SPDX-License-Identifier: Apache-2.0
// ballast watch SOURCE…: documents as they come, scored and stored; alerts as signals arise.
//
// Each look takes what came, scores and stores it in one transaction, saves where reading stands together with the
// alerts that are due, shows them, and marks them as shown. Killed at any moment, an alert is shown at least once.
#include "watch.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <unordered_set>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/base/interrupt.h"
#include "ballast/base/parallel.h"
#include "ballast/ingest/live.h"
#include "ballast/risk/chat_scorer.h"
#include "ballast/risk/scan.h"
#include "default_model.h"
#include "masking.h"
#include "watch_sinks.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr const char* kWatchFormat = "ballast-watch-texts-1";
constexpr double kSaveSeconds = 0.25;       // between two saves while texts come
constexpr std::size_t kRemembered = 20000;  // documents whose repetition is seen without asking the store

struct WatchVerbArguments {
  std::vector<std::string> sources, risks;
  std::string model, watch_list, state, file, command;
  int severity = 1;
  double interval = 0.02, feed_interval = 60;
  std::int64_t batch = 64;
  bool once = false, open_cases = false;
};

struct TextAlert {
  std::string id;
  Json json;          // what is shown with --json
  std::string words;  // the same for people
};

/// The last documents that came, by id.
class Recent {
 public:
  bool seen(const std::string& id) {
    if (!ids_.insert(id).second) return true;
    order_.push_back(id);
    if (order_.size() > kRemembered) {
      ids_.erase(order_.front());
      order_.pop_front();
    }
    return false;
  }

 private:
  std::unordered_set<std::string> ids_;
  std::deque<std::string> order_;
};

Json signals_json(const std::vector<const risk::Signal*>& due) {
  Json out = Json::array();
  for (const risk::Signal* s : due) {
    Json evidence = Json::array();
    for (const auto& e : s->evidence)
      evidence.push_back({{"start", e.start}, {"end", e.end}, {"text", e.text}, {"weight", e.weight}});
    out.push_back({{"id", s->id},
                   {"risk", s->risk},
                   {"probability", s->probability},
                   {"interval", s->interval},
                   {"basel", s->basel},
                   {"evidence", evidence}});
  }
  return out;
}

/// What a document is an alert for; nothing where it is none.
std::optional<TextAlert> alert_of(const risk::Scanned& one, const WatchVerbArguments& a) {
  if (one.risk.severity < a.severity) return std::nullopt;
  std::vector<const risk::Signal*> due;
  for (const risk::Signal& s : one.risk.signals) {
    const bool wanted = a.risks.empty() || std::find(a.risks.begin(), a.risks.end(), s.risk) != a.risks.end();
    if (s.listed && wanted) due.push_back(&s);
  }
  if (due.empty()) return std::nullopt;
  TextAlert alert;
  alert.id = base::sha256_hex("signal|" + one.risk.document_id + "|" + one.risk.model).substr(0, 16);
  Json entities = Json::array();
  for (const risk::Entity& e : one.risk.entities)
    entities.push_back({{"text", e.text}, {"kind", e.kind}, {"canonical", e.canonical}});
  alert.json = {{"alert_id", alert.id},
                {"document_id", one.risk.document_id},
                {"source", one.document.source},
                {"line", one.document.line},
                {"text", one.document.text},
                {"published_at", one.document.published_at},
                {"lang", one.risk.lang},
                {"severity", one.risk.severity},
                {"sentiment", one.risk.sentiment},
                {"signals", signals_json(due)},
                {"entities", entities},
                {"model", one.risk.model}};
  for (const auto& [name, value] : one.document.fields) {
    if (name == "sent_at" || name == "link") alert.json[name] = value;
  }
  constexpr const char* kSeverity[] = {"none", "watch", "material", "critical"};
  std::string kinds;
  for (const risk::Signal* s : due)
    kinds += fmt::format("{}{} {:.2f}", kinds.empty() ? "" : ", ", s->risk, s->probability);
  std::string text = one.document.text.substr(0, one.document.text.find('\n'));
  alert.words = fmt::format("[{}] {}  {}", kSeverity[one.risk.severity], kinds, text);
  return alert;
}

struct WatchCounts {
  std::int64_t documents = 0, repeated = 0, set_aside = 0, alerts = 0;
};

class Watch {
 public:
  Watch(const WatchVerbArguments& a, const Common& common)
      : a_(a), common_(common), sinks_(common, a.file, a.command), store_(store::Store::open(common.store)) {
    if (!a.watch_list.empty()) names_ = risk::WatchList::read(a.watch_list);
    const auto folder = a.model.empty() ? default_model() : std::filesystem::path(a.model);
    risk::Scorer scorer = risk::open_scorer(folder);
    model_ = scorer.model;
    risk::ScanOptions options;
    options.seed = common.seed;
    options.watch_list = a.watch_list.empty() ? nullptr : &names_;
    scan_ = std::make_unique<risk::Scan>(store_, std::move(scorer), options,
                                         [this](const risk::Scanned& one) { take(one); });
  }

  void run() {
    const Json was = read_state();
    ingest::LiveOptions options;
    options.feed_seconds = a_.feed_interval;
    ingest::Live live(a_.sources, options, was.is_null() ? Json() : base::json_field<Json>(was, "reading", a_.state),
                      [this](const std::string& note) { say(common_, note); });
    // After a crash what was not saved comes again, and its alerts may not have been shown.
    repeated_ = !was.is_null() && !base::json_field<bool>(was, "clean", a_.state);
    save(live, false);
    const ingest::DocumentSink documents = [this](ingest::Document&& d) { add(std::move(d)); };
    const ingest::QuarantineSink quarantine = [this](const ingest::Quarantined& q) { set_aside(q); };
    bool unsaved = false;
    while (!base::interrupted()) {
      const bool came = live.poll(documents, quarantine, a_.batch);
      const bool last = !came && (a_.once || live.ended());
      if (last && a_.state.empty()) live.finish(documents, quarantine);
      if (came || last) show();
      unsaved = unsaved || came;
      if (unsaved && (!came || saved_.seconds() > kSaveSeconds)) {
        save(live, false);
        unsaved = false;
      }
      if (!came) repeated_ = false;
      if (last) break;
      if (!came) live.wait(a_.interval);
    }
    save(live, true);
    finish();
  }

 private:
  Json read_state() const {
    if (a_.state.empty() || !std::filesystem::exists(a_.state)) return nullptr;
    Json state = base::read_json(a_.state);
    if (base::json_field<std::string>(state, "format", a_.state) != kWatchFormat) {
      throw Error(ErrorCode::bad_input, "is not the state of a watch of texts", a_.state);
    }
    if (base::json_field<std::string>(state, "model", a_.state) != model_) {
      throw Error(ErrorCode::bad_input, "is the state of a watch with another model", a_.state,
                  "another --state file, or remove it to start again");
    }
    return state;
  }

  void save(const ingest::Live& live, bool clean) {
    saved_ = base::Stopwatch();
    if (a_.state.empty()) return;
    const Json state = {{"format", kWatchFormat}, {"model", model_}, {"clean", clean}, {"reading", live.state()}};
    base::write_file_atomic(a_.state, base::dump_json(state) + "\n");
  }

  void add(ingest::Document&& document) {
    ++counts_.documents;
    if (recent_.seen(document.id)) {
      ++counts_.repeated;
      return;
    }
    scan_->add(std::move(document));
  }

  void take(const risk::Scanned& one) {
    counts_.repeated += one.from_store;
    if (one.from_store && !repeated_) return;
    auto alert = alert_of(one, a_);
    if (!alert) return;
    if (one.from_store) alert->json["again"] = true;
    due_.push_back(std::move(*alert));
  }

  void set_aside(const ingest::Quarantined& q) {
    ++counts_.set_aside;
    store_.put_quarantine(std::vector<store::QuarantineRecord>{quarantine_record(q, base::utc_now())});
    if (counts_.set_aside <= 3) say(common_, fmt::format("set aside: {}:{}: {}", q.source, q.line, q.reason));
  }

  /// Stores what came, then shows its alerts.
  void show() {
    scan_->finish();
    for (const TextAlert& alert : due_) {
      if (a_.open_cases) open_case(alert);
      const std::string line = common_.json ? base::dump_json(alert.json) : alert.words;
      // Whoever reads the alerts must see them now, not when a buffer is full.
      if (std::printf("%s\n", line.c_str()) < 0 || std::fflush(stdout) != 0) {
        throw Error(ErrorCode::io, "cannot write the alerts", "standard output");
      }
      delays_.add(alert.json);
      sinks_.send(alert.json);
      ++counts_.alerts;
    }
    due_.clear();
  }

  void open_case(const TextAlert& alert) {
    if (store_.find_case(alert.id)) return;  // opened before we were stopped
    const std::string now = base::utc_now();
    store_.open_case({alert.id, "signal", alert.words, now, {{1, "open", "watch", alert.words, now}}});
  }

  void finish() {
    say(common_,
        fmt::format("{}: {} documents, {} of them known before, {} alerts{}{}",
                    base::interrupted() ? "stopped" : "done", counts_.documents, counts_.repeated, counts_.alerts,
                    counts_.set_aside > 0 ? fmt::format(", {} lines set aside", counts_.set_aside) : "",
                    a_.state.empty() ? "" : "; goes on from " + a_.state));
    if (sinks_.failed() > 0) say(common_, fmt::format("{} alerts did not reach the command", sinks_.failed()));
    if (const std::string delays = delays_.words(); !delays.empty()) say(common_, delays);
  }

  const WatchVerbArguments& a_;
  const Common& common_;
  AlertSinks sinks_;
  Delays delays_;
  store::Store store_;
  risk::WatchList names_;
  std::string model_;
  std::unique_ptr<risk::Scan> scan_;
  Recent recent_;
  std::vector<TextAlert> due_;
  WatchCounts counts_;
  base::Stopwatch saved_;
  bool repeated_ = false;
};

}  // namespace

void add_watch(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("watch", "Follow texts as they come: signals to the store, alerts as they arise");
  const auto a = std::make_shared<WatchVerbArguments>();
  verb->add_option("SOURCE", a->sources,
                   "Files and folders of lines (text or JSON), - for standard input, http(s) addresses of RSS or Atom "
                   "feeds or of JSON lines")
      ->required();
  verb->add_option("--model", a->model, "Model folder (default: $BALLAST_MODEL, else the embedded one)");
  verb->add_option("--watchlist", a->watch_list, "CSV of names to look for: name,aliases (a|b),kind,ticker");
  verb->add_option("--risk", a->risks, "TextAlert for these risk kinds only")->delimiter(',');
  verb->add_option("--min-severity", a->severity,
                   "TextAlert from this severity on: 0 none, 1 watch, 2 material, 3 critical")
      ->check(CLI::Range(0, 3))
      ->capture_default_str();
  verb->add_option("--alert-file", a->file, "Append alerts as JSON lines");
  verb->add_option("--command", a->command, "Run this for each alert, the alert as JSON on its standard input");
  verb->add_option("--state", a->state, "File that remembers how far was read: a later run goes on from there");
  verb->add_option("--interval", a->interval, "Seconds between looks at files when nothing comes")
      ->check(CLI::Range(0.005, 3600.0))
      ->capture_default_str();
  verb->add_option("--feed-interval", a->feed_interval, "Seconds between looks at a feed")
      ->check(CLI::Range(1.0, 86400.0))
      ->capture_default_str();
  verb->add_option("--batch", a->batch, "Documents a look: scored, stored and shown together")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  verb->add_flag("--once", a->once, "Stop at the end of what is there");
  verb->add_flag("--open-cases", a->open_cases, "Open a case in the store for every alert");
  add_common(*verb, common,
             "ballast watch news.jsonl https://example.org/feed.xml --min-severity 2 --state watch.state --command "
             "'mail -s alert desk'");
  verb->callback([a, &common] {
    base::set_threads(common.threads);
    Watch(*a, common).run();
  });
}

}  // namespace ballast::apps
