// SPDX-License-Identifier: Apache-2.0
// The XGBoost C API behind BoostedTrees, and the search for depth and rounds.
#include "ballast/tabular/boosted.h"

#include <fmt/format.h>
#include <xgboost/c_api.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/tabular/validation.h"

namespace ballast::tabular {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::uint64_t kSeedStride = 1'000'003;  // between the seeds of two bags

void check(int status, ErrorCode code = ErrorCode::internal, const std::string& where = "boosted trees") {
  if (status != 0) {
    const std::string message = XGBGetLastError();
    throw Error(code, message.substr(0, message.find('\n')), where);
  }
}

class Data {
 public:
  explicit Data(const Matrix& features) {
    std::vector<float> values(features.values.begin(), features.values.end());
    check(XGDMatrixCreateFromMat_omp(values.data(), static_cast<bst_ulong>(features.rows),
                                     static_cast<bst_ulong>(features.cols), std::numeric_limits<float>::quiet_NaN(),
                                     &handle_, 1));
  }
  Data(const Matrix& features, std::span<const std::uint8_t> truth, std::span<const double> weights) : Data(features) {
    set("label", std::vector<float>(truth.begin(), truth.end()));
    if (!weights.empty()) set("weight", std::vector<float>(weights.begin(), weights.end()));
  }
  ~Data() { XGDMatrixFree(handle_); }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;
  DMatrixHandle get() const { return handle_; }

 private:
  void set(const char* field, const std::vector<float>& values) {
    check(XGDMatrixSetFloatInfo(handle_, field, values.data(), values.size()));
  }
  DMatrixHandle handle_ = nullptr;
};

void require_two_classes(std::span<const std::uint8_t> truth) {
  const auto positives = std::count_if(truth.begin(), truth.end(), [](std::uint8_t t) { return t != 0; });
  if (positives == 0 || positives == static_cast<std::ptrdiff_t>(truth.size())) {
    throw Error(ErrorCode::bad_input, "two classes are needed to learn from");
  }
}

}  // namespace

struct BoostedTrees::Handle {
  Handle(std::initializer_list<DMatrixHandle> data, const BoostedParameters& p) {
    const std::vector<DMatrixHandle> list(data);
    check(XGBoosterCreate(list.data(), list.size(), &booster));
    set("objective", "binary:logistic");
    set("tree_method", "hist");
    set("nthread", "1");
    set("verbosity", "0");
    set("max_depth", fmt::format("{}", p.depth));
    set("eta", fmt::format("{}", p.eta));
    set("subsample", fmt::format("{}", p.subsample));
    set("colsample_bytree", fmt::format("{}", p.column_sample));
    set("min_child_weight", fmt::format("{}", p.min_child_weight));
    set("lambda", fmt::format("{}", p.lambda));
    set("seed", fmt::format("{}", p.seed & 0x7fffffff));
    if (!p.monotone.empty()) set("monotone_constraints", fmt::format("({})", fmt::join(p.monotone, ",")));
  }
  Handle() { check(XGBoosterCreate(nullptr, 0, &booster)); }
  ~Handle() { XGBoosterFree(booster); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  void set(const char* name, const std::string& value) { check(XGBoosterSetParam(booster, name, value.c_str())); }

  /// A copy: XGBoost keeps the result in memory of its own until the next call.
  Matrix predict(DMatrixHandle data, int type) {
    const std::string config = fmt::format(
        R"({{"type":{},"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":true}})", type);
    const std::lock_guard lock(mutex);  // a booster caches predictions, so one caller at a time
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* result = nullptr;
    check(XGBoosterPredictFromDMatrix(booster, data, config.c_str(), &shape, &dimensions, &result));
    Matrix out{static_cast<std::int64_t>(shape[0]), static_cast<std::int64_t>(shape[dimensions - 1]), {}};
    out.values.assign(result, result + out.rows * out.cols);
    return out;
  }

  /// Log-odds of rows [begin, end) into out. Any number of threads may call this at once, since nothing is cached.
  void scores(const Matrix& features, std::int64_t begin, std::int64_t end, double* out) const {
    const auto at = [&](std::int64_t row) { return features.values.begin() + row * features.cols; };
    const std::vector<float> values(at(begin), at(end));
    const std::string array = fmt::format(R"({{"data":[{},true],"shape":[{},{}],"typestr":"<f4","version":3}})",
                                          reinterpret_cast<std::uintptr_t>(values.data()), end - begin, features.cols);
    const char* config = R"({"type":1,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":true,)"
                         R"("cache_id":0,"missing":NaN})";
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* result = nullptr;
    check(XGBoosterPredictFromDense(booster, array.c_str(), config, nullptr, &shape, &dimensions, &result));
    BALLAST_CHECK(static_cast<std::int64_t>(shape[0]) == end - begin, shape[0]);
    std::copy_n(result, end - begin, out);
  }

  /// XGBoost's own format.
  std::string json() const {
    bst_ulong size = 0;
    const char* bytes = nullptr;
    check(XGBoosterSaveModelToBuffer(booster, R"({"format":"json"})", &size, &bytes));
    return {bytes, size};
  }

