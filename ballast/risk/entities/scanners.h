// SPDX-License-Identifier: Apache-2.0
// The pattern scanners: each appends what it finds, overlaps included.
#pragma once

#include <string_view>
#include <vector>

#include "ballast/risk/entities.h"

namespace ballast::risk {

/// $AAPL; 600519, 600519.SH, SZ000001, 0700.HK; NYSE: ABC.
void find_tickers(std::string_view text, std::vector<Entity>& found);
/// Names that end in Inc, plc, Oyj, Holdings … or 股份, 集团, 银行, 有限公司 …
void find_companies(std::string_view text, std::vector<Entity>& found);
/// $3.5bn, EUR 20 million, 12,000 yuan, 3.5亿元.
void find_amounts(std::string_view text, std::vector<Entity>& found);
/// 2026-03-31, 31 March 2026, March 31, 2026年3月31日, 3月31日.
void find_dates(std::string_view text, std::vector<Entity>& found);

/// Length in bytes of the number (digits with , and . inside) at `at`; 0 where there is none.
std::size_t number_length(std::string_view text, std::size_t at);

inline void add_entity(std::string_view text, std::size_t start, std::size_t end, const char* kind,
                       std::string canonical, std::vector<Entity>& found) {
  Entity entity{std::string(text.substr(start, end - start)), kind, start, end, std::move(canonical)};
  if (entity.canonical.empty()) entity.canonical = entity.text;
  found.push_back(std::move(entity));
}

}  // namespace ballast::risk
