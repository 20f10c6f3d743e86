// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "ballast/risk/credit_terms.h"
#include "ballast/risk/operations_losses.h"
#include "ballast/risk/operations_rows.h"
#include "ballast/risk/operations_surveillance.h"

namespace ballast::risk {
namespace {

constexpr double kLargestAmount = 1e13;  // cents of more do not fit a double exactly

double amount_cell(const ingest::Record& row, const std::string& column) {
  const double value = number_cell(row, column);
  if (value < 0) throw std::invalid_argument(fmt::format("{}: {} is negative", column, value));
  if (value > kLargestAmount) throw std::invalid_argument(column + ": is too large");
  return value;
}

std::string past_date_cell(const ingest::Record& row, std::int64_t today) {
  const std::string text = word_cell(row, "date");
  const std::int64_t day = day_number(text, "date");
  if (text.size() > 10) second_number(text, "date");
  if (day > today) {
    const std::chrono::year_month_day last{std::chrono::sys_days(std::chrono::days(today))};
    throw std::invalid_argument(fmt::format("date: \"{}\" is in the future (today is {}-{:02}-{:02})", text,
                                            static_cast<int>(last.year()), static_cast<unsigned>(last.month()),
                                            static_cast<unsigned>(last.day())));
  }
  return text;
}

std::string currency_cell(const ingest::Record& row) {
  const std::string text = word_cell(row, "currency");
  const bool letters = std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (text.size() != 3 || !letters) {
    throw std::invalid_argument("currency: \"" + text + "\" is no ISO 4217 code like EUR");
  }
  return text;
}

}  // namespace

std::string word_cell(const ingest::Record& row, const std::string& column) {
  const std::optional<std::string> cell = row.text(column);
  if (!cell || cell->empty()) throw std::invalid_argument(column + ": is empty");
  return *cell;
}

double number_cell(const ingest::Record& row, const std::string& column) {
  const std::string cell = word_cell(row, column);
  char* end = nullptr;
  const double value = std::strtod(cell.c_str(), &end);
  if (end == cell.c_str() || *end != '\0') throw std::invalid_argument(column + ": \"" + cell + "\" is not a number");
  if (!std::isfinite(value)) throw std::invalid_argument(column + ": \"" + cell + "\" is not finite");
  return value;
}

ingest::Quarantined row_set_aside(const ingest::Record& row, const std::string& what) {
  ingest::Quarantined bad{row.source, row.line, "", what, ""};
  const std::size_t colon = what.find(": ");
  if (colon != std::string::npos && row.has(what.substr(0, colon))) {
    bad.column = what.substr(0, colon);
    bad.reason = what.substr(colon + 2);
  }
  return bad;
}

store::LossEventRecord loss_event(const ingest::Record& row, std::int64_t today) {
  store::LossEventRecord loss;
  loss.id = word_cell(row, "id");
  loss.occurred_on = past_date_cell(row, today);
  loss.type = word_cell(row, "type");
  loss.category = row.text("category").value_or("");
  check_event_type(loss.type, loss.category);
  const double amount = amount_cell(row, "amount");
  const double recovery = row.text("recovery").value_or("").empty() ? 0 : amount_cell(row, "recovery");
  if (recovery > amount) throw std::invalid_argument("recovery: is above the amount");
  loss.amount = money(amount);
  loss.recovery = money(recovery);
  loss.currency = currency_cell(row);
  loss.description = row.text("description").value_or("");
  return loss;
}

bool same_loss(const store::LossEventRecord& a, const store::LossEventRecord& b) {
  return a.occurred_on == b.occurred_on && a.type == b.type && a.category == b.category && a.amount == b.amount &&
         a.recovery == b.recovery && a.currency == b.currency && a.description == b.description;
}

}  // namespace ballast::risk
