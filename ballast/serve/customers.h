// SPDX-License-Identifier: Apache-2.0
// The customers desk as the service asks it. Its models read texts with the program's own model where they were trained
// so, which only the program knows: so it is the program that brings the desk.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/decide/decision.h"
#include "ballast/ingest/record.h"

namespace ballast::serve {

class CustomersDesk {
 public:
  virtual ~CustomersDesk() = default;

  /// [{"id","label","positive","champion","rows","positive_rate","candidates":[…],"inputs":[…]}]
  virtual base::Json models() const = 0;
  virtual bool has_offers() const = 0;

  /// Decisions of kind "customer", one a row that could be scored, in their order; not yet signed or kept. Rows that
  /// could not go to `sink`. An empty model: the first. Throws not_found for a model that is not there.
  virtual std::vector<decide::Decision> score(const std::string& model, std::vector<ingest::Record> rows, bool chinese,
                                              const ingest::QuarantineSink& sink) const = 0;
  /// The same of kind "offer". Throws unsupported where there are no offers.
  virtual std::vector<decide::Decision> recommend(std::vector<ingest::Record> rows, bool chinese,
                                                  const ingest::QuarantineSink& sink) const = 0;
};

}  // namespace ballast::serve
