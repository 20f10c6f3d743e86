// SPDX-License-Identifier: Apache-2.0
// Laws that must hold on real applications: reasons add up in both languages, and a record read back alone scores as it
// did in the batch, to the bit.
#include <gtest/gtest.h>

#include "ballast/risk/credit.h"
#include "tests/support/scratch.h"
#include "tests/support/shared.h"

namespace ballast::risk {
namespace {

std::vector<ingest::Record> rows_of(const std::string& set, std::size_t first, std::size_t count) {
  std::vector<ingest::Record> rows;
  auto reader = ingest::RecordReader::open((test::shared_dir() / "data" / set / "train.csv").string());
  std::size_t seen = 0;
  for (ingest::Record row; rows.size() < count && reader.next(row);) {
    if (seen++ >= first) rows.push_back(row);
  }
  return rows;
}

class RealRows : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(RealRows, BasePlusReasonsIsTheScoreAndOneRecordScoresAsInTheBatch) {
  BALLAST_NEEDS_SHARED("data/credit_german/train.csv");
  const auto& [set, bad] = GetParam();
  CreditTraining t;
  t.label = "label", t.bad = bad;
  t.folds = 3;
  const CreditModel model = CreditModel::train(tabular::infer_table(rows_of(set, 0, 320), {{}, {"label"}, {}}), t);
  test::ScratchFolder scratch;
  model.save(scratch / "m");
  const CreditModel again = CreditModel::load(scratch / "m");
  const auto rows = rows_of(set, 320, 60);
  const auto all = model.score(model.read(rows, true).table);
  const auto zh = model.score(model.read(rows, true).table, ReasonLanguage::zh);
  ASSERT_GT(all.size(), 40u);
  std::size_t at = 0;
  for (const ingest::Record& row : rows) {
    if (at == all.size() || all[at].line != row.line) continue;  // set aside
    std::int64_t sum = all[at].micro_base;
    for (const CreditReason& reason : all[at].reasons) sum += reason.micro_points;
    EXPECT_EQ(sum, all[at].micro_score) << row.line;
    EXPECT_LE(to_json(all[at], false)["reasons"].size(), 4u);
    EXPECT_EQ(zh[at].micro_score, all[at].micro_score);
    EXPECT_EQ(zh[at].reasons.size(), all[at].reasons.size());
    EXPECT_NE(zh[at].reasons.front().text.find("违约风险"), std::string::npos);
    const auto alone = again.score(again.read(std::span(&row, 1), true).table);
    EXPECT_EQ(to_json(alone.at(0), true), to_json(all[at], true)) << row.line;
    ++at;
  }
  EXPECT_EQ(at, all.size());
}

INSTANTIATE_TEST_SUITE_P(Sets, RealRows,
                         ::testing::Values(std::pair{"credit_german", "bad"}, std::pair{"credit_australian", "0"}),
                         [](const auto& set) { return std::string(set.param.first); });

}  // namespace
}  // namespace ballast::risk
