// SPDX-License-Identifier: Apache-2.0
// The models in service, opened once at the start.
#pragma once

#include <memory>
#include <string>

#include "ballast/lm/classifier.h"
#include "ballast/risk/entities.h"
#include "ballast/risk/scan.h"
#include "ballast/serve/app.h"

namespace ballast::serve {

class Desks {
 public:
  /// Opens what the options name. Throws what opening throws.
  explicit Desks(App& app);

  /// Throws Problem 501 naming the option where there is no risk model.
  const std::shared_ptr<const lm::TextClassifier>& classifier() const;
  bool scans() const { return classifier_ != nullptr; }
  risk::Scorer scorer() const;
  /// What this service can do: {"scan":true,…}.
  base::Json features() const;
  const risk::WatchList* watch_list() const { return watch_list_.size() > 0 ? &watch_list_ : nullptr; }

 private:
  std::shared_ptr<const lm::TextClassifier> classifier_;
  risk::WatchList watch_list_;
};

}  // namespace ballast::serve