  BoosterHandle booster = nullptr;
  std::mutex mutex;
};

BoostedTrees BoostedTrees::fit(const Matrix& features, std::span<const std::uint8_t> truth,
                               std::span<const double> weights, const BoostedParameters& parameters) {
  require_two_classes(truth);
  const Data data(features, truth, weights);
  BALLAST_CHECK(parameters.bags >= 1, parameters.bags);
  BoostedTrees trees;
  trees.parameters_ = parameters;
  trees.features_ = features.cols;
  for (int bag = 0; bag < parameters.bags; ++bag) {
    BoostedParameters own = parameters;
    own.seed += static_cast<std::uint64_t>(bag) * kSeedStride;
    const Handle handle({data.get()}, own);
    for (int i = 0; i < parameters.rounds; ++i) check(XGBoosterUpdateOneIter(handle.booster, i, data.get()));
    // Through its own file format, so that the model in hand and the model read back are the same one.
    trees.add_booster(handle.json(), "boosted trees");
  }
  return trees;
}

std::vector<double> BoostedTrees::scores(const Matrix& features) const {
  BALLAST_CHECK(!handles_.empty() && features.cols == features_, features.cols);
  constexpr std::int64_t kRows = 1024;  // a task
  std::vector<double> out(static_cast<std::size_t>(features.rows));
  base::parallel_ranges(features.rows, kRows, [&](std::int64_t begin, std::int64_t end) {
    handles_[0]->scores(features, begin, end, out.data() + begin);
    if (handles_.size() == 1) return;
    std::vector<double> more(static_cast<std::size_t>(end - begin));
    for (std::size_t bag = 1; bag < handles_.size(); ++bag) {
      handles_[bag]->scores(features, begin, end, more.data());
      for (std::int64_t i = begin; i < end; ++i)
        out[static_cast<std::size_t>(i)] += more[static_cast<std::size_t>(i - begin)];
    }
    for (std::int64_t i = begin; i < end; ++i) out[static_cast<std::size_t>(i)] /= static_cast<double>(handles_.size());
  });
  return out;
}

Matrix BoostedTrees::contributions(const Matrix& features) const {
  BALLAST_CHECK(!handles_.empty() && features.cols == features_, features.cols);
  if (features.rows == 0) return {0, features_ + 1, {}};
  const Data data(features);
  Matrix out = handles_[0]->predict(data.get(), 2);
  if (handles_.size() == 1) return out;
  for (std::size_t bag = 1; bag < handles_.size(); ++bag) {
    const Matrix more = handles_[bag]->predict(data.get(), 2);
    for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] += more.values[i];
  }
  for (double& value : out.values) value /= static_cast<double>(handles_.size());
  return out;
}

Json BoostedTrees::to_json() const {
  Json json = {{"depth", parameters_.depth},
               {"rounds", parameters_.rounds},
               {"eta", parameters_.eta},
               {"subsample", parameters_.subsample},
               {"column_sample", parameters_.column_sample},
               {"min_child_weight", parameters_.min_child_weight},
               {"lambda", parameters_.lambda},
               {"monotone", parameters_.monotone},
               {"seed", parameters_.seed},
               {"features", features_}};
  if (handles_.size() == 1) {
    json["xgboost"] = base::parse_json(handles_[0]->json(), "boosted trees");
    return json;
  }
  json["xgboost"] = Json::array();
  for (const auto& handle : handles_) json["xgboost"].push_back(base::parse_json(handle->json(), "boosted trees"));
  return json;
}

namespace {

/// XGBoost takes a tree at its word: a column or a node that is not there would be read past the end.
void check_trees(const Json& booster, std::int64_t features, const std::string& where) {
  const auto field = [&](const Json& from, const char* key) { return base::json_field<Json>(from, key, where); };
  const Json model = field(field(field(booster, "learner"), "gradient_booster"), "model");
  for (const Json& tree : field(model, "trees")) {
    const auto numbers = [&](const char* key) { return base::json_field<std::vector<std::int64_t>>(tree, key, where); };
    const auto left = numbers("left_children"), right = numbers("right_children"), splits = numbers("split_indices");
    const auto nodes = static_cast<std::int64_t>(left.size());
    bool sound = nodes > 0 && right.size() == left.size() && splits.size() == left.size();
    std::vector<char> has_parent(left.size(), false);
    for (std::size_t i = 0; sound && i < left.size(); ++i) {
      const auto below = [&](std::int64_t child) {
        if (child <= static_cast<std::int64_t>(i) || child >= nodes) return false;
        return !std::exchange(has_parent[static_cast<std::size_t>(child)], true);
      };
      const bool leaf = left[i] == -1;
      sound = leaf ? right[i] == -1 : below(left[i]) && below(right[i]) && splits[i] >= 0 && splits[i] < features;
    }
    if (!sound) {
      throw Error(ErrorCode::bad_input, "a tree asks for a feature or a node that is not there", where,
                  fmt::format("{} features, and each node below one parent", features));
    }
  }
}

}  // namespace

