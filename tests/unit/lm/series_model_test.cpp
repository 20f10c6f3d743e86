// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/series_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/base/serial.h"
#include "ballast/lm/load.h"
#include "ballast/lm/train/series_trainer.h"
#include "tests/support/scratch.h"

namespace ballast::lm {
namespace {

struct Sample {
  SeriesTable table;
  SeriesTargets targets;
};

/// Two series of noise. With `rule`, the next move is a rise where column 0 was positive three rows ago, and three
/// times as wide where column 1 is positive now; without it, nothing tells.
Sample sample_of(std::int64_t rows, bool rule) {
  Sample s;
  s.table.columns = 3;
  s.table.offsets = {0, rows / 3, rows};
  base::Random random(11);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (int c = 0; c < 3; ++c) s.table.values.push_back(static_cast<float>(2 * random.normal() + c));
  }
  const auto at = [&](std::int64_t r, int c) { return s.table.values[static_cast<std::size_t>(3 * r + c)]; };
  for (std::int64_t r = 0; r < rows; ++r) {
    const bool told = rule && r >= 3;
    const bool up = told ? at(r - 3, 0) > 0 : random.uniform() < 0.5;
    const double width = told && at(r, 1) > 1 ? 3 : 1;
    s.targets.up.push_back(up);
    s.targets.move.push_back(static_cast<float>(width * random.normal()));
    const double place = static_cast<double>(r % (rows / 3)) / static_cast<double>(rows / 3);
    s.targets.use.push_back(place < 0.7 ? SeriesUse::learn : place < 0.85 ? SeriesUse::judge : SeriesUse::none);
  }
  return s;
}

SeriesOptions small() {
  SeriesOptions o;
  o.window = 8, o.width = 16, o.layers = 1, o.heads = 2, o.dropout = 0.05, o.lr = 1e-2, o.epochs = 12, o.batch = 16;
  o.direction_weight = 1, o.variance_weight = 1;
  return o;
}

std::vector<std::int64_t> rows_with(const Sample& s, SeriesUse use) {
  std::vector<std::int64_t> out;
  for (std::size_t r = 0; r < s.targets.use.size(); ++r) {
    if (s.targets.use[r] == use) out.push_back(static_cast<std::int64_t>(r));
  }
  return out;
}

void expect_same(const std::vector<SeriesAnswer>& a, const std::vector<SeriesAnswer>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].log_odds, b[i].log_odds) << i;
    EXPECT_EQ(a[i].log_variance, b[i].log_variance) << i;
  }
}

TEST(SeriesModel, LearnsWhatEarlierRowsSay) {
  const Sample s = sample_of(1500, true);
  SeriesOptions o = small();
  o.epochs = o.patience = 20;
  const SeriesModel model = SeriesModel::train(s.table, s.targets, o);
  EXPECT_LT(model.training().best_loss, model.training().base_loss - 0.4);
  const auto rows = rows_with(s, SeriesUse::none);
  const auto answers = model.answer(s.table, rows);
  double right = 0, wide = 0, narrow = 0, wides = 0, narrows = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto r = static_cast<std::size_t>(rows[i]);
    right += (answers[i].log_odds > 0) == (s.targets.up[r] != 0);
    const bool is_wide = s.table.values[3 * r + 1] > 1;
    (is_wide ? wide : narrow) += answers[i].log_variance;
    ++(is_wide ? wides : narrows);
  }
  EXPECT_GT(right / static_cast<double>(rows.size()), 0.85);
  EXPECT_NEAR(wide / wides, std::log(9.0), 0.6);
  EXPECT_NEAR(narrow / narrows, 0, 0.6);
}

TEST(SeriesModel, SaysTheBaseWhereNothingCanBeLearned) {
  const Sample s = sample_of(600, false);
  const SeriesModel model = SeriesModel::train(s.table, s.targets, small());
  EXPECT_LE(model.training().best_loss, model.training().base_loss);
  EXPECT_LE(model.training().epochs, model.training().best_epoch + small().patience);
  if (model.training().best_epoch > 0) return;
  const auto answers = model.answer(s.table, rows_with(s, SeriesUse::none));
  for (const SeriesAnswer& a : answers) EXPECT_EQ(a.log_odds, answers.front().log_odds);
}

TEST(SeriesModel, HasTheSameBitsAtAnyThreadCount) {
  const Sample s = sample_of(400, true);
  std::vector<std::int64_t> rows(400);
  std::iota(rows.begin(), rows.end(), 0);
  SeriesOptions o = small();
  o.epochs = 2, o.dropout = 0.1;
  base::set_threads(1);
  const auto one = SeriesModel::train(s.table, s.targets, o).answer(s.table, rows);
  base::set_threads(3);
  const auto three = SeriesModel::train(s.table, s.targets, o).answer(s.table, rows);
  base::set_threads(0);
  expect_same(one, three);
}

