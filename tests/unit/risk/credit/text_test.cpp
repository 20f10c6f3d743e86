// SPDX-License-Identifier: Apache-2.0
// Texts beside and instead of columns, with readers that are plain functions: no model is loaded but in the last test.
#include "ballast/risk/credit_text.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/risk/credit.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"
#include "tests/unit/tabular/synthetic.h"

namespace ballast::risk {
namespace {

/// Adds up weights of phrases, and a term for two of them together.
class PhraseReader : public ApplicationReader {
 public:
  std::vector<double> scores(std::span<const std::string> texts) const override {
    std::vector<double> out;
    for (const std::string& text : texts) {
      const auto has = [&](const char* phrase) { return text.find(phrase) != std::string::npos; };
      double score = -1;
      if (has("debt: not stated")) score += 1.5;
      if (has("job: smith")) score += 0.8;
      if (has("job: smith") && has("debt: not stated")) score += 0.6;
      if (has("late")) score += 2;
      out.push_back(score);
    }
    return out;
  }
  void save(const std::filesystem::path&) const override {}
};

ReaderTrainer phrase_trainer(std::size_t* texts = nullptr) {
  return [texts](const ReaderExamples& examples) {
    if (texts != nullptr) *texts = examples.texts.size();
    return std::make_shared<PhraseReader>();
  };
}

TEST(ApplicationText, IsWrittenAsStated) {
  auto data = test::synthetic(200, 3);
  const std::map<std::string, ColumnWords> words = {{"income", {"monthly income", "月收入"}}};
  const auto text = ApplicationText::fit(data.table, words);
  tabular::Table rows = data.table.take(std::vector<std::int64_t>{0, 1});
  rows.columns[0].numbers = {-9, 9};
  rows.columns[1].numbers = {20, 69};
  rows.columns[2].codes = {0, tabular::kUnseenCode};
  rows.columns[3].numbers = {std::nan(""), 9};
  EXPECT_EQ(ApplicationText::join(text.segments(rows, 0)), "monthly income: q0; age: q0; job: clerk; debt: not stated");
  EXPECT_EQ(ApplicationText::join(text.segments(rows, 1)), "monthly income: q9; age: q9; job: other; debt: q9");
  const std::vector<std::uint8_t> keep = {0, 1, 0, 1};
  EXPECT_EQ(ApplicationText::join(text.segments(rows, 0), keep), "age: q0; debt: not stated");
  EXPECT_EQ(ApplicationText::from_json(text.to_json(), "t").to_json(), text.to_json());
}

TEST(LanguagePart, ReasonsAddUpAndShareAnInteractionEvenly) {
  auto data = test::synthetic(60, 4);
  std::size_t texts = 0;
  const auto part = LanguagePart::fit(data.table, data.truth, {}, 7, phrase_trainer(&texts));
  EXPECT_EQ(texts, 24u * 60u);
  tabular::Table rows = data.table.take(std::vector<std::int64_t>{0, 1, 2});
  rows.columns[2].codes = {2, 2, 0};
  rows.columns[3].numbers = {std::nan(""), 0, std::nan("")};
  const auto scores = part.scores(rows);
  const auto why = part.contributions(rows);
  EXPECT_EQ(why.base, -1);
  for (std::int64_t r = 0; r < 3; ++r) {
    double sum = why.base;
    for (const double x : why.values.row(r)) sum += x;
    EXPECT_NEAR(sum, scores[static_cast<std::size_t>(r)], 1e-12);
  }
  // Orders and their reverses: an interaction of two is halved, as Shapley's formula has it.
  EXPECT_NEAR(why.values.row(0)[2], 0.8 + 0.3, 1e-12);
  EXPECT_NEAR(why.values.row(0)[3], 1.5 + 0.3, 1e-12);
  EXPECT_EQ(why.values.row(0)[0], 0);
}

/// Synthetic applications with notes: half of the bad ones are late.
tabular::Table with_notes(std::int64_t rows, std::uint64_t seed) {
  auto data = test::synthetic(rows, seed);
  base::Random random(seed, 3);
  tabular::Column notes, label;
  notes.spec = {"notes", tabular::ColumnKind::categorical, false, true, {"came in person", "paid late twice"}};
  label.spec = {"label", tabular::ColumnKind::categorical, false, false, {"bad", "good"}};
  for (std::size_t i = 0; i < data.truth.size(); ++i) {
    notes.codes.push_back(random.uniform() < 0.1                    ? tabular::kMissingCode
                          : data.truth[i] && random.uniform() < 0.5 ? 1
                                                                    : 0);
    label.codes.push_back(data.truth[i] != 0 ? 0 : 1);
  }
  data.table.columns.push_back(notes);
  data.table.columns.push_back(label);
  return data.table;
}

ingest::Record record(std::int64_t line, const base::Json& object) {
  ingest::Record row;
  row.source = "new";
  row.line = line;
  row.object = object;
  return row;
}

TEST(CreditText, NotesAreOneNumberBesideTheColumnsAndTheirLiftIsMeasured) {
  CreditTraining t;
  t.label = "label", t.bad = "bad", t.text_columns = {"notes"};
  CreditReaders readers;
  readers.notes = phrase_trainer();
  const CreditModel model = CreditModel::train(with_notes(500, 51), t, {}, readers);
  EXPECT_EQ(model.schema().find("notes")->kind, tabular::ColumnKind::numeric);
  ASSERT_EQ(model.lifts().size(), 2u);
  for (const CreditLift& lift : model.lifts()) {
    EXPECT_GT(lift.auc.difference, 0.03) << lift.model;
    EXPECT_GT(lift.auc.low, 0) << lift.model;
    EXPECT_LT(lift.log_loss_difference, 0) << lift.model;
  }
  const std::vector<ingest::Record> rows = {
      record(1, {{"income", 0}, {"age", 30}, {"job", "smith"}, {"debt", 0}, {"notes", "paid late twice"}}),
      record(2, {{"income", 0}, {"age", 30}, {"job", "smith"}, {"debt", 0}, {"notes", "came in person"}}),
      record(3, {{"income", 0}, {"age", 30}, {"job", "smith"}, {"debt", 0}, {"notes", nullptr}})};
  const auto scores = model.score(model.read(rows).table);
  EXPECT_GT(scores[0].pd, scores[1].pd + 0.1);
  bool said = false;
  for (const CreditReason& reason : scores[0].reasons) said = said || reason.text.starts_with("what notes says raises");
  EXPECT_TRUE(said);
}

TEST(CreditText, TheLanguageModelIsComparedAndReasonsOfTheStackStillAddUp) {
  CreditTraining t;
  t.label = "label", t.bad = "bad", t.language_model = true, t.drop = {"notes"};
  CreditReaders readers;
  readers.language_model = phrase_trainer();
  const CreditModel model = CreditModel::train(with_notes(400, 52), t, {}, readers);
  std::vector<std::string> names;
  for (const CreditCandidate& c : model.candidates()) names.push_back(c.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"scorecard", "logistic", "boosted", "stack", "language", "stack_language"}));
  const auto table = with_notes(50, 53).without(std::vector<std::string>{"notes", "label"});
  for (const CreditScore& s : model.score(table)) {
    std::int64_t sum = s.micro_base;
    for (const CreditReason& r : s.reasons) sum += r.micro_points;
    EXPECT_EQ(sum, s.micro_score);
  }
}

