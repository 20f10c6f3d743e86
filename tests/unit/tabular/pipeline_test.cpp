// SPDX-License-Identifier: Apache-2.0
#include "ballast/tabular/pipeline.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/parallel.h"
#include "ballast/tabular/metrics.h"
#include "ballast/tabular/validation.h"
#include "synthetic.h"
#include "tests/support/scratch.h"

namespace ballast::tabular {
namespace {

class EveryModel : public ::testing::TestWithParam<ModelKind> {
 protected:
  FitOptions options() const {
    FitOptions o;
    o.kind = GetParam();
    o.boosted.max_rounds = 80;
    o.boosted.depths = {2, 3};
    return o;
  }
  test::Synthetic data_ = test::synthetic(600, 3);
};

TEST_P(EveryModel, LearnsAndExplains) {
  const Pipeline p = Pipeline::fit(data_.table, data_.truth, {}, options());
  const auto fresh = test::synthetic(2000, 4);
  const auto scores = p.scores(fresh.table);
  EXPECT_GT(auc(scores, fresh.truth), 0.76);
  const Contributions parts = p.contributions(fresh.table);
  for (std::int64_t r = 0; r < 50; ++r) {
    double sum = parts.base;
    for (const double x : parts.values.row(r)) sum += x;
    EXPECT_NEAR(sum, scores[static_cast<std::size_t>(r)], 1e-5);
  }
}

TEST_P(EveryModel, ReadBackItScoresOneRecordWithTheSameBits) {
  Pipeline p = Pipeline::fit(data_.table, data_.truth, {}, options());
  p.set_calibration(Calibration::fit(p.scores(data_.table), data_.truth, 5));
  test::ScratchFolder scratch;
  p.save(scratch / "model.json");
  const Pipeline q = Pipeline::load(scratch / "model.json");
  const auto all = p.probabilities(data_.table);
  for (const std::int64_t r : {0, 17, 599}) {
    const std::vector<std::int64_t> rows = {r};
    EXPECT_EQ(q.probabilities(data_.table.take(rows))[0], all[static_cast<std::size_t>(r)]);
  }
  EXPECT_EQ(q.to_json(), p.to_json());
}

TEST_P(EveryModel, DoesNotDependOnThreads) {
  const auto fold = stratified_folds(data_.truth, 3, 1);
  base::set_threads(1);
  const auto one = cross_fit(data_.table, data_.truth, {}, fold, options());
  base::set_threads(4);
  const auto four = cross_fit(data_.table, data_.truth, {}, fold, options());
  base::set_threads(0);
  EXPECT_EQ(one, four);
}

TEST_P(EveryModel, TakesUnseenLevelsAndMissingValues) {
  const Pipeline p = Pipeline::fit(data_.table, data_.truth, {}, options());
  Table odd = data_.table.take(std::vector<std::int64_t>{0, 1});
  odd.columns[2].codes = {kUnseenCode, kMissingCode};
  odd.columns[3].numbers[0] = std::numeric_limits<double>::quiet_NaN();
  for (const double x : p.scores(odd)) EXPECT_TRUE(std::isfinite(x));
}

TEST_P(EveryModel, DamagedArtefactsAreRefused) {
  const Pipeline p = Pipeline::fit(data_.table, data_.truth, {}, options());
  base::Json json = p.to_json();
  json["version"] = 99;
  EXPECT_THROW(Pipeline::from_json(json, "m"), base::Error);
  for (const char* member : {"schema", "model", "kind", "calibration"}) {
    json = p.to_json();
    json.erase(member);
    EXPECT_THROW(Pipeline::from_json(json, "m"), base::Error) << member;
  }
  json = p.to_json();
  json["schema"].erase(json["schema"].begin());
  EXPECT_THROW(Pipeline::from_json(json, "m"), base::Error);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryModel,
                         ::testing::Values(ModelKind::scorecard, ModelKind::logistic, ModelKind::boosted),
                         [](const auto& kind) { return std::string(model_kind_name(kind.param)); });

TEST(Boosted, SeveralBagsAreTheMeanOfTheirSeedsAndReadBackTheSame) {
  const auto data = test::synthetic(400, 10);
  const Matrix x = Encoder::fit(data.table, EncodingKind::trees).apply(data.table);
  BoostedParameters p;
  p.rounds = 30;
  p.bags = 3;
  const BoostedTrees three = BoostedTrees::fit(x, data.truth, {}, p);
  const auto scores = three.scores(x);
  std::vector<double> sum(scores.size(), 0);
  for (int bag = 0; bag < 3; ++bag) {
    BoostedParameters one = p;
    one.bags = 1;
    one.seed = p.seed + static_cast<std::uint64_t>(bag) * 1'000'003;
    const auto own = BoostedTrees::fit(x, data.truth, {}, one).scores(x);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += own[i];
  }
  for (std::size_t i = 0; i < sum.size(); ++i) EXPECT_EQ(scores[i], sum[i] / 3);
  const BoostedTrees again = BoostedTrees::from_json(three.to_json(), "b");
  EXPECT_EQ(again.scores(x), scores);
  EXPECT_EQ(again.parameters().bags, 3);
  const Matrix parts = three.contributions(x);
  double added = 0;
  for (const double value : parts.row(0)) added += value;
  EXPECT_NEAR(added, scores[0], 1e-5);
}

TEST(Pipeline, RefusesWhatCannotBeLearnt) {
  auto data = test::synthetic(30, 1);
  const auto problem = [&](const Table& t, std::span<const std::uint8_t> truth) {
    try {
      Pipeline::fit(t, truth, {}, {});
    } catch (const base::Error& e) {
      return e.problem();
    }
    return std::string("no error");
  };
  EXPECT_EQ(problem(data.table, std::vector<std::uint8_t>(30, 1)),
            "30 rows with 0 in the smaller class are too few to learn from");
  Table wide = data.table;
  for (int i = 0; i < 30; ++i) {
    wide.columns.push_back(wide.columns[0]);
    wide.columns.back().spec.name = "c" + std::to_string(i);
  }
  EXPECT_EQ(problem(wide, data.truth), "30 rows for 34 columns: there must be more rows");
}

TEST(Pipeline, WeightsCountAsRows) {
  const auto data = test::synthetic(300, 9);
  std::vector<std::int64_t> twice;
  for (std::int64_t i = 0; i < 300; ++i) twice.push_back(i);
  for (std::int64_t i = 0; i < 100; ++i) twice.push_back(i);
  std::vector<double> weights(300, 1);
  for (std::size_t i = 0; i < 100; ++i) weights[i] = 2;
  const Encoder encoder = Encoder::fit(data.table, EncodingKind::linear);
  const Matrix x = encoder.apply(data.table);
  const auto truth = std::span<const std::uint8_t>(data.truth);
  const LogisticModel a = fit_logistic(x, truth, weights, 1);
  const LogisticModel b = fit_logistic(x.take(twice), take(truth, twice), {}, 1);
  for (std::size_t i = 0; i < a.coefficients.size(); ++i) EXPECT_NEAR(a.coefficients[i], b.coefficients[i], 1e-6);
}

TEST(Identifiers, AreFoundByDensityOrName) {
  auto data = test::synthetic(100, 2);
  Column id = data.table.columns[1], customer = id, amount = id;
  id.spec.name = "n", customer.spec.name = "CustomerId", amount.spec.name = "amount";
  for (std::size_t i = 0; i < 100; ++i) {
    id.numbers[i] = static_cast<double>(i + 1);
    customer.numbers[i] = static_cast<double>((i * 7919) % 100003);
    amount.numbers[i] = customer.numbers[i];
  }
  data.table.columns = {id, customer, amount};
  EXPECT_EQ(identifier_columns(data.table), (std::vector<std::string>{"n", "CustomerId"}));
}

}  // namespace
}  // namespace ballast::tabular
