// SPDX-License-Identifier: Apache-2.0
// ballast customers backtest: what an offer would have earned on customers whose answer is known, with rankings made
// out of fold, with and without the suitability rules.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/parallel.h"
#include "ballast/risk/customers_campaign.h"
#include "customers.h"
#include "customers_offers.h"
#include "customers_training.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct CustomersBacktestBacktestArguments {
  CustomerTrainArguments training;
  std::string offers, product;
};

const risk::Offer& chosen_offer(const std::vector<risk::Offer>& offers, const CustomersBacktestBacktestArguments& a) {
  if (a.product.empty()) {
    if (offers.size() == 1) return offers.front();
    throw Error(ErrorCode::usage, "the catalogue has several offers", a.offers, "name one with --product");
  }
  std::vector<std::string> names;
  for (const risk::Offer& offer : offers) {
    if (offer.product == a.product) return offer;
    names.push_back(offer.product);
  }
  throw Error(ErrorCode::usage, "there is no offer \"" + a.product + "\"", a.offers,
              "the nearest is \"" + ingest::nearest_name(a.product, names) + "\"");
}

std::string money(const tabular::BootstrapInterval& v) {
  return fmt::format("{:.0f} [{:.0f}, {:.0f}]", v.estimate, v.low, v.high);
}

void print_customers_backtest(const risk::Campaign& campaign, const risk::CustomerModel& model,
                              const risk::Offer& offer, const risk::CampaignData& data) {
  const auto suited = std::count(data.suits.begin(), data.suits.end(), std::uint8_t{1});
  fmt::print("{} customers, \"{}\" suits {}; an acceptance earns {}, an offer costs {}\n\n", data.suits.size(),
             offer.product, suited, offer.value, offer.cost);
  fmt::print("{:<20} {:>6} {:>9} {:>9} {:>11} {:>28}\n", "offered where it pays", "rules", "contacts", "accepted",
             "violations", "value [95 %]");
  for (const risk::CampaignOutcome& o : campaign.policies) {
    fmt::print("{:<20} {:>6} {:>9} {:>9} {:>11} {:>28}\n", o.policy, o.rules ? "yes" : "no", o.contacts, o.accepted,
               o.violations, money(o.value));
  }
  fmt::print("\nvalue by the share of customers contacted\n{:<6}", "share");
  for (const risk::CampaignOutcome& o : campaign.frontier.front().outcomes) {
    fmt::print(" {:>28}", o.policy + (o.rules ? ", rules" : ", no rules"));
  }
  fmt::print("\n");
  for (const risk::FrontierPoint& point : campaign.frontier) {
    fmt::print("{:>4.0f} %", 100 * point.share);
    for (const risk::CampaignOutcome& o : point.outcomes) fmt::print(" {:>28}", money(o.value));
    fmt::print("\n");
  }
  fmt::print("\n");
  for (const risk::CandidateDifference& d : model.differences()) fmt::print("{}\n", sentence(d));
}

void run_customers_backtest(const CustomersBacktestBacktestArguments& a, const Common& common) {
  base::set_threads(common.threads);
  const std::vector<risk::Offer> offers = risk::parse_offers(base::read_file(a.offers), a.offers);
  const risk::Offer& offer = chosen_offer(offers, a);
  RowQuarantine quarantine(common);
  const CustomerTrainingSet set = read_training_set(a.training, common, quarantine);
  require_rule_columns({offer}, set.records, a.offers);
  risk::OutOfFold judged;
  const auto model = risk::CustomerModel::train(set.rows, set.training, terminal_progress(common), &judged);
  for (const tabular::Finding& f : model.warnings()) say(common, "data: " + f.text);
  risk::CampaignData data{judged.truth, {}, offer.value, offer.cost};
  for (const ingest::Record& record : set.records) {
    data.suits.push_back(risk::suitable(offer, column_reader(record)) ? 1 : 0);
  }
  std::vector<risk::Ranking> rankings;
  for (std::size_t c = 0; c < judged.names.size(); ++c) {
    rankings.push_back({judged.names[c], judged.probabilities[c]});
  }
  const risk::Campaign campaign = risk::run_campaign(data, rankings, {.seed = common.seed});
  if (common.json) {
    Json json = model.report();
    json["product"] = offer.product;
    json["campaign"] = risk::to_json(campaign);
    json["quarantined"] = quarantine.count();
    fmt::print("{}\n", base::dump_json(json));
  } else {
    print_customers_backtest(campaign, model, offer, data);
  }
}

}  // namespace

void add_customers_backtest(CLI::App& customers, Common& common) {
  CLI::App* verb = customers.add_subcommand("backtest", "What an offer would have earned where the answer is known");
  const auto a = std::make_shared<CustomersBacktestBacktestArguments>();
  add_training_options(*verb, a->training);
  verb->add_option("--offers", a->offers, "TOML file of offers; value, cost and suitability are used")->required();
  verb->add_option("--product", a->product, "The offer that the label answers, where there are several");
  add_common(*verb, common,
             "ballast customers backtest --data answers.csv --label answer --positive yes --offers offers.toml");
  verb->callback([a, &common] { run_customers_backtest(*a, common); });
}

}  // namespace ballast::apps
