// SPDX-License-Identifier: Apache-2.0
// Stock movement from prices and tweets by the protocol of Xu & Cohen (ACL 2018), "ACL18" or StockNet: a folder comes
// in, labelled stock-days with features from earlier days only and the tweets of the five days before go out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ballast/risk/market.h"
#include "ballast/tabular/bootstrap.h"
#include "ballast/tabular/encoding.h"

namespace ballast::risk {

enum class Part { train, dev, test };

struct StockDay {
  std::string stock;
  Day day;              // the day whose movement is asked for
  double movement = 0;  // close to close
  bool up = false;      // movement ≥ 0.55 %; false: ≤ −0.5 %; days between are no example
  Part part = Part::train;
  std::string tweets;        // of the five calendar days before, oldest day last
  std::int64_t session = 0;  // row of DirectionData::sessions: the last session before the day
};

/// Every session of every stock, stock after stock: what a model of sequences reads.
struct StockSessions {
  std::vector<std::int64_t> offsets;  // first row of each stock, then the number of rows
  tabular::Matrix features;           // known at the session's close
  std::vector<std::string> tweets;    // from the session's own day to the one before the next session
};

struct DirectionData {
  std::vector<StockDay> days;
  std::vector<std::string> names;
  tabular::Matrix features;          // one row a day
  StockSessions sessions;            // from the 21st session of a stock to the last of 2015
  std::int64_t read[3] = {};         // examples in the folder, by Part
  std::int64_t without_history = 0;  // left out: fewer than 21 sessions before
};

/// Reads examples.csv (stock, date, movement, label, split), prices/SYM.csv[.gz] and tweets/SYM.jsonl[.gz] below
/// `folder`. Checks the protocol row by row: labels follow from movements, train is 2014-01-01 to 2015-07-31, dev
/// August and September 2015, test the rest of 2015. Throws not_found, or bad_input naming file, line and column.
/// Features of the days before: five returns of adjusted closes, open, high and low against the close, momentum over 5,
/// 10 and 20 sessions, deviation over 5 and 20, and the mean return of all stocks on each of the five days.
DirectionData read_acl18(const std::string& folder);

struct DirectionScores {
  std::int64_t rows = 0;
  tabular::BootstrapInterval accuracy, mcc;  // 95 %, drawn by day: stocks move together
};
DirectionScores score_directions(std::span<const StockDay> days, std::span<const std::uint8_t> said, Part part,
                                 std::uint64_t seed = 42);

}  // namespace ballast::risk
