// SPDX-License-Identifier: Apache-2.0
#include "masking.h"

#include <fmt/format.h>

#include "ballast/base/parallel.h"
#include "ballast/text/personal_data.h"

namespace ballast::apps {

void mask_texts(std::vector<std::string>& texts, MaskingReport& report) {
  std::vector<text::Masked> masked(texts.size());
  base::parallel_for(static_cast<std::int64_t>(texts.size()), [&](std::int64_t i) {
    masked[static_cast<std::size_t>(i)] = text::Masker().mask(texts[static_cast<std::size_t>(i)]);
  });
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ++report.texts;
    report.touched += masked[i].spans.empty() ? 0 : 1;
    for (const text::MaskedSpan& span : masked[i].spans) ++report.places[text::personal_kind_name(span.kind)];
    texts[i] = std::move(masked[i].text);
  }
}

base::Json masking_json(bool masked, const MaskingReport& report) {
  if (!masked) return {{"masked", false}};
  return {{"masked", true}, {"texts", report.texts}, {"touched", report.touched}, {"places", report.places}};
}

void say_masking(const Common& common, const MaskingReport& report) {
  std::string kinds;
  for (const auto& [kind, count] : report.places) kinds += fmt::format(", {} {}", count, kind);
  say(common, fmt::format("personal data masked in {} of {} texts{}", report.touched, report.texts, kinds));
}

store::QuarantineRecord quarantine_record(const ingest::Quarantined& row, const std::string& at) {
  text::Masker masker;
  return {row.source, row.line, row.column, masker.mask(row.reason).text, masker.mask(row.excerpt).text, at};
}

}  // namespace ballast::apps
