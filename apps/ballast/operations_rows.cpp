// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "operations.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::int64_t kOperationsRowsShown = 3;  // rows shown one by one

std::string place_of_operations_rows(const ingest::Quarantined& bad) {
  return bad.line > 0 ? fmt::format("{}:{}", bad.source, bad.line) : bad.source;
}

}  // namespace

void SetAside::add(const ingest::Quarantined& bad) {
  const std::string column = bad.column.empty() ? "" : fmt::format(" (column {})", bad.column);
  if (strict_) {
    throw Error(ErrorCode::bad_input, bad.reason + column, place_of_operations_rows(bad),
                "leave out --strict to set it aside");
  }
  if (keep_rows_) rows_.push_back(bad);
  if (++count_ <= kOperationsRowsShown)
    say(common_, fmt::format("set aside: {}: {}{}", place_of_operations_rows(bad), bad.reason, column));
}

void SetAside::finish(const std::string& source, std::int64_t good) const {
  if (good == 0) {
    throw Error(ErrorCode::bad_input,
                count_ > 0 ? fmt::format("no row is usable, {} were set aside", count_) : "has no rows", source);
  }
  if (count_ > 0) say(common_, fmt::format("{}: {} rows were set aside, {} used", source, count_, good));
}

double number_of(const ingest::Record& row, const std::string& column) {
  const std::string cell = word_of(row, column);
  char* end = nullptr;
  const double value = std::strtod(cell.c_str(), &end);
  if (end == cell.c_str() || *end != '\0') throw std::invalid_argument(column + ": \"" + cell + "\" is not a number");
  if (!std::isfinite(value)) throw std::invalid_argument(column + ": \"" + cell + "\" is not finite");
  return value;
}

std::string word_of(const ingest::Record& row, const std::string& column) {
  const std::optional<std::string> cell = row.text(column);
  if (!cell || cell->empty()) throw std::invalid_argument(column + ": is empty");
  return *cell;
}

std::int64_t read_rows(const std::string& source, const ingest::ReadOptions& options, SetAside& aside,
                       const std::vector<std::string>& required,
                       const std::function<void(const ingest::Record&)>& take) {
  ingest::RecordReader reader = ingest::RecordReader::open(source, options, aside.sink());
  for (const std::string& column : required) reader.require_column(column, "the table needs it; there is");
  std::int64_t good = 0;
  for (ingest::Record row; reader.next(row);) {
    if (base::interrupted()) throw Error(ErrorCode::cancelled, "stopped");
    try {
      take(row);
      ++good;
    } catch (const std::invalid_argument& e) {
      const std::string what = e.what();  // "column: reason"
      const std::size_t colon = what.find(": ");
      ingest::Quarantined bad{row.source, row.line, "", what, ""};
      if (colon != std::string::npos && row.has(what.substr(0, colon))) {
        bad.column = what.substr(0, colon);
        bad.reason = what.substr(colon + 2);
      }
      aside.add(bad);
    }
  }
  aside.finish(source, good);
  return good;
}

}  // namespace ballast::apps
