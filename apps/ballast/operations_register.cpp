// SPDX-License-Identifier: Apache-2.0
#include "operations_register.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <stdexcept>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/risk/operations_losses.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

}  // namespace

std::vector<store::LossEventRecord> read_register(const std::string& file, SetAside& aside) {
  std::vector<store::LossEventRecord> losses;
  std::map<std::string, std::int64_t> lines;
  const std::string now = base::utc_now();
  const std::int64_t today = risk::day_number(now, "today");
  read_rows(file, {}, aside, {"id", "date", "type", "amount", "currency"}, [&](const ingest::Record& row) {
    store::LossEventRecord loss = risk::loss_event(row, today);
    const auto [first, fresh] = lines.emplace(loss.id, row.line);
    if (!fresh) {
      throw std::invalid_argument(fmt::format("id: \"{}\" is that of row {} already", loss.id, first->second));
    }
    loss.created_at = now;
    losses.push_back(std::move(loss));
  });
  return losses;
}

std::vector<store::LossEventRecord> register_of(const std::string& file, bool strict, const Common& common) {
  if (!file.empty()) {
    SetAside aside(common, strict);
    return read_register(file, aside);
  }
  std::vector<store::LossEventRecord> losses = store::Store::open(common.store).losses();
  if (losses.empty()) {
    throw Error(ErrorCode::bad_input, "the register holds no loss event", common.store,
                "`ballast operations losses import FILE`, or --data FILE");
  }
  return losses;
}

std::int64_t date_option(const std::string& text, const std::string& option) {
  try {
    return risk::day_number(text, option);
  } catch (const std::invalid_argument& e) {
    throw Error(ErrorCode::usage, e.what());
  }
}

Observation observation_of(const std::vector<store::LossEventRecord>& losses, const std::string& from,
                           const std::string& as_of, const Common& common) {
  Observation o;
  const auto day = [](const store::LossEventRecord& loss) { return risk::day_number(loss.occurred_on, "date"); };
  const auto [first, last] =
      std::minmax_element(losses.begin(), losses.end(), [&](const auto& a, const auto& b) { return day(a) < day(b); });
  o.first_day = from.empty() ? day(*first) : date_option(from, "--from");
  o.last_day = as_of.empty() ? day(*last) : date_option(as_of, "--as-of");
  if (o.last_day <= o.first_day) {
    throw Error(ErrorCode::usage,
                fmt::format("nothing is observed from {} to {}", date_of(o.first_day), date_of(o.last_day)), "",
                "--from must be before --as-of");
  }
  if (from.empty() || as_of.empty()) {
    say(common, fmt::format("observed from {} to {} (say otherwise with --from and --as-of)", date_of(o.first_day),
                            date_of(o.last_day)));
  }
  return o;
}

double amount_of(const std::string& decimal) {
  return std::strtod(decimal.c_str(), nullptr);
}

}  // namespace ballast::apps
