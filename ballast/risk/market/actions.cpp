// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/risk/market.h"
#include "ballast/risk/market/cells.h"

namespace ballast::risk {

std::vector<CorporateAction> read_actions(const std::string& source, const ingest::QuarantineSink& quarantine) {
  auto reader = ingest::RecordReader::open(source, {}, quarantine);
  for (const char* column : {"date", "kind", "value"}) reader.require_column(column, "the corporate actions");
  std::vector<CorporateAction> actions;
  const auto refuse = [&](const ingest::Record& row, const char* column, const char* reason) {
    if (quarantine) quarantine({source, row.line, column, reason, row.text(column).value_or("").substr(0, 80)});
  };
  for (ingest::Record row; reader.next(row);) {
    CorporateAction action;
    const auto day = parse_day(trimmed(row.text("date").value_or("")));
    const std::string kind = lower(row.text("kind").value_or(""));
    const std::string value = row.text("value").value_or("");
    const auto colon = value.find(':');
    const auto first = number(value.substr(0, colon));
    const auto second = colon == std::string::npos ? std::optional(1.0) : number(value.substr(colon + 1));
    if (!day) {
      refuse(row, "date", "not a date (expected YYYY-MM-DD)");
    } else if (kind != "split" && kind != "dividend") {
      refuse(row, "kind", "expected split or dividend");
    } else if (!first || !second || *first <= 0 || *second <= 0 || (kind == "dividend" && colon != std::string::npos)) {
      refuse(row, "value", "expected a positive number, or new:old for a split");
    } else {
      action = {*day, kind == "split" ? CorporateAction::Kind::split : CorporateAction::Kind::dividend,
                *first / *second};
      actions.push_back(action);
    }
  }
  std::stable_sort(actions.begin(), actions.end(),
                   [](const CorporateAction& a, const CorporateAction& b) { return a.day < b.day; });
  return actions;
}

void adjust_for_actions(PriceSeries& series, std::span<const CorporateAction> actions) {
  auto& bars = series.bars;
  const std::vector<Bar> raw = bars;  // dividends are compared with the price of their own time
  for (const CorporateAction& action : actions) {
    // The first bar that trades without the entitlement; everything before it is restated.
    const auto ex =
        std::lower_bound(raw.begin(), raw.end(), action.day, [](const Bar& bar, Day day) { return bar.day < day; });
    if (ex == raw.begin() || ex == raw.end()) continue;
    double factor = 1 / action.value;
    if (action.kind == CorporateAction::Kind::dividend) {
      const double before = std::prev(ex)->close;
      if (action.value >= before) {
        throw base::Error(base::ErrorCode::bad_input,
                          fmt::format("dividend {} is not below the price {} of the day before", action.value, before),
                          series.source + ", " + day_text(action.day));
      }
      factor = 1 - action.value / before;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(ex - raw.begin()); ++i) {
      for (double Bar::*price : {&Bar::open, &Bar::high, &Bar::low, &Bar::close}) bars[i].*price *= factor;
      if (action.kind == CorporateAction::Kind::split) bars[i].volume *= action.value;
    }
  }
}

}  // namespace ballast::risk