TEST(CreditText, RealReadersTravelWithTheModelAndAreCheckedByTheirHash) {
  CreditTraining t;
  t.label = "label", t.bad = "bad", t.text_columns = {"notes"};
  const CreditModel model = CreditModel::train(with_notes(300, 54), t);
  test::ScratchFolder scratch;
  model.save(scratch / "m");
  const CreditModel again = CreditModel::load(scratch / "m");
  const std::vector<ingest::Record> rows = {
      record(1, {{"income", 0}, {"age", 30}, {"job", "smith"}, {"debt", 0}, {"notes", "paid late twice"}})};
  EXPECT_EQ(to_json(again.score(again.read(rows).table)[0], true),
            to_json(model.score(model.read(rows).table)[0], true));
  const auto file = scratch / "m/notes_1/ngram.safetensors";
  std::string bytes = base::read_file(file);
  bytes.back() ^= 1;
  base::write_file_atomic(file, bytes);
  EXPECT_NE(test::problem_of([&] { CreditModel::load(scratch / "m"); }).find("its files are not those that"),
            std::string::npos);
}

TEST(CreditRead, SetsAsideWhatCannotBeScoredInRowOrderWithColumnAndReason) {
  CreditTraining t;
  t.label = "label", t.bad = "bad", t.drop = {"notes"};
  const CreditModel model = CreditModel::train(with_notes(300, 55), t);
  const std::vector<ingest::Record> rows = {
      record(1, {{"income", 0}, {"age", 30}, {"job", "pilot"}, {"debt", 0}}),
      record(2, {{"income", 0}, {"age", -30}, {"job", "smith"}, {"debt", 0}}),
      record(3, {{"income", nullptr}, {"age", 30}, {"job", "smith"}, {"debt", 0}}),
      record(4, {{"income", 0}, {"age", 300}, {"job", "smith"}, {"debt", 0}}),
      record(5, {{"income", "much"}, {"age", 30}, {"job", "smith"}, {"debt", 0}}),
      record(6, {{"income", 0}, {"age", 80}, {"job", "smith"}, {"debt", nullptr}})};
  std::vector<std::string> said;
  const auto sink = [&](const ingest::Quarantined& q) {
    said.push_back(std::to_string(q.line) + " " + q.column + " " + q.reason);
  };
  EXPECT_EQ(model.read(rows, false, sink).kept, (std::vector<std::size_t>{5}));
  EXPECT_EQ(said,
            (std::vector<std::string>{
                "1 job has a value that training never saw: pilot", "2 age is -30, and was never negative in training",
                "3 income is missing, and was never missing in training",
                "4 age is 300, out of range: training had 20 to 69", "5 income is not a number: much"}));
  EXPECT_EQ(model.read(rows, true).kept, (std::vector<std::size_t>{0, 5}));
  EXPECT_NE(test::problem_of([&] { model.read(std::span(rows).first(1)); }).find("no application can be scored"),
            std::string::npos);
}

}  // namespace
}  // namespace ballast::risk