TEST(SeriesModel, AnswersFromTheRowAndThoseBeforeOnly) {
  Sample s = sample_of(400, true);
  SeriesOptions o = small();
  o.epochs = 2;
  const SeriesModel model = SeriesModel::train(s.table, s.targets, o);
  const std::vector<std::int64_t> rows{3, 90, 133, 140, 200};  // 133 begins the second series
  const auto before = model.answer(s.table, rows);
  for (std::int64_t r = 201; r < 400; ++r) s.table.values[static_cast<std::size_t>(3 * r)] = 77;
  for (int c = 0; c < 3; ++c) s.table.values[static_cast<std::size_t>(3 * 132 + c)] = -50;  // another series
  for (int c = 0; c < 3; ++c) s.table.values[static_cast<std::size_t>(3 * 82 + c)] = -50;   // beyond the window
  expect_same(before, model.answer(s.table, rows));
  std::vector<SeriesAnswer> alone;
  for (const std::int64_t r : rows) alone.push_back(model.answer(s.table, std::vector{r}).front());
  expect_same(before, alone);
  s.table.values[3 * 83] = -50;  // the window's first row
  EXPECT_NE(before[1].log_odds, model.answer(s.table, rows)[1].log_odds);
}

TEST(SeriesModel, ComesBackFromItsFolderBitForBit) {
  const Sample s = sample_of(300, true);
  SeriesOptions o = small();
  o.epochs = 2;
  const SeriesModel model = SeriesModel::train(s.table, s.targets, o);
  const test::ScratchFolder scratch;
  model.save(scratch.path());
  const SeriesModel again = SeriesModel::load(scratch.path());
  const auto rows = rows_with(s, SeriesUse::judge);
  expect_same(model.answer(s.table, rows), again.answer(s.table, rows));
  EXPECT_EQ(again.training().best_loss, model.training().best_loss);
  EXPECT_EQ(again.parameters(), model.parameters());
  SeriesTable narrow = s.table;
  narrow.columns = 1;
  EXPECT_THROW(again.answer(narrow, rows), base::Error);
}

TEST(SeriesModel, GradientsAreSlopes) {
  const base::SerialScope serial;
  const Sample s = sample_of(120, true);
  SeriesOptions o = small();
  o.dropout = 0;
  const SeriesScaling scaling = SeriesScaling::of(s.table, s.targets);
  ModelConfig config;
  config.vocabulary = 3, config.positions = 8, config.width = 16, config.layers = 2, config.heads = 2;
  config.inner = 32, config.type = ModelType::gpt2, config.head = HeadType::classification;
  config.labels = {"log_odds", "log_variance"}, config.activation = "gelu_new", config.initializer_range = 0.3f;
  config.embedding_dropout = config.attention_dropout = config.hidden_dropout = 0;
  Gpt2 network(config);
  network.initialize(5);
  SeriesTrainer trainer(network, scaling, s.table, s.targets, o);
  engine::Parameter& head = *network.parameters().find("score.weight");
  base::Random random(3);
  for (std::int64_t i = 0; i < head.size; ++i) head.value[i] = static_cast<float>(0.3 * random.normal());
  SeriesBatch batch(s.table, scaling, o.window);
  batch.add(0, 5, 4);
  batch.add(40, 48, 4);
  batch.add(44, 52, 8);
  engine::Arena arena;
  const auto loss = [&] {
    arena.reset();
    engine::Tape tape(arena, true);
    return trainer.loss(tape, batch, 16);
  };
  for (engine::Parameter& p : network.parameters().all()) {
    network.parameters().zero_gradients();
    loss();
    // The slope along the gradient itself is its squared length.
    const std::vector<float> gradient(p.grad, p.grad + p.size), value(p.value, p.value + p.size);
    double square = 0;
    for (const float g : gradient) square += static_cast<double>(g) * g;
    ASSERT_GT(square, 0) << p.name;
    const double step = 1e-2 / std::sqrt(square);
    const auto moved = [&](double by) {
      for (std::size_t i = 0; i < value.size(); ++i) p.value[i] = static_cast<float>(value[i] + by * gradient[i]);
      return loss();
    };
    const double slope = (moved(step) - moved(-step)) / (2 * step);
    std::copy(value.begin(), value.end(), p.value);
    EXPECT_NEAR(slope, square, 5e-3 * square + 1e-6) << p.name;
  }
}

TEST(SeriesModel, RefusesWhatCannotBeLearnedFrom) {
  Sample s = sample_of(120, true);
  SeriesOptions o = small();
  o.heads = 3;
  EXPECT_THROW(SeriesModel::train(s.table, s.targets, o), base::Error);
  o = small();
  o.direction_weight = o.variance_weight = 0;
  EXPECT_THROW(SeriesModel::train(s.table, s.targets, o), base::Error);
  Sample unjudged = s;
  for (SeriesUse& use : unjudged.targets.use) use = use == SeriesUse::judge ? SeriesUse::none : use;
  EXPECT_THROW(SeriesModel::train(unjudged.table, unjudged.targets, small()), base::Error);
  Sample rising = s;
  std::fill(rising.targets.up.begin(), rising.targets.up.end(), 1);
  EXPECT_THROW(SeriesModel::train(rising.table, rising.targets, small()), base::Error);
  EXPECT_THROW(SeriesModel::load("nowhere"), base::Error);
}

TEST(SeriesModel, ReadsWhatIsNotKnownAsTheMean) {
  Sample s = sample_of(300, true);
  s.table.values[3 * 250] = std::numeric_limits<float>::quiet_NaN();
  SeriesOptions o = small();
  o.epochs = 1;
  const SeriesModel model = SeriesModel::train(s.table, s.targets, o);
  EXPECT_TRUE(std::isfinite(model.answer(s.table, std::vector<std::int64_t>{250}).front().log_odds));
}

}  // namespace
}  // namespace ballast::lm
