// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

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
      aside.add(risk::row_set_aside(row, e.what()));
    }
  }
  aside.finish(source, good);
  return good;
}

}  // namespace ballast::apps
