// SPDX-License-Identifier: Apache-2.0
// The models and files in service, opened once at the start.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ballast/decide/credit_desk.h"
#include "ballast/decide/fraud_desk.h"
#include "ballast/lm/chat.h"
#include "ballast/lm/classifier.h"
#include "ballast/lm/embed.h"
#include "ballast/lm/generate.h"
#include "ballast/risk/entities.h"
#include "ballast/risk/market.h"
#include "ballast/risk/operations_log_windows.h"
#include "ballast/risk/scan.h"
#include "ballast/serve/app.h"
#include "ballast/text/tokenizer.h"

namespace ballast::serve {

/// A model as GET /v1/models shows it.
struct ServedModel {
  std::string id, kind, folder;  // kind: risk, causal, credit, fraud, log_windows
  std::string sha256;
  std::int64_t created = 0;  // seconds since 1970: when its folder was written
};

/// One column of a price file.
struct Instrument {
  std::string id, file, column;  // id: "sp500:close"
  risk::PriceSeries series;
};

class Desks {
 public:
  /// Opens what the options name. Throws what opening throws.
  explicit Desks(App& app);
  ~Desks();

  // Each throws Problem 501 naming the option where there is none, 404 where the name is not one of several.
  const std::shared_ptr<const lm::TextClassifier>& classifier() const;
  risk::Scorer scorer() const;
  const decide::CreditDesk& credit(const std::string& id) const;
  const decide::FraudDesk& fraud() const;
  const risk::LogWindowModel& log_windows() const;
  const Instrument& instrument(const std::string& id) const;
  const lm::Embedder& embedder(const std::string& id) const;

  /// Generates with a model; texts of several requests grow together. An empty id: the first one.
  lm::Generation generate(const std::string& id, std::string_view prompt, const lm::GenerateOptions& options,
                          const std::function<void(std::string_view)>& on_text);
  /// The id of the causal model that answers for `id`.
  std::string causal_id(const std::string& id) const;

  /// How its conversations are written; null where the model has no form of its own.
  const lm::ChatTemplate* chat_template(const std::string& id) const;

  /// Tokens of a text as the causal model reads it.
  std::int64_t tokens_of(const std::string& id, std::string_view text) const;

  bool scans() const { return classifier_ != nullptr; }
  bool has_policy() const { return !policy_.empty(); }
  /// What this service can do: {"scan":true,…}.
  base::Json features() const;
  const risk::WatchList* watch_list() const { return watch_list_.size() > 0 ? &watch_list_ : nullptr; }
  const std::vector<ServedModel>& models() const { return models_; }
  const std::vector<Instrument>& instruments() const { return instruments_; }
  const std::string& log_model_hash() const { return log_hash_; }

 private:
  struct Causal {
    Causal(std::string name, const std::string& folder);
    std::string id;
    lm::Generator generator;
    text::Tokenizer tokenizer;
    std::optional<lm::ChatTemplate> form;
  };
  void add_model(App& app, const std::string& kind, const std::string& folder, const std::string& sha256);
  void open_credit(App& app);
  void open_operations(App& app);
  void open_prices(const std::vector<std::string>& files);
  void open_texts(App& app);

  std::shared_ptr<const lm::TextClassifier> classifier_;
  risk::WatchList watch_list_;
  std::string policy_, log_hash_;
  std::vector<std::pair<std::string, std::unique_ptr<decide::CreditDesk>>> credits_;
  std::unique_ptr<decide::FraudDesk> fraud_;
  std::optional<risk::LogWindowModel> log_windows_;
  std::vector<Instrument> instruments_;
  std::vector<std::unique_ptr<Causal>> causal_;
  std::vector<std::pair<std::string, lm::Embedder>> embedders_;
  std::vector<ServedModel> models_;
};

}  // namespace ballast::serve
