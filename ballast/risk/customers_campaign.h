// SPDX-License-Identifier: Apache-2.0
// What an offer would have earned on customers whose answer is known: who is contacted, what comes back, with and
// without the suitability rules. Rankings have to be made out of fold, or the figures flatter them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/tabular/bootstrap.h"

namespace ballast::risk {

/// Customers whose answer is known, and whether the offer suits each.
struct CampaignData {
  std::vector<std::uint8_t> accepted, suits;
  double value = 0, cost = 0;  // of an accepted offer; of making one
};

struct Ranking {
  std::string name;
  std::vector<double> probabilities;  // of acceptance, calibrated
};

/// One way to choose whom to contact.
struct CampaignOutcome {
  std::string policy;
  bool rules = true;  // only customers whom the offer suits
  std::int64_t contacts = 0, accepted = 0;
  std::int64_t violations = 0;       // contacts whom the offer does not suit
  tabular::BootstrapInterval value;  // Σ over the contacts of (accepted · value − cost), bootstrap over all customers
};

struct FrontierPoint {
  double share = 0;  // of all customers, contacted at most
  std::vector<CampaignOutcome> outcomes;
};

struct Campaign {
  std::vector<CampaignOutcome>
      policies;  // everybody; each ranking where probability · value > cost; with and without rules
  std::vector<FrontierPoint> frontier;  // the best tenth … all by each ranking, and by chance; with and without rules
};

/// Throws bad_input without customers.
Campaign run_campaign(const CampaignData& data, std::span<const Ranking> rankings,
                      const tabular::BootstrapOptions& options = {});

base::Json to_json(const Campaign& campaign);

}  // namespace ballast::risk
