// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/quality.h"

#include <gtest/gtest.h>

#include <cmath>

#include "synthetic.h"
#include "tests/support/shared.h"

namespace ballast::tabular {
namespace {

std::vector<std::string> kinds(const QualityReport& report, FindingSeverity severity) {
  std::vector<std::string> out;
  for (const Finding& f : report.findings) {
    if (f.severity == severity) out.push_back(f.kind);
  }
  return out;
}

QualityReport report_on(const std::string& set, const std::string& bad) {
  std::string file = (test::shared_dir() / "data" / set / "train.csv").string();
  if (!std::filesystem::exists(file)) file += ".gz";
  const Table table = read_table(std::vector<std::string>{file}, {{}, {"label"}, {}});
  const std::vector<std::string> label = {"label"};
  return quality_report(table.without(label), binary_truth(table.at("label"), bad));
}

TEST(Quality, CleanDataRaisesNoSuspicion) {
  const auto data = test::synthetic(1500, 21);
  const QualityReport report = quality_report(data.table, data.truth);
  EXPECT_FALSE(report.leakage_suspected());
  EXPECT_EQ(report.duplicates, 0);
  EXPECT_GT(report.columns[0].auc, 0.7);
}

TEST(Quality, FindsEachKindOfLeak) {
  auto data = test::synthetic(1500, 22);
  Column copy = data.table.columns[0], mean = data.table.columns[1], gone = data.table.columns[3];
  copy.spec.name = "outcome_score", mean.spec.name = "trades", gone.spec.name = "closed_on";
  for (std::size_t i = 0; i < data.truth.size(); ++i) {
    copy.numbers[i] = 5.0 * data.truth[i] + copy.numbers[i];
    if (i % 10 == 0) mean.numbers[i] = data.truth[i] != 0 ? 33.517 : 41.236;
    if (data.truth[i] == 0) gone.numbers[i] = 1;
  }
  data.table.columns.insert(data.table.columns.end(), {copy, mean, gone});
  const QualityReport report = quality_report(data.table, data.truth);
  std::vector<std::string> names = report.leaking_columns();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"closed_on", "outcome_score", "trades"}));
  const auto found = kinds(report, FindingSeverity::leakage);
  for (const char* kind : {"single_column", "imputation_trace", "missing_pattern"}) {
    EXPECT_NE(std::find(found.begin(), found.end(), kind), found.end()) << kind;
  }
  EXPECT_FALSE(quality_report(data.table, {}).leakage_suspected());
}

TEST(Quality, CountsDuplicatesConstantsCodesAndOutliers) {
  auto data = test::synthetic(200, 23);
  Column constant = data.table.columns[0], late = data.table.columns[1];
  constant.spec.name = "region", late.spec.name = "late";
  for (std::size_t i = 0; i < 200; ++i)
    constant.numbers[i] = 7, late.numbers[i] = i < 8 ? 98 : static_cast<double>(i % 5);
  data.table.columns.insert(data.table.columns.end(), {constant, late});
  const Table twice = [&] {
    std::vector<std::int64_t> rows = {0, 1};
    for (std::int64_t i = 0; i < 200; ++i) rows.push_back(i);
    return data.table.take(rows);
  }();
  const QualityReport report = quality_report(twice, {});
  EXPECT_EQ(report.duplicates, 2);
  EXPECT_EQ(kinds(report, FindingSeverity::warning), (std::vector<std::string>{"constant", "duplicates"}));
  const auto notes = kinds(report, FindingSeverity::note);
  EXPECT_NE(std::find(notes.begin(), notes.end(), "special_code"), notes.end());
  EXPECT_EQ(report.columns.back().outliers, 10);
}

TEST(Quality, FlagsTheLeakOfTheHomeEquityCopy) {
  BALLAST_NEEDS_SHARED("data/credit_heloc/train.csv");
  const QualityReport report = report_on("credit_heloc", "0");
  const auto names = report.leaking_columns();
  for (const char* name : {"NetFractionInstallBurden", "MSinceOldestTradeOpen", "MSinceMostRecentInqexcl7days",
                           "NumInstallTradesWBalance", "NumBank2NatlTradesWHighUtilization", "ExternalRiskEstimate"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
  EXPECT_EQ(std::find(names.begin(), names.end(), "AverageMInFile"), names.end());  // filled nowhere
}

TEST(Quality, DoesNotSuspectTheOtherCreditSets) {
  BALLAST_NEEDS_SHARED("data/credit_hmeq/train.csv");
  const std::vector<std::pair<std::string, std::string>> sets = {
      {"credit_german", "bad"}, {"credit_australian", "0"},         {"credit_taiwan_default", "1"},
      {"credit_hmeq", "1"},     {"bankruptcy_polish_year1", "1"},   {"bankruptcy_polish_year5", "1"},
      {"bank_churn", "1"},      {"credit_give_me_some_credit", "1"}};
  for (const auto& [set, bad] : sets) {
    const QualityReport report = report_on(set, bad);
    EXPECT_FALSE(report.leakage_suspected()) << set << ": " << report.to_json()["findings"].dump(1);
  }
}

}  // namespace
}  // namespace ballast::tabular
