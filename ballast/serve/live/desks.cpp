// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/desks.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/decide/log_window_decision.h"
#include "ballast/lm/gguf_model.h"
#include "ballast/risk/credit_terms.h"
#include "ballast/serve/http/problem.h"

namespace ballast::serve {
namespace {

namespace fs = std::filesystem;

/// The last part of a folder's path, which is how people call it.
std::string name_of(const std::string& folder) {
  const fs::path path = fs::path(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::int64_t written(const std::string& folder) {
  struct stat info {};
  return ::stat(folder.c_str(), &info) == 0 ? static_cast<std::int64_t>(info.st_mtime) : 0;
}

/// The one with this name, or the first where no name is given.
template <class Pairs>
auto find_named(Pairs& pairs, const std::string& id, const char* what, const char* option) -> decltype(pairs.begin()) {
  if (pairs.empty()) throw Problem(501, std::string("no ") + what + " is in service", "", option);
  if (id.empty()) return pairs.begin();
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& one) { return one.first == id; });
  if (found == pairs.end()) throw Problem(404, std::string("no ") + what + " is called \"" + id + "\"");
  return found;
}

}  // namespace

Desks::Causal::Causal(std::string name, const std::string& folder)
    : id(std::move(name)), generator(lm::Generator::load(folder)), tokenizer(lm::open_tokenizer(folder)) {
  try {
    form = lm::ChatTemplate::load(folder);
  } catch (const base::Error& e) {
    // No template, or one of an unknown family: conversations are written plainly then.
    if (e.code() != base::ErrorCode::not_found && e.code() != base::ErrorCode::unsupported) throw;
  }
}

Desks::Desks(App& app) {
  const ServeOptions& o = app.options;
  if (!o.watch_list.empty()) watch_list_ = risk::WatchList::read(o.watch_list);
  open_texts(app);
  open_credit(app);
  open_operations(app);
  open_prices(o.prices);
}

Desks::~Desks() = default;

void Desks::add_model(App& app, const std::string& kind, const std::string& folder, const std::string& sha256) {
  const std::string id = name_of(folder);
  for (const ServedModel& model : models_) {
    if (model.id == id) {
      throw base::Error(base::ErrorCode::usage, "two models in service are called \"" + id + "\"", folder,
                        "their folders need different names");
    }
  }
  models_.push_back({id, kind, folder, sha256, written(folder)});
  app.metrics.model(kind, id, sha256);
}

void Desks::open_texts(App& app) {
  const ServeOptions& o = app.options;
  if (!o.risk_model.empty()) {
    const std::string folder = o.risk_model.string();
    classifier_ = std::make_shared<const lm::TextClassifier>(lm::TextClassifier::load(o.risk_model));
    risk::make_scorer(classifier_);  // a model without risks is refused now, not at the first document
    const std::string& identity = classifier_->identity();
    add_model(app, "risk", folder, identity.substr(identity.find('@') + 1));
    embedders_.emplace_back(name_of(folder), lm::Embedder::load(folder));
  }
  for (const std::string& folder : o.causal_models) {
    causal_.push_back(std::make_unique<Causal>(name_of(folder), folder));
    add_model(app, "causal", folder, lm::is_gguf(folder) ? base::sha256_file(folder) : decide::folder_hash(folder));
    embedders_.emplace_back(name_of(folder), lm::Embedder::load(folder));
  }
}

void Desks::open_credit(App& app) {
  const ServeOptions& o = app.options;
  if (!o.credit_policy.empty()) {
    risk::read_policy(o.credit_policy);  // its errors name the file, and an empty one is no policy
    policy_ = base::read_file(o.credit_policy);
  }
  for (const std::string& folder : o.credit_models) {
    // A decision names its model by path: one that holds wherever the next process is started from.
    const std::string path = fs::weakly_canonical(folder).string();
    credits_.emplace_back(name_of(folder), std::make_unique<decide::CreditDesk>(path, policy_, o.credit_policy));
    add_model(app, "credit", path, base::sha256_file(fs::path(folder) / "credit.json"));
  }
}

void Desks::open_operations(App& app) {
  const ServeOptions& o = app.options;
  if (!o.fraud_model.empty()) {
    const std::string rules = o.fraud_rules.empty() ? "" : base::read_file(o.fraud_rules);
    const std::string path = fs::weakly_canonical(o.fraud_model).string();
    fraud_ = std::make_unique<decide::FraudDesk>(path, rules, o.fraud_rules);
    add_model(app, "fraud", path, fraud_->model_hash());
  }
  if (!o.log_model.empty()) {
    const std::string path = fs::weakly_canonical(o.log_model).string();
    log_windows_ = risk::LogWindowModel::load(path);
    log_hash_ = decide::folder_hash(path);
    add_model(app, "log_windows", path, log_hash_);
  }
}

void Desks::open_prices(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    const auto columns = risk::price_columns(file);
    const bool bars = std::find(columns.begin(), columns.end(), "close") != columns.end();
    for (const std::string& column : columns) {
      if (bars && (column == "open" || column == "high" || column == "low")) continue;  // parts of one bar
      risk::PriceOptions options;
      options.column = column;
      std::string stem = fs::path(file).filename().string();
      stem = stem.substr(0, stem.find('.'));
      instruments_.push_back({stem + ":" + column, file, column, risk::read_prices(file, options)});
    }
  }
}

