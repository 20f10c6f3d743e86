// SPDX-License-Identifier: Apache-2.0
// A scorecard as SQL and as PMML, so that it runs where Ballast does not.
#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "ballast/tabular/scorecard.h"

namespace ballast::tabular {
namespace {

std::string replaced(std::string_view text, char what, std::string_view with) {
  std::string out;
  for (const char c : text) {
    if (c == what)
      out += with;
    else
      out += c;
  }
  return out;
}

std::string sql_name(const std::string& name) {
  return fmt::format("\"{}\"", replaced(name, '"', "\"\""));
}
std::string sql_text(const std::string& text) {
  return fmt::format("'{}'", replaced(text, '\'', "''"));
}

std::string xml_text(const std::string& text) {
  std::string out = replaced(replaced(replaced(text, '&', "&amp;"), '<', "&lt;"), '>', "&gt;");
  return replaced(replaced(out, '"', "&quot;"), '\n', "&#10;");
}

std::string sql_condition(const ColumnBinning& binning, const Bin& bin) {
  const std::string name = sql_name(binning.column);
  if (bin.missing) return name + " IS NULL";
  if (binning.kind == ColumnKind::categorical) {
    std::string list;
    for (const std::string& level : bin.levels) list += (list.empty() ? "" : ", ") + sql_text(level);
    return name + " IN (" + list + ")";
  }
  std::string condition;
  if (!std::isinf(bin.low)) condition = fmt::format("{} >= {}", name, bin.low);
  if (!std::isinf(bin.high)) condition += fmt::format("{}{} < {}", condition.empty() ? "" : " AND ", name, bin.high);
  return condition.empty() ? name + " IS NOT NULL" : condition;
}

std::string pmml_predicate(const ColumnBinning& binning, const Bin& bin) {
  const std::string name = xml_text(binning.column);
  const auto simple = [&](const char* op, const std::string& value) {
    return fmt::format("<SimplePredicate field=\"{}\" operator=\"{}\"{}/>", name, op,
                       value.empty() ? "" : fmt::format(" value=\"{}\"", value));
  };
  if (bin.missing) return simple("isMissing", "");
  if (binning.kind == ColumnKind::categorical) {
    std::string list;  // a quote inside a value is written \" in PMML arrays
    for (const std::string& level : bin.levels) {
      const std::string escaped = replaced(replaced(level, '\\', "\\\\"), '"', "\\\"");
      list += (list.empty() ? "&quot;" : " &quot;") + xml_text(escaped) + "&quot;";
    }
    return fmt::format(
        "<SimpleSetPredicate field=\"{}\" booleanOperator=\"isIn\"><Array n=\"{}\" type=\"string\">{}"
        "</Array></SimpleSetPredicate>",
        name, bin.levels.size(), list);
  }
  if (std::isinf(bin.low) && std::isinf(bin.high)) return simple("isNotMissing", "");
  if (std::isinf(bin.low)) return simple("lessThan", fmt::format("{}", bin.high));
  if (std::isinf(bin.high)) return simple("greaterOrEqual", fmt::format("{}", bin.low));
  return "<CompoundPredicate booleanOperator=\"and\">" + simple("greaterOrEqual", fmt::format("{}", bin.low)) +
         simple("lessThan", fmt::format("{}", bin.high)) + "</CompoundPredicate>";
}

}  // namespace

std::string to_sql(const Scorecard& card, const std::string& table, const PointsScale& scale,
                   const ScorecardCalibration& calibration) {
  std::string points;
  for (std::size_t c = 0; c < card.characteristics.size(); ++c) {
    const ColumnBinning& binning = card.characteristics[c].binning;
    points += c == 0 ? "    CASE" : "\n    + CASE";
    for (std::size_t b = 0; b < binning.bins.size(); ++b) {
      points += fmt::format("\n        WHEN {} THEN {}", sql_condition(binning, binning.bins[b]),
                            card.bin_points(c, static_cast<int>(b), scale));
    }
    points += fmt::format("\n        ELSE {} END", card.bin_points(c, -1, scale));
  }
  // points = base − factor · (log-odds + ln base_odds), turned round.
  const double at_even = scale.points(0);
  return fmt::format(
      "SELECT card.*,\n  1.0 / (1.0 + EXP(-({} * ({} - score) / {} + {}))) AS pd\nFROM (\n  SELECT applicant.*,\n{} AS "
      "score\n  FROM {} AS applicant\n) AS card;\n",
      calibration.slope, at_even, scale.factor(), calibration.offset, points, sql_name(table));
}

std::string to_pmml(const Scorecard& card, const std::string& model_name, const PointsScale& scale) {
  std::string fields, schema, characteristics;
  for (std::size_t c = 0; c < card.characteristics.size(); ++c) {
    const ColumnBinning& binning = card.characteristics[c].binning;
    const std::string name = xml_text(binning.column);
    const bool numeric = binning.kind == ColumnKind::numeric;
    fields += fmt::format("    <DataField name=\"{}\" optype=\"{}\" dataType=\"{}\"/>\n", name,
                          numeric ? "continuous" : "categorical", numeric ? "double" : "string");
    schema += fmt::format("      <MiningField name=\"{}\" invalidValueTreatment=\"asIs\"/>\n", name);
    characteristics += fmt::format("      <Characteristic name=\"{}\" reasonCode=\"{}\" baselineScore=\"{}\">\n", name,
                                   name, card.bin_points(c, -1, scale));
    for (std::size_t b = 0; b < binning.bins.size(); ++b) {
      characteristics +=
          fmt::format("        <Attribute partialScore=\"{}\">{}</Attribute>\n",
                      card.bin_points(c, static_cast<int>(b), scale), pmml_predicate(binning, binning.bins[b]));
    }
    characteristics += fmt::format(
        "        <Attribute partialScore=\"{}\"><True/></Attribute>\n      "
        "</Characteristic>\n",
        card.bin_points(c, -1, scale));
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PMML version=\"4.4\" xmlns=\"http://www.dmg.org/PMML-4_4\">\n"
      "  <Header description=\"Scorecard, points rise as risk falls\"><Application name=\"Ballast\"/></Header>\n"
      "  <DataDictionary numberOfFields=\"{}\">\n{}    <DataField name=\"score\" optype=\"continuous\" "
      "dataType=\"double\"/>\n  </DataDictionary>\n"
      "  <Scorecard modelName=\"{}\" functionName=\"regression\" initialScore=\"0\" useReasonCodes=\"true\" "
      "reasonCodeAlgorithm=\"pointsBelow\" baselineMethod=\"neutral\">\n    <MiningSchema>\n{}      <MiningField "
      "name=\"score\" usageType=\"target\"/>\n    </MiningSchema>\n    <Output><OutputField name=\"points\" "
      "feature=\"predictedValue\" optype=\"continuous\" dataType=\"double\"/></Output>\n    <Characteristics>\n{}    "
      "</Characteristics>\n  </Scorecard>\n</PMML>\n",
      card.characteristics.size() + 1, fields, xml_text(model_name), schema, characteristics);
}

}  // namespace ballast::tabular
