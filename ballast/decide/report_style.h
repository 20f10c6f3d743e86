// SPDX-License-Identifier: Apache-2.0
// The style sheet of reports that are read on screen and printed: A4, two colours, tables that do not break inside a row.
#pragma once

namespace ballast::decide {

inline constexpr const char* kReportStyle = R"css(
@page { size: A4; margin: 16mm 15mm; }
* { box-sizing: border-box; }
body { margin: 0; background: #eef1f4; color: #1d2733; font: 9.6pt/1.5 "Noto Sans", "Segoe UI", "Helvetica Neue", Arial,
  "Liberation Sans", "DejaVu Sans", "Noto Sans CJK SC", sans-serif; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
main { width: 760px; margin: 24px auto; padding: 36px 40px; background: #fff; box-shadow: 0 1px 6px rgba(18,53,91,.15); }
header { display: flex; justify-content: space-between; align-items: flex-end; border-bottom: 3px solid #12355b;
  padding-bottom: 10px; }
.brand { font: 600 20pt Georgia, "Noto Serif CJK SC", serif; letter-spacing: .04em; color: #12355b; }
.meta { text-align: right; font-size: 8.5pt; color: #5b6977; }
h1 { font: 600 22pt/1.2 Georgia, "Noto Serif CJK SC", serif; color: #12355b; margin: 22px 0 2px; }
h2 { font: 600 13pt/1.3 Georgia, "Noto Serif CJK SC", serif; color: #12355b; margin: 26px 0 8px; padding-bottom: 4px;
  border-bottom: 1px solid #d5dce3; break-after: avoid; }
p { margin: 0 0 9px; text-align: justify; }
.client { color: #5b6977; margin-bottom: 16px; }
.cards { display: flex; gap: 8px; margin: 14px 0 4px; }
.card { flex: 1 1 0; border: 1px solid #d5dce3; border-top: 3px solid #12355b; padding: 8px 9px; break-inside: avoid; }
.card.bad { border-top-color: #a8322d; }
.card .name { font-size: 7.8pt; color: #5b6977; white-space: nowrap; }
.card .value { font: 600 11.5pt/1.5 Georgia, "Noto Serif CJK SC", serif; color: #12355b; white-space: nowrap; }
.card.bad .value { color: #a8322d; }
.card .note { font-size: 7.8pt; color: #5b6977; }
figure { margin: 8px 0 10px; break-inside: avoid; }
figcaption { font-size: 9pt; color: #5b6977; margin-bottom: 4px; }
svg { display: block; width: 100%; height: auto; font: 11px "Noto Sans", "Segoe UI", Arial,
  "Liberation Sans", "DejaVu Sans", "Noto Sans CJK SC", sans-serif; }
svg text { fill: #1d2733; }
svg text.axis { fill: #5b6977; font-size: 10px; }
table { width: 100%; border-collapse: collapse; font-size: 8.8pt; margin: 4px 0 10px; }
th { text-align: left; font-weight: 600; color: #12355b; border-bottom: 1.5px solid #12355b; padding: 4px 6px; }
td { border-bottom: 1px solid #e3e8ed; padding: 4px 6px; vertical-align: top; }
tr, table.keep { break-inside: avoid; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
b.buy { color: #2f6b46; } b.sell { color: #a8322d; } b.hold, b.abstain { color: #5b6977; }
.small { font-size: 8.5pt; color: #5b6977; }
footer { margin-top: 26px; padding-top: 8px; border-top: 1px solid #d5dce3; font-size: 7.8pt; color: #5b6977; }
@media print { body { background: #fff; } main { width: auto; margin: 0; padding: 0; box-shadow: none; } }
)css";

}  // namespace ballast::decide