const std::shared_ptr<const lm::TextClassifier>& Desks::classifier() const {
  if (!classifier_) {
    throw Problem(501, "no model of risks is in service", "", "ballast serve --risk-model FOLDER");
  }
  return classifier_;
}

risk::Scorer Desks::scorer() const {
  return risk::make_scorer(classifier());
}

const decide::CreditDesk& Desks::credit(const std::string& id) const {
  return *find_named(credits_, id, "credit model", "ballast serve --credit FOLDER")->second;
}

const decide::FraudDesk& Desks::fraud() const {
  if (!fraud_) throw Problem(501, "no model of fraud is in service", "", "ballast serve --fraud FOLDER");
  return *fraud_;
}

const risk::LogWindowModel& Desks::log_windows() const {
  if (!log_windows_) throw Problem(501, "no model of logs is in service", "", "ballast serve --log-model FOLDER");
  return *log_windows_;
}

const Instrument& Desks::instrument(const std::string& id) const {
  if (instruments_.empty()) throw Problem(501, "no prices are in service", "", "ballast serve --prices FILE");
  const auto found =
      std::find_if(instruments_.begin(), instruments_.end(), [&](const Instrument& one) { return one.id == id; });
  if (found == instruments_.end()) throw Problem(404, "there are no prices of \"" + id + "\"", "", "GET /v1/prices");
  return *found;
}

const lm::Embedder& Desks::embedder(const std::string& id) const {
  return find_named(embedders_, id, "model of texts", "ballast serve --risk-model FOLDER or --model FOLDER")->second;
}

std::string Desks::causal_id(const std::string& id) const {
  if (causal_.empty()) throw Problem(501, "no causal model is in service", "", "ballast serve --model FOLDER");
  if (id.empty()) return causal_.front()->id;
  for (const auto& causal : causal_) {
    if (causal->id == id) return id;
  }
  throw Problem(404, "no causal model is called \"" + id + "\"", "body.model", "GET /v1/models");
}

const lm::ChatTemplate* Desks::chat_template(const std::string& id) const {
  const std::string name = causal_id(id);
  for (const auto& causal : causal_) {
    if (causal->id == name) return causal->form ? &*causal->form : nullptr;
  }
  return nullptr;
}

std::int64_t Desks::tokens_of(const std::string& id, std::string_view text) const {
  const std::string name = causal_id(id);
  for (const auto& causal : causal_) {
    if (causal->id == name) return static_cast<std::int64_t>(causal->tokenizer.encode(text).ids.size());
  }
  return 0;
}

lm::Generation Desks::generate(const std::string& id, std::string_view prompt, const lm::GenerateOptions& options,
                               const std::function<void(std::string_view)>& on_text) {
  const std::string name = causal_id(id);
  for (const auto& causal : causal_) {
    if (causal->id != name) continue;
    return causal->generator.generate(prompt, options, on_text);
  }
  throw Problem(404, "no causal model is called \"" + id + "\"", "body.model");
}

base::Json Desks::features() const {
  return {{"scan", scans()},
          {"credit", !credits_.empty()},
          {"credit_policy", has_policy()},
          {"fraud", fraud_ != nullptr},
          {"log_windows", log_windows_.has_value()},
          {"prices", !instruments_.empty()},
          {"chat", !causal_.empty()},
          {"embeddings", !embedders_.empty()}};
}

}  // namespace ballast::serve
