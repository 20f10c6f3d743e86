// SPDX-License-Identifier: Apache-2.0
// A made-up client for the tests of advice: five instruments, an index, a currency, prices from 2007 to 2021.
#pragma once

#include <cmath>
#include <string>

#include "ballast/base/random.h"
#include "ballast/decide/advice.h"

namespace ballast::decide::test_case {

inline constexpr const char* kProfile =
    "[client]\nname = \"Client 7\"\n[answers]\nincome = \"secure\"\nshare = \"half\"\nreserve = \"year\"\n"
    "duties = \"some\"\nloss = \"large\"\nfall = \"hold\"\nexperience = \"shares\"\nyears = \"ten\"\ncash = "
    "\"tenth\"\n";
inline constexpr const char* kShocks =
    "[[shock]]\nname = \"Fall\"\nindex = -0.3\n[[shock]]\nname = \"Rates\"\nrates_bp = 150\n";

/// Weekdays; the later an instrument stands, the wilder. INDEX falls by half in 2008 and a third in early 2020.
inline risk::PricePanel panel() {
  risk::PricePanel p;
  p.source = "made up";
  p.instruments = {"CALM", "MILD", "BOND", "WILD", "EURO", "INDEX", "EURUSD"};
  const double own[] = {0.004, 0.006, 0.002, 0.02, 0.008}, beta[] = {0.4, 0.8, 0.0, 1.6, 1.0};
  base::Random random(17);
  std::vector<double> price(7, 100);
  price[6] = 1.2;
  for (risk::Day day = *risk::parse_day("2007-01-01"); day < *risk::parse_day("2021-01-01");
       day += std::chrono::days(1)) {
    if (std::chrono::weekday(day) == std::chrono::Saturday || std::chrono::weekday(day) == std::chrono::Sunday)
      continue;
    const bool crash = (day > *risk::parse_day("2008-01-01") && day < *risk::parse_day("2009-03-01")) ||
                       (day > *risk::parse_day("2020-02-15") && day < *risk::parse_day("2020-03-20"));
    const double market = (crash ? -0.004 : 0.0006) + 0.008 * random.normal();
    p.days.push_back(day);
    for (std::size_t i = 0; i < 5; ++i) price[i] *= 1 + beta[i] * market + own[i] * random.normal();
    price[5] *= 1 + market;
    price[6] *= 1 + 0.003 * random.normal();
    p.prices.insert(p.prices.end(), price.begin(), price.end());
  }
  return p;
}

inline AdviceInputs inputs() {
  AdviceInputs in;
  in.profile = kProfile;
  in.shocks = kShocks;
  in.settings.index = "INDEX";
  in.settings.window = 500;
  const risk::PricePanel p = panel();
  const std::size_t last = p.days.size() - 1;
  in.holdings = {{"WILD", "USD", "shares", std::round(60000 / p.price(last, 3)), {}, {}, {}, 2},
                 {"MILD", "USD", "shares", std::round(20000 / p.price(last, 1)), {}, {}, {}, 3},
                 {"EURO", "EUR", "shares", std::round(10000 / p.price(last, 4) / p.price(last, 6)), {}, {}, {}, 4},
                 {"BOND", "USD", "bonds", {}, 7000.0, 6.0, {}, 5},
                 {"money", "USD", "cash", {}, 3000.0, {}, {}, 6}};
  in.prices_file = "made_up.csv";
  in.prices_hash = "00";
  take_prices(in, p);
  return in;
}

}  // namespace ballast::decide::test_case
