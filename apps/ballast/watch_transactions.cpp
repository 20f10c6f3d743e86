// SPDX-License-Identifier: Apache-2.0
// Rows of growing CSV or JSONL files to alerts, by a fraud model.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/decide/fraud_desk.h"
#include "ballast/ingest/csv_line.h"
#include "fraud_figures.h"
#include "table_reading.h"
#include "watch_alerts.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::Json;

class TransactionWatch : public LineWatch {
 public:
  TransactionWatch(const std::string& folder, const std::string& rules_text, const std::string& rules_name,
                   const Common& common)
      : desk_(folder, rules_text, rules_name),
        rules_hash_(rules_text.empty() ? "" : base::sha256_hex(rules_text)),
        quarantine_(common),
        sink_(quarantine_.sink()),
        guard_(desk_.model().training().columns, desk_.model().training().costs.amount_column, seconds_now()) {}

  std::string identity() const override { return "transactions " + desk_.model_hash() + " " + rules_hash_; }

  void take(const ingest::TailedLine& line, std::vector<Alert>&) override {
    if (line.text.find_first_not_of(" \t") == std::string::npos) return;
    Source& source = sources_[line.source];
    if (source.generation != line.generation) source = {line.generation, nullptr, ','};
    ingest::Record row;
    row.source = line.source;
    row.line = line.line;
    const auto refuse = [&](const std::string& reason) {
      sink_({line.source, line.line, "", reason, line.text.substr(0, 80)});
    };
    if (line.text.front() == '{') {
      try {
        row.object = base::parse_json(line.text, line.source);
      } catch (const Error& e) {
        return refuse(e.problem());
      }
    } else if (!source.header) {
      source.delimiter = ingest::csv_delimiter(line.text);
      const auto header = ingest::split_csv_line(line.text, source.delimiter);
      if (!header) return refuse("is no header of a table");
      source.header = std::make_shared<const std::vector<std::string>>(*header);
      return;
    } else {
      auto fields = ingest::split_csv_line(line.text, source.delimiter);
      if (!fields || fields->size() != source.header->size()) {
        return refuse(fields ? fmt::format("has {} fields, expected {}", fields->size(), source.header->size())
                             : "has a quote that is not closed");
      }
      row.names = source.header;
      row.values = std::move(*fields);
    }
    ++rows_;
    if (const auto bad = guard_.check(row)) {
      sink_(*bad);
      return;
    }
    waiting_[line.source].push_back({std::move(row), line});
  }

  void flush(std::vector<Alert>& alerts) override {
    for (auto& [source, rows] : waiting_) judge(rows, alerts);
    waiting_.clear();
  }

  Json state() const override {
    Json sources = Json::object();
    for (const auto& [name, source] : sources_) {
      if (!source.header) continue;
      sources[name] = {{"generation", source.generation},
                       {"header", *source.header},
                       {"delimiter", std::string(1, source.delimiter)}};
    }
    return {{"rows", rows_}, {"sources", sources}};
  }

  void resume(const Json& state, const std::string& where) override {
    rows_ = base::json_field<std::int64_t>(state, "rows", where);
    const Json sources = base::json_field<Json>(state, "sources", where);
    for (const auto& [name, json] : sources.items()) {
      const auto delimiter = base::json_field<std::string>(json, "delimiter", where);
      sources_[name] = {base::json_field<std::int64_t>(json, "generation", where),
                        std::make_shared<const std::vector<std::string>>(
                            base::json_field<std::vector<std::string>>(json, "header", where)),
                        delimiter.empty() ? ',' : delimiter.front()};
    }
  }

  std::string summary() const override {
    return fmt::format("{} transactions, {} set aside", rows_, quarantine_.count());
  }

 private:
  struct Source {
    std::int64_t generation = 0;
    std::shared_ptr<const std::vector<std::string>> header;  // CSV, once its first line is there
    char delimiter = ',';
  };
  struct Waiting {
    ingest::Record row;
    ingest::TailedLine line;
  };

  void judge(const std::vector<Waiting>& waiting, std::vector<Alert>& alerts) {
    std::vector<ingest::Record> rows;
    for (const Waiting& w : waiting) rows.push_back(w.row);
    std::vector<decide::FraudCase> cases;
    try {
      cases = desk_.run(std::move(rows), sink_);
    } catch (const Error& e) {
      // A file of another kind among the watched ones must not stop the watch.
      for (const Waiting& w : waiting) sink_({w.row.source, w.row.line, "", e.problem(), ""});
      return;
    }
    std::erase_if(cases, [](const decide::FraudCase& one) { return one.action == "pass"; });
    desk_.explain(cases, false);
    for (const decide::FraudCase& one : cases) {
      const auto at = std::find_if(waiting.begin(), waiting.end(),
                                   [&](const Waiting& w) { return w.line.line == one.record.line; });
      Alert alert;
      alert.kind = "transaction";
      alert.id = alert_id(alert.kind, desk_.model_hash(), at->line);
      alert.json = {{"alert", alert.id}, {"kind", alert.kind}, {"source", at->line.source}, {"line", at->line.line}};
      alert.json.update(desk_.json_of(one, "", false));
      alert.json.erase("row");
      alert.words = desk_.words_of(one);
      alert.decision = desk_.record_of(one, false);
      alerts.push_back(std::move(alert));
    }
  }

  decide::FraudDesk desk_;
  std::string rules_hash_;
  RowQuarantine quarantine_;
  ingest::QuarantineSink sink_;
  risk::TransactionGuard guard_;
  std::map<std::string, Source> sources_;
  std::map<std::string, std::vector<Waiting>> waiting_;
  std::int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<LineWatch> watch_transactions(const std::string& model, const std::string& rules,
                                              const Common& common) {
  const auto saved = std::filesystem::path(model) / risk::kFraudRulesFile;
  const std::string file = !rules.empty() ? rules : std::filesystem::is_regular_file(saved) ? saved.string() : "";
  return std::make_unique<TransactionWatch>(model, file.empty() ? "" : base::read_file(file), file, common);
}

}  // namespace ballast::apps
