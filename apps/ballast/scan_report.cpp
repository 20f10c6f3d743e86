// SPDX-License-Identifier: Apache-2.0
#include "scan_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "marked_text.h"

namespace ballast::apps {
namespace {

constexpr std::size_t kScanReportShown = 30;  // documents in the table
constexpr std::size_t kShownBytes = 400;      // of a text

/// What gave any of the document's risks away.
Spans all_evidence(const risk::DocumentRisk& risk) {
  Spans spans;
  for (const auto& signal : risk.signals) {
    for (const auto& span : evidence_spans(signal)) spans.push_back(span);
  }
  return spans;
}

}  // namespace

int percent(double probability) {
  return std::clamp(static_cast<int>(std::lround(100 * probability)), 1, 99);
}

void ScanReport::add(const risk::Scanned& scanned) {
  double strongest = 0;
  std::int64_t listed = 0;
  for (const auto& signal : scanned.risk.signals) {
    if (!signal.listed) continue;
    ++listed;
    strongest = std::max(strongest, signal.probability);
    Kind& kind = kinds_[signal.risk];
    ++kind.signals;
    ++kind.by_severity[std::clamp(scanned.risk.severity, 0, 3)];
  }
  const std::int64_t order = order_++;
  if (listed == 0 && !all_) return;
  risky_ += listed > 0;
  rows_.push_back({scanned.risk.severity + strongest, order, scanned});
  if (rows_.size() >= 8 * kScanReportShown) trim();
}

void ScanReport::trim() {
  std::sort(rows_.begin(), rows_.end(),
            [](const Row& a, const Row& b) { return a.rank != b.rank ? a.rank > b.rank : a.order < b.order; });
  if (rows_.size() > kScanReportShown) rows_.resize(kScanReportShown);
}

void ScanReport::print_row(const Row& row, bool colour) const {
  const risk::DocumentRisk& risk = row.scanned.risk;
  std::vector<std::string> signals, names;
  for (const auto& s : risk.signals) {
    if (!s.listed && !all_) continue;
    signals.push_back(
        fmt::format("{} {}%{}", s.risk, percent(s.probability), s.basel.empty() ? "" : " (" + s.basel + ")"));
  }
  for (const auto& e : risk.entities) {
    const bool shown = std::find(names.begin(), names.end(), e.canonical) != names.end();
    if (e.kind != "money" && e.kind != "date" && !shown) names.push_back(e.canonical);
  }
  MarkOptions marks;
  marks.colour = colour;
  marks.max_bytes = kShownBytes;
  const auto text = mark_evidence(row.scanned.document.text, all_evidence(risk), marks);
  std::printf("%s%-8s%s  %s\n", colour ? severity_colour(risk.severity) : "", severity_name(risk.severity),
              colour ? kResetColour : "", text.empty() ? "" : text.front().c_str());
  std::printf("          %s%s%s%s  [%s]\n", fmt::format("{}", fmt::join(signals, ", ")).c_str(),
              risk.sentiment.empty() ? "" : (" · " + risk.sentiment).c_str(), names.empty() ? "" : " · ",
              fmt::format("{}", fmt::join(names, ", ")).c_str(), risk.document_id.c_str());
}

void ScanReport::print(const risk::ScanCounts& counts, double seconds) const {
  const bool colour = isatty(STDOUT_FILENO) != 0;
  ScanReport sorted = *this;
  sorted.trim();
  for (const Row& row : sorted.rows_) print_row(row, colour);
  const auto shown = static_cast<std::int64_t>(sorted.rows_.size());
  if (!all_ && risky_ > shown)
    std::printf("… and %lld more (use --json for all)\n", static_cast<long long>(risky_ - shown));
  std::printf("\n%-12s %8s %8s %8s %8s\n", "risk", "signals", "watch", "material", "critical");
  for (const auto& [name, kind] : kinds_) {
    std::printf("%-12s %8lld %8lld %8lld %8lld\n", name.c_str(), static_cast<long long>(kind.signals),
                static_cast<long long>(kind.by_severity[1]), static_cast<long long>(kind.by_severity[2]),
                static_cast<long long>(kind.by_severity[3]));
  }
  std::printf(
      "%s\n",
      fmt::format("{} documents, {} with risk; {} scored, {} known from the store; {:.1f} s, {:.0f} documents/s",
                  counts.documents, risky_, counts.scored, counts.known, seconds,
                  seconds > 0 ? counts.documents / seconds : 0.0)
          .c_str());
}

}  // namespace ballast::apps
