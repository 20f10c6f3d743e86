// SPDX-License-Identifier: Apache-2.0
// ballast model promote: puts a model in charge, unless it breaches the limits that it was trained under.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/decide/decision.h"
#include "ballast/risk/credit.h"
#include "credit.h"
#include "replay.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

void promote(const std::string& folder, const Common& common) {
  if (!risk::is_credit_model(folder)) {
    throw Error(ErrorCode::unsupported, "only credit models are promoted", folder,
                "a folder of `ballast credit train`");
  }
  const risk::CreditModel model = risk::CreditModel::load(folder);
  risk::check_promotion(model);
  const std::string path = std::filesystem::weakly_canonical(folder).string();
  decide::Decision d;
  d.kind = "promotion";
  d.subject = "credit";
  d.model = path;
  d.model_hash = base::sha256_file(std::filesystem::path(folder) / "credit.json");
  const char* user = std::getenv("USER");
  d.inputs = {{"model", path}, {"by", user != nullptr ? std::string(user) : fmt::format("uid {}", ::getuid())}};
  d.seed = model.training().seed;
  d.outcome = "in charge";
  if (!model.fairness_limit())
    d.reasons.push_back({"fairness", "no fairness limit was set in training", 0});
  else
    d.reasons.push_back({"fairness", "no group breaches the fairness limit at the cut-off", 0});
  sign(d);
  store::Store store = store::Store::open(common.store);
  decide::keep(store, std::span(&d, 1));
  if (common.json) {
    fmt::print("{}\n", base::dump_json(decide::decision_json(d)));
  } else {
    fmt::print("{} ({}) is in charge of credit; {}; decision {}\n", folder, model.champion(), d.reasons[0].text, d.id);
  }
}

}  // namespace

void add_promote(CLI::App& model, Common& common) {
  CLI::App* verb = model.add_subcommand("promote", "Put a model in charge; refused where it breaches its limits");
  const auto folder = std::make_shared<std::string>();
  verb->add_option("MODEL", *folder, "Model folder")->required();
  add_common(*verb, common, "ballast model promote models/german");
  verb->callback([folder, &common] { promote(*folder, common); });
}

}  // namespace ballast::apps
