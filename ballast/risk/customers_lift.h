// SPDX-License-Identifier: Apache-2.0
// What a ranking of customers is worth: how many times more answers a tenth of them holds than a random tenth, with
// intervals, and the difference between two rankings on the same customers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/tabular/bootstrap.h"

namespace ballast::risk {

/// Share of positives in each tenth of the rows by falling score, over their share in all rows: what a campaign gains
/// against choosing at random, whose lift is 1. Rows of equal score stay in file order. Throws bad_input without
/// positives or with fewer than ten rows.
std::vector<double> lift_by_decile(std::span<const double> scores, std::span<const std::uint8_t> truth);

/// The same with bootstrap intervals over the rows.
using DecileLift = std::vector<tabular::BootstrapInterval>;
DecileLift lift_with_intervals(std::span<const double> scores, std::span<const std::uint8_t> truth,
                               const tabular::BootstrapOptions& options = {});

/// Challenger − champion in every tenth, both on the same drawn rows.
using LiftDifference = std::vector<tabular::BootstrapInterval>;
LiftDifference lift_difference(std::span<const double> champion, std::span<const double> challenger,
                               std::span<const std::uint8_t> truth, const tabular::BootstrapOptions& options = {});

/// [{"lift","interval_95"}] by tenths.
base::Json to_json(const DecileLift& lift);
DecileLift lift_from_json(const base::Json& json, const std::string& where);

}  // namespace ballast::risk
