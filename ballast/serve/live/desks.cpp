// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/desks.h"

#include "ballast/serve/http/problem.h"

namespace ballast::serve {

Desks::Desks(App& app) {
  const ServeOptions& o = app.options;
  if (!o.watch_list.empty()) watch_list_ = risk::WatchList::read(o.watch_list);
  if (!o.risk_model.empty()) {
    classifier_ = std::make_shared<const lm::TextClassifier>(lm::TextClassifier::load(o.risk_model));
    risk::make_scorer(classifier_);  // a model without risks is refused now, not at the first document
    const std::string& identity = classifier_->identity();
    app.metrics.model("risk", identity.substr(0, identity.find('@')), identity.substr(identity.find('@') + 1));
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

base::Json Desks::features() const {
  return {{"scan", scans()}};
}

}  // namespace ballast::serve