BoostedTrees BoostedTrees::from_json(const Json& json, const std::string& where) {
  BoostedTrees trees;
  BoostedParameters& p = trees.parameters_;
  p.depth = base::json_field<int>(json, "depth", where);
  p.rounds = base::json_field<int>(json, "rounds", where);
  p.eta = base::json_field<double>(json, "eta", where);
  p.subsample = base::json_field<double>(json, "subsample", where);
  p.column_sample = base::json_field<double>(json, "column_sample", where);
  p.min_child_weight = base::json_field<double>(json, "min_child_weight", where);
  p.lambda = base::json_field<double>(json, "lambda", where);
  p.monotone = base::json_field<std::vector<int>>(json, "monotone", where);
  p.seed = base::json_field<std::uint64_t>(json, "seed", where);
  trees.features_ = base::json_field<std::int64_t>(json, "features", where);
  const Json boosters = base::json_field<Json>(json, "xgboost", where);
  if (boosters.is_array() && boosters.empty()) throw Error(ErrorCode::bad_input, "there are no trees", where);
  const auto add = [&](const Json& one) {
    check_trees(one, trees.features_, where);
    trees.add_booster(one.dump(), where);
  };
  if (boosters.is_array()) {
    for (const Json& one : boosters) add(one);
  } else {
    add(boosters);
  }
  p.bags = static_cast<int>(trees.handles_.size());
  return trees;
}

void BoostedTrees::add_booster(std::string_view xgboost_json, const std::string& where) {
  auto handle = std::make_shared<Handle>();
  check(XGBoosterLoadModelFromBuffer(handle->booster, xgboost_json.data(), xgboost_json.size()), ErrorCode::bad_input,
        where);
  bst_ulong features = 0;
  check(XGBoosterGetNumFeature(handle->booster, &features));
  if (static_cast<std::int64_t>(features) != features_) {
    throw Error(ErrorCode::bad_input, fmt::format("the trees know {} features, expected {}", features, features_),
                where);
  }
  handle->set("nthread", "1");
  handle->set("verbosity", "0");
  handles_.push_back(std::move(handle));
}

namespace {

double log_loss_at(const Matrix& margins, std::span<const std::uint8_t> truth, std::span<const double> weights) {
  double sum = 0, total = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double x = truth[i] != 0 ? -margins.values[i] : margins.values[i], w = weights.empty() ? 1 : weights[i];
    sum += w * (x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)));
    total += w;
  }
  return sum / total;
}

}  // namespace

std::vector<double> BoostedTrees::held_out_losses(const Matrix& features, std::span<const std::uint8_t> truth,
                                                  std::span<const double> weights, const Split& split,
                                                  const BoostedParameters& parameters, int patience) {
  const auto test_truth = take(truth, split.test);
  const auto test_weights = take(weights, split.test);
  const Data train(features.take(split.train), take(truth, split.train), take(weights, split.train));
  const Data test(features.take(split.test));
  Handle handle({train.get(), test.get()}, parameters);
  std::vector<double> losses;
  std::size_t best = 0;
  for (int i = 0; i < parameters.rounds; ++i) {
    check(XGBoosterUpdateOneIter(handle.booster, i, train.get()));
    losses.push_back(log_loss_at(handle.predict(test.get(), 1), test_truth, test_weights));
    if (losses.back() < losses[best]) best = losses.size() - 1;
    if (losses.size() - best > static_cast<std::size_t>(patience)) break;
  }
  return losses;
}

BoostedTrees fit_boosted_cv(const Matrix& features, std::span<const std::uint8_t> truth,
                            std::span<const double> weights, const BoostedOptions& options) {
  if (options.folds < 2) return BoostedTrees::fit(features, truth, weights, options.base);
  BALLAST_CHECK(!options.depths.empty(), options.folds);
  const std::vector<int> fold = stratified_folds(truth, options.folds, options.base.seed);
  const auto depths = static_cast<std::int64_t>(options.depths.size());
  std::vector<std::vector<double>> curves(static_cast<std::size_t>(depths * options.folds));
  base::parallel_for(depths * options.folds, [&](std::int64_t job) {
    BoostedParameters p = options.base;
    p.depth = options.depths[static_cast<std::size_t>(job / options.folds)];
    p.rounds = options.max_rounds;
    curves[static_cast<std::size_t>(job)] = BoostedTrees::held_out_losses(
        features, truth, weights, split_at(fold, static_cast<int>(job % options.folds)), p, options.patience);
  });
  BoostedParameters best = options.base;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t d = 0; d < options.depths.size(); ++d) {
    const std::span<const std::vector<double>> mine(curves.data() + d * static_cast<std::size_t>(options.folds),
                                                    static_cast<std::size_t>(options.folds));
    std::size_t rounds = mine[0].size();
    for (const auto& curve : mine) rounds = std::min(rounds, curve.size());
    for (std::size_t r = 0; r < rounds; ++r) {
      double loss = 0;
      for (const auto& curve : mine) loss += curve[r];
      if (loss < least) least = loss, best.depth = options.depths[d], best.rounds = static_cast<int>(r) + 1;
    }
  }
  return BoostedTrees::fit(features, truth, weights, best);
}

}  // namespace ballast::tabular
