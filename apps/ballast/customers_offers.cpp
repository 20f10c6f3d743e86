// SPDX-License-Identifier: Apache-2.0
#include "customers_offers.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

std::string model_folder(const risk::Offer& offer, const std::string& catalogue, const std::string& model) {
  if (offer.model.empty()) {
    if (model.empty()) {
      throw Error(ErrorCode::usage, "the offer \"" + offer.product + "\" names no model", catalogue,
                  "give one with --model, or in the offer: model = \"FOLDER\"");
    }
    return model;
  }
  const std::filesystem::path folder(offer.model);
  if (folder.is_absolute()) return folder.string();
  return (std::filesystem::path(catalogue).parent_path() / folder).lexically_normal().string();
}

}  // namespace

risk::CustomerColumn column_reader(const ingest::Record& record) {
  return [&record](const std::string& column) -> std::optional<std::string> {
    const auto text = record.text(column);
    if (!text) return {};
    const std::size_t first = text->find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return std::string();
    return text->substr(first, text->find_last_not_of(" \t\r\n") - first + 1);
  };
}

void require_rule_columns(const std::vector<risk::Offer>& offers, const std::vector<ingest::Record>& rows,
                          const std::string& where) {
  for (const risk::Offer& offer : offers) {
    for (const risk::SuitabilityRule& rule : offer.suitability) {
      if (std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.has(rule.column); })) continue;
      throw Error(ErrorCode::bad_input,
                  fmt::format("a rule of \"{}\" needs the column \"{}\", which no row has", offer.product, rule.column),
                  where, "the nearest is \"" + ingest::nearest_name(rule.column, rows.front().columns()) + "\"");
    }
  }
}

OfferDesk::OfferDesk(const std::string& text, const std::string& name, const std::string& model, std::size_t most)
    : text_(text), name_(name), offers_(risk::parse_offers(text, name)), most_(most) {
  std::vector<std::string> folders;
  for (const risk::Offer& offer : offers_) folders.push_back(model_folder(offer, name, model));
  open_models(folders);
}

OfferDesk::OfferDesk(const std::string& text, const std::string& name,
                     const std::map<std::string, std::string>& folders, std::size_t most)
    : text_(text), name_(name), offers_(risk::parse_offers(text, name)), most_(most) {
  std::vector<std::string> of_offers;
  for (const risk::Offer& offer : offers_) {
    const auto known = folders.find(offer.product);
    if (known == folders.end()) throw Error(ErrorCode::bad_input, "\"" + offer.product + "\" has no model", name);
    of_offers.push_back(known->second);
  }
  open_models(of_offers);
}

void OfferDesk::open_models(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    const auto known =
        std::find_if(models_.begin(), models_.end(), [&](const auto& desk) { return desk->folder() == folder; });
    model_of_.push_back(static_cast<std::size_t>(known - models_.begin()));
    if (known == models_.end()) models_.push_back(std::make_unique<CustomerDesk>(folder));
  }
}

std::vector<OfferCase> OfferDesk::run(std::vector<ingest::Record> rows, risk::ReasonLanguage language,
                                      const ingest::QuarantineSink& sink) const {
  if (rows.empty()) throw Error(ErrorCode::bad_input, "there are no customers");
  require_rule_columns(offers_, rows, name_);
  std::vector<OfferCase> cases;
  for (ingest::Record& row : rows) cases.push_back({std::move(row), {}, {}});
  for (const auto& desk : models_) {
    std::vector<ingest::Record> left;
    for (const OfferCase& one : cases) left.push_back(one.record);
    std::vector<OfferCase> scored;
    std::size_t at = 0;
    for (CustomerCase& one : desk->run(left, language, sink)) {
      while (cases[at].record.line != one.record.line || cases[at].record.source != one.record.source) ++at;
      scored.push_back(std::move(cases[at++]));
      scored.back().scores.push_back(std::move(one.score));
    }
    cases = std::move(scored);
  }
  for (OfferCase& one : cases) {
    std::vector<double> probabilities;
    for (std::size_t i = 0; i < offers_.size(); ++i) probabilities.push_back(score_of(one, i).probability);
    one.recommendations = risk::recommend(offers_, probabilities, column_reader(one.record), most_);
  }
  return cases;
}

const risk::CustomerScore& OfferDesk::score_of(const OfferCase& one, std::size_t offer) const {
  return one.scores[model_of_[offer]];
}

Json OfferDesk::outcome_of(const OfferCase& one, risk::ReasonLanguage language, bool all_reasons) const {
  Json json = {{"offers", Json::array()}, {"left_out", Json::array()}};
  for (const risk::Recommendation& r : one.recommendations.offers) {
    const Json score = risk::to_json(score_of(one, r.offer), all_reasons);
    json["offers"].push_back({{"product", offers_[r.offer].product},
                              {"probability", r.probability},
                              {"interval", score["interval"]},
                              {"value", offers_[r.offer].value},
                              {"cost", offers_[r.offer].cost},
                              {"expected_value", r.expected_value},
                              {"base", score["base"]},
                              {"score", score["score"]},
                              {"reasons", score["reasons"]},
                              {"rest", score["rest"]}});
  }
  for (const risk::LeftOut& out : one.recommendations.left_out) {
    json["left_out"].push_back({{"product", offers_[out.offer].product},
                                {"kind", risk::left_out_name(out.kind)},
                                {"why", language == risk::ReasonLanguage::zh ? out.zh : out.en}});
  }
  return json;
}

decide::Decision OfferDesk::record_of(const OfferCase& one, const std::string& subject,
                                      risk::ReasonLanguage language) const {
  decide::Decision d;
  d.kind = "offer";
  d.subject = subject;
  Json customer = Json::object();
  for (const auto& desk : models_) customer.update(desk->inputs_of(one.record));
  for (const risk::Offer& offer : offers_) {
    for (const risk::SuitabilityRule& rule : offer.suitability) {
      const auto text = one.record.text(rule.column);
      customer[rule.column] = text ? Json(*text) : Json();
    }
  }
  Json folders = Json::object(), hashes = Json::object();
  for (std::size_t i = 0; i < offers_.size(); ++i) {
    folders[offers_[i].product] = models_[model_of_[i]]->folder();
    hashes[offers_[i].product] = models_[model_of_[i]]->hash();
  }
  d.inputs = {{"customer", customer}, {"row", one.record.line}, {"offers", text_},
              {"models", folders},    {"most", most_},          {"language", name_of(language)}};
  d.model = models_.front()->folder();
  d.model_hash = models_.size() == 1 ? models_.front()->hash() : base::sha256_hex(decide::canonical_json(hashes));
  d.policy_hash = base::sha256_hex(text_);
  d.seed = models_.front()->model().training().seed;
  d.outcome = outcome_of(one, language, false);
  if (!one.recommendations.offers.empty()) add_score(d, score_of(one, one.recommendations.offers.front().offer));
  return d;
}

decide::Decision replay_offer(const decide::Decision& was) {
  const ingest::Record row = row_of(was);
  const auto language = language_named(base::json_field<std::string>(was.inputs, "language", row.source));
  const OfferDesk desk(base::json_field<std::string>(was.inputs, "offers", row.source), row.source,
                       base::json_field<std::map<std::string, std::string>>(was.inputs, "models", row.source),
                       base::json_field<std::size_t>(was.inputs, "most", row.source));
  return desk.record_of(desk.run({row}, language, {}).front(), was.subject, language);
}

}  // namespace ballast::apps
