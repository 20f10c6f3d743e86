// SPDX-License-Identifier: Apache-2.0
#include "scan_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace ballast::apps {
namespace {

constexpr std::size_t kShown = 30;        // documents in the table
constexpr std::size_t kShownBytes = 400;  // of a text
constexpr const char* kSeverities[] = {"none", "watch", "material", "critical"};
constexpr const char* kColours[] = {"\033[2m", "\033[33m", "\033[91m", "\033[1;97;41m"};
constexpr const char* kReset = "\033[0m";

/// The text with its evidence marked, on one line, cut at a character boundary.
std::string marked(const std::string& text, const risk::DocumentRisk& risk, bool colour) {
  std::vector<std::pair<std::size_t, std::size_t>> spans;
  for (const auto& signal : risk.signals) {
    for (const auto& e : signal.evidence) spans.emplace_back(e.start, e.end);
  }
  std::sort(spans.begin(), spans.end());
  std::string out;
  std::size_t span = 0, open_until = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (open_until != 0 && i >= open_until) {
      out += colour ? kReset : "]";
      open_until = 0;
    }
    if (i >= kShownBytes && starts_character && open_until == 0) {
      out += " …";
      break;
    }
    for (; span < spans.size() && spans[span].first <= i; ++span) {
      if (spans[span].second <= i) continue;
      if (open_until == 0) out += colour ? "\033[1;4m" : "[";
      open_until = std::max(open_until, spans[span].second);
    }
    out += static_cast<unsigned char>(text[i]) < 0x20 ? ' ' : text[i];
  }
  if (open_until != 0) out += colour ? kReset : "]";
  return out;
}

}  // namespace

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
  if (rows_.size() >= 8 * kShown) trim();
}

void ScanReport::trim() {
  std::sort(rows_.begin(), rows_.end(),
            [](const Row& a, const Row& b) { return a.rank != b.rank ? a.rank > b.rank : a.order < b.order; });
  if (rows_.size() > kShown) rows_.resize(kShown);
}

void ScanReport::print_row(const Row& row, bool colour) const {
  const risk::DocumentRisk& risk = row.scanned.risk;
  const auto severity = static_cast<std::size_t>(std::clamp(risk.severity, 0, 3));
  std::vector<std::string> signals, names;
  for (const auto& s : risk.signals) {
    if (!s.listed && !all_) continue;
    signals.push_back(
        fmt::format("{} {:.0f}%{}", s.risk, 100 * s.probability, s.basel.empty() ? "" : " (" + s.basel + ")"));
  }
  for (const auto& e : risk.entities) {
    const bool shown = std::find(names.begin(), names.end(), e.canonical) != names.end();
    if (e.kind != "money" && e.kind != "date" && !shown) names.push_back(e.canonical);
  }
  std::printf("%s%-8s%s  %s\n", colour ? kColours[severity] : "", kSeverities[severity], colour ? kReset : "",
              marked(row.scanned.document.text, risk, colour).c_str());
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
