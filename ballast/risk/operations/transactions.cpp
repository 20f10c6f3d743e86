// SPDX-License-Identifier: Apache-2.0
// What a transaction must be before a model sees it: times that exist, amounts that are, keys that are new.
#include <cctype>
#include <cmath>

#include "ballast/risk/market_calendar.h"
#include "ballast/risk/operations_fraud.h"
#include "ballast/tabular/table.h"

namespace ballast::risk {
namespace {

constexpr double kSecondsADay = 86400;
constexpr std::size_t kKeys = 1000000;  // a watch that runs for months must not remember every key

}  // namespace

std::optional<double> transaction_time(std::string_view text) {
  bool finite = true;
  const double number = tabular::number_in(text, finite);
  if (finite && !std::isnan(number)) return number;
  std::string moment(text);
  if (moment.size() == 10) moment += "T00:00:00";
  if (moment.size() < 19) return {};
  if (moment[10] == ' ') moment[10] = 'T';
  // No zone is said: UTC, as everywhere.
  if (moment.find_first_of("Zz+", 10) == std::string::npos && moment.find('-', 10) == std::string::npos) moment += 'Z';
  const auto parsed = parse_moment(moment);
  if (!parsed) return {};
  return static_cast<double>(parsed->time_since_epoch().count());
}

TransactionGuard::TransactionGuard(TransactionColumns columns, std::string amount_column, double now)
    : columns_(std::move(columns)), amount_column_(std::move(amount_column)), now_(now) {}

std::optional<ingest::Quarantined> TransactionGuard::check(const ingest::Record& row) {
  const auto refuse = [&](const std::string& column, const std::string& reason) {
    return ingest::Quarantined{row.source, row.line, column, reason, ""};
  };
  if (!columns_.time.empty()) {
    const std::string text = row.text(columns_.time).value_or("");
    if (tabular::is_missing_text(text)) return refuse(columns_.time, "is missing");
    const auto time = transaction_time(text);
    if (!time) return refuse(columns_.time, "is no date and time: " + text.substr(0, 40));
    bool finite = true;
    // A bare number may count anything, so only a date can lie in the future.
    if (std::isnan(tabular::number_in(text, finite)) && *time > now_ + kSecondsADay) {
      return refuse(columns_.time, "lies in the future: " + text.substr(0, 40));
    }
  }
  if (!amount_column_.empty()) {
    const std::string text = row.text(amount_column_).value_or("");
    bool finite = true;
    const double amount = tabular::number_in(text, finite);
    if (tabular::is_missing_text(text)) return refuse(amount_column_, "is missing");
    if (!finite || std::isnan(amount)) return refuse(amount_column_, "is not a number: " + text.substr(0, 40));
    if (amount < 0) return refuse(amount_column_, "is negative: " + text.substr(0, 40));
  }
  if (!columns_.group.empty() && tabular::is_missing_text(row.text(columns_.group).value_or(""))) {
    return refuse(columns_.group, "is missing");
  }
  if (!columns_.id.empty()) {
    const std::string key = row.text(columns_.id).value_or("");
    if (key.empty()) return refuse(columns_.id, "is missing");
    if (older_keys_.contains(key) || !keys_.insert(key).second) {
      return refuse(columns_.id, "is there twice: " + key.substr(0, 40));
    }
    if (keys_.size() == kKeys) {
      older_keys_ = std::move(keys_);
      keys_.clear();
    }
  }
  return {};
}

}  // namespace ballast::risk
