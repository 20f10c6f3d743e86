// SPDX-License-Identifier: Apache-2.0
// The customers desk for `ballast serve`.
#include <algorithm>
#include <filesystem>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/serve/customers.h"
#include "customers_cases.h"
#include "customers_offers.h"
#include "serve.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kMostOffers = 3;  // a customer

class ServedCustomers : public serve::CustomersDesk {
 public:
  ServedCustomers(const std::vector<std::string>& folders, const std::string& offers) {
    for (const std::string& folder : folders) {
      const std::string path = std::filesystem::weakly_canonical(folder).string();
      desks_.emplace_back(std::filesystem::path(path).filename().string(), std::make_unique<CustomerDesk>(path));
    }
    if (offers.empty()) return;
    const std::string model = desks_.empty() ? "" : desks_.front().second->folder();
    offers_ = std::make_unique<OfferDesk>(base::read_file(offers), std::filesystem::weakly_canonical(offers).string(),
                                          model, kMostOffers);
  }

  base::Json models() const override {
    base::Json all = base::Json::array();
    for (const auto& [name, desk] : desks_) {
      const risk::CustomerModel& model = desk->model();
      base::Json one = {
          {"id", name},           {"label", model.training().label},        {"positive", model.training().positive},
          {"rows", model.rows()}, {"positive_rate", model.positive_rate()}, {"inputs", inputs_of(*desk)}};
      one.update(model.report());
      all.push_back(std::move(one));
    }
    return all;
  }
  bool has_offers() const override { return offers_ != nullptr; }

  std::vector<decide::Decision> score(const std::string& model, std::vector<ingest::Record> rows, bool chinese,
                                      const ingest::QuarantineSink& sink) const override {
    if (desks_.empty()) throw Error(ErrorCode::unsupported, "no model of customers is in service", "", "--customers");
    auto at = desks_.begin();
    if (!model.empty()) {
      at = std::find_if(desks_.begin(), desks_.end(), [&](const auto& one) { return one.first == model; });
      if (at == desks_.end()) throw Error(ErrorCode::not_found, "no model is called \"" + model + "\"", "body.model");
    }
    const auto language = chinese ? risk::ReasonLanguage::zh : risk::ReasonLanguage::en;
    std::vector<decide::Decision> decisions;
    for (const CustomerCase& one : at->second->run(rows, language, sink)) {
      decisions.push_back(at->second->record_of(one, name_of_row(one.record), language));
    }
    return decisions;
  }

  std::vector<decide::Decision> recommend(std::vector<ingest::Record> rows, bool chinese,
                                          const ingest::QuarantineSink& sink) const override {
    if (!offers_) throw Error(ErrorCode::unsupported, "no offers are in service", "", "ballast serve --offers FILE");
    const auto language = chinese ? risk::ReasonLanguage::zh : risk::ReasonLanguage::en;
    std::vector<decide::Decision> decisions;
    for (const OfferCase& one : offers_->run(std::move(rows), language, sink)) {
      decisions.push_back(offers_->record_of(one, name_of_row(one.record), language));
    }
    return decisions;
  }

 private:
  /// The customer's own id where there is one.
  static std::string name_of_row(const ingest::Record& record) {
    const auto id = record.text("id");
    return id ? *id : subject_of(record, "");
  }

  static base::Json inputs_of(const CustomerDesk& desk) {
    base::Json inputs = base::Json::array();
    for (const std::string& column : desk.columns()) {
      const tabular::ColumnSpec* spec = desk.model().schema().find(column);
      const bool number = spec != nullptr && spec->kind == tabular::ColumnKind::numeric;
      inputs.push_back({{"name", column},
                        {"kind", spec == nullptr ? "text"
                                 : number        ? "number"
                                                 : "category"},
                        {"levels", spec == nullptr ? std::vector<std::string>{} : spec->levels},
                        {"may_be_missing", spec == nullptr || spec->had_missing}});
    }
    return inputs;
  }

  std::vector<std::pair<std::string, std::unique_ptr<CustomerDesk>>> desks_;
  std::unique_ptr<OfferDesk> offers_;
};

}  // namespace

std::shared_ptr<const serve::CustomersDesk> open_customers(const std::vector<std::string>& folders,
                                                           const std::string& offers) {
  if (folders.empty() && offers.empty()) return nullptr;
  return std::make_shared<ServedCustomers>(folders, offers);
}

}  // namespace ballast::apps
