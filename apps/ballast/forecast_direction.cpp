// SPDX-License-Identifier: Apache-2.0
// `ballast forecast direction`: stock movement by a published protocol: linear models, boosted trees and a transformer
// on prices and on tweets, beside always-up, with intervals by day.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/lm/ngram/features.h"
#include "ballast/lm/ngram/linear.h"
#include "ballast/lm/series_model.h"
#include "ballast/risk/market_direction.h"
#include "ballast/tabular/boosted.h"
#include "ballast/tabular/logistic.h"
#include "ballast/tabular/validation.h"
#include "forecast.h"
#include "forecast_news.h"
#include "verb.h"

namespace ballast::apps {
namespace {

using base::Json;
using risk::Part;

// The linear models of the reference script: a strong penalty, words of at least 20 training rows.
constexpr double kC = 0.05;
constexpr int kLeastRows = 20;
constexpr std::int64_t kVector = 32;  // numbers that a session's tweets become

struct ForecastDirectionArguments {
  std::string protocol = "acl18", data, part = "dev", embed_model = "default";
  std::vector<std::string> models = {"up", "logistic", "boosted", "tweets", "prices-tweets", "transformer"};
};

struct ForecastDirectionRows {
  std::vector<std::int64_t> train;
  std::vector<std::uint8_t> truth;  // of the train rows
};

/// Features with mean 0 and deviation 1 over the train rows.
tabular::Matrix standardised_forecast_direction(const risk::DirectionData& data, const ForecastDirectionRows& rows) {
  tabular::Matrix x = data.features;
  for (std::int64_t c = 0; c < x.cols; ++c) {
    const auto at = [&](std::int64_t r) -> double& { return x.values[static_cast<std::size_t>(r * x.cols + c)]; };
    double mean = 0, square = 0;
    const auto n = static_cast<double>(rows.train.size());
    for (const std::int64_t r : rows.train) mean += at(r) / n;
    for (const std::int64_t r : rows.train) square += (at(r) - mean) * (at(r) - mean) / n;
    const double scale = square > 0 ? std::sqrt(square) : 1;
    for (std::int64_t r = 0; r < x.rows; ++r) at(r) = (at(r) - mean) / scale;
  }
  return x;
}

std::vector<std::uint8_t> above_zero(const std::vector<double>& scores) {
  std::vector<std::uint8_t> out;
  for (const double s : scores) out.push_back(s > 0);
  return out;
}

/// Words of the tweets, and the price features behind them where `dense` is given.
lm::SparseMatrix text_rows(const risk::DirectionData& data, const ForecastDirectionRows& rows,
                           const tabular::Matrix* dense) {
  std::vector<std::string_view> all, train;
  for (const risk::StockDay& d : data.days) all.push_back(d.tweets);
  for (const std::int64_t r : rows.train) train.push_back(all[static_cast<std::size_t>(r)]);
  lm::NgramOptions options;
  options.word_max = 1, options.char_max = 0, options.word_min_df = kLeastRows;
  const auto words = lm::NgramFeatures::fit(train, options);
  const lm::SparseMatrix text = words.matrix(all);
  if (dense == nullptr) return text;
  lm::SparseMatrix both{text.rows, text.cols + dense->cols, {0}, {}, {}};
  for (std::int64_t r = 0; r < text.rows; ++r) {
    for (std::int64_t k = text.start[static_cast<std::size_t>(r)]; k < text.start[static_cast<std::size_t>(r) + 1];
         ++k) {
      both.index.push_back(text.index[static_cast<std::size_t>(k)]);
      both.value.push_back(text.value[static_cast<std::size_t>(k)]);
    }
    for (std::int64_t c = 0; c < dense->cols; ++c) {
      both.index.push_back(static_cast<std::int32_t>(text.cols + c));
      both.value.push_back(static_cast<float>(dense->row(r)[static_cast<std::size_t>(c)]));
    }
    both.start.push_back(static_cast<std::int64_t>(both.index.size()));
  }
  return both;
}

lm::SparseMatrix taken(const lm::SparseMatrix& m, const std::vector<std::int64_t>& rows) {
  lm::SparseMatrix out{static_cast<std::int64_t>(rows.size()), m.cols, {0}, {}, {}};
  for (const std::int64_t r : rows) {
    const auto begin = m.start[static_cast<std::size_t>(r)], end = m.start[static_cast<std::size_t>(r) + 1];
    out.index.insert(out.index.end(), m.index.begin() + begin, m.index.begin() + end);
    out.value.insert(out.value.end(), m.value.begin() + begin, m.value.begin() + end);
    out.start.push_back(static_cast<std::int64_t>(out.index.size()));
  }
  return out;
}

std::vector<std::uint8_t> by_text_forecast_direction(const risk::DirectionData& data, const ForecastDirectionRows& rows,
                                                     const tabular::Matrix* dense, std::uint64_t seed) {
  const lm::SparseMatrix x = text_rows(data, rows, dense);
  lm::LinearTask task;
  task.loss = lm::LinearLoss::multilabel;
  task.outputs = 1;
  task.targets.assign(rows.truth.begin(), rows.truth.end());
  lm::LinearOptions options;
  options.c_grid = {kC};
  options.seed = seed;
  const lm::LinearFit fit = lm::fit_linear(taken(x, rows.train), task, options);
  std::vector<double> scores;
  for (std::size_t r = 0; r < data.days.size(); ++r) {
    double score = fit.bias[0];
    for (std::int64_t k = x.start[r]; k < x.start[r + 1]; ++k) {
      const auto at = static_cast<std::size_t>(k);
      score +=
          static_cast<double>(x.value[at]) * static_cast<double>(fit.weight[static_cast<std::size_t>(x.index[at])]);
    }
    scores.push_back(score);
  }
  return above_zero(scores);
}

std::vector<std::uint8_t> by_trees(const risk::DirectionData& data, const ForecastDirectionRows& rows,
                                   std::uint64_t seed) {
  tabular::BoostedParameters p;
  p.depth = 3, p.rounds = 100, p.eta = 0.05, p.subsample = 1, p.column_sample = 1, p.seed = seed;
  const auto model = tabular::BoostedTrees::fit(data.features.take(rows.train), rows.truth, {}, p);
  return above_zero(model.scores(data.features));
}

/// A vector of each session's tweets; zero without any.
tabular::Matrix tweet_vectors(const risk::StockSessions& sessions, const std::string& folder, std::uint64_t seed) {
  std::vector<std::string_view> texts;
  std::vector<std::size_t> rows;
  for (std::size_t r = 0; r < sessions.tweets.size(); ++r) {
    if (sessions.tweets[r].empty()) continue;
    texts.push_back(sessions.tweets[r]);
    rows.push_back(r);
  }
  const tabular::Matrix vectors = text_vectors(texts, folder, kVector, seed);
  tabular::Matrix m{sessions.features.rows, kVector, {}};
  m.values.resize(static_cast<std::size_t>(m.rows * m.cols));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = vectors.row(static_cast<std::int64_t>(i));
    std::copy(row.begin(), row.end(), m.values.begin() + static_cast<std::ptrdiff_t>(rows[i]) * kVector);
  }
  return m;
}

/// The transformer over each stock's last 20 sessions; it learns from the train rows and stops by the dev rows.
std::vector<std::uint8_t> by_transformer(const risk::DirectionData& data, const tabular::Matrix* vectors,
                                         const Common& common) {
  const risk::StockSessions& sessions = data.sessions;
  lm::SeriesTable table;
  table.offsets = sessions.offsets;
  table.columns = sessions.features.cols + (vectors != nullptr ? vectors->cols : 0);
  for (std::int64_t r = 0; r < sessions.features.rows; ++r) {
    for (const double v : sessions.features.row(r)) table.values.push_back(static_cast<float>(v));
    if (vectors == nullptr) continue;
    for (const double v : vectors->row(r)) table.values.push_back(static_cast<float>(v));
  }
  const auto n = static_cast<std::size_t>(table.rows());
  lm::SeriesTargets targets{std::vector(n, lm::SeriesUse::none), std::vector<std::uint8_t>(n),
                            std::vector(n, std::numeric_limits<float>::quiet_NaN())};
  std::vector<std::int64_t> asked;
  for (const risk::StockDay& d : data.days) {
    const auto row = static_cast<std::size_t>(d.session);
    asked.push_back(d.session);
    if (d.part == Part::test) continue;
    targets.use[row] = d.part == Part::train ? lm::SeriesUse::learn : lm::SeriesUse::judge;
    targets.up[row] = d.up;
  }
  lm::SeriesOptions o;
  o.dropout = 0.2, o.epochs = 20, o.patience = 5, o.batch = 64;
  o.seed = common.seed;
  o.progress = terminal_progress(common);
  const auto model = lm::SeriesModel::train(table, targets, o);
  const auto& t = model.training();
  say(common, fmt::format("transformer: {} parameters, epoch {} of {} kept, log loss on dev {:.5f} against {:.5f} of "
                          "the share of rises",
                          model.parameters(), t.best_epoch, t.epochs, t.best_loss, t.base_loss));
  std::vector<double> scores;
  for (const lm::SeriesAnswer& a : model.answer(table, asked)) scores.push_back(a.log_odds);
  return above_zero(scores);
}

struct Model {
  std::string key, name;
  std::function<std::vector<std::uint8_t>()> say;
};

/// Published on the test part, as the papers give them: Xu & Cohen (2018), Feng et al. (2019).
struct Published {
  const char* name;
  double accuracy, mcc;
};
constexpr Published kPublished[] = {{"StockNet (published)", 0.582, 0.081}, {"Adv-ALSTM (published)", 0.572, 0.148}};

bool is_wanted(const ForecastDirectionArguments& a, const std::string& key) {
  return std::find(a.models.begin(), a.models.end(), key) != a.models.end();
}

void print_published(const Common& common, Json& out) {
  for (const Published& p : kPublished) {
    if (common.json) {
      out["published"].push_back({{"model", p.name}, {"accuracy", p.accuracy}, {"mcc", p.mcc}});
    } else {
      fmt::print("{:<26} accuracy {:.3f}  MCC {:+.3f}\n", p.name, p.accuracy, p.mcc);
    }
  }
}

void run_forecast_direction(const ForecastDirectionArguments& a, const Common& common) {
  const risk::DirectionData data = risk::read_acl18(a.data);
  ForecastDirectionRows rows;
  for (std::size_t i = 0; i < data.days.size(); ++i) {
    if (data.days[i].part != Part::train) continue;
    rows.train.push_back(static_cast<std::int64_t>(i));
    rows.truth.push_back(data.days[i].up);
  }
  say(common, fmt::format("stock-days: {} train, {} dev, {} test; {} left out for want of history", data.read[0],
                          data.read[1], data.read[2], data.without_history));
  const tabular::Matrix x = standardised_forecast_direction(data, rows);
  const std::vector<Model> models = {
      {"up", "always up", [&] { return std::vector<std::uint8_t>(data.days.size(), 1); }},
      {"logistic", "logistic, prices",
       [&] { return above_zero(tabular::fit_logistic(x.take(rows.train), rows.truth, {}, kC).scores(x)); }},
      {"boosted", "boosted trees, prices", [&] { return by_trees(data, rows, common.seed); }},
      {"tweets", "logistic, tweets", [&] { return by_text_forecast_direction(data, rows, nullptr, common.seed); }},
      {"prices-tweets", "logistic, prices + tweets",
       [&] { return by_text_forecast_direction(data, rows, &x, common.seed); }},
      {"transformer", "transformer, prices", [&] { return by_transformer(data, nullptr, common); }},
      {"transformer-tweets", "transformer, prices + tweets", [&] {
         const auto vectors = tweet_vectors(data.sessions, a.embed_model, common.seed);
         return by_transformer(data, &vectors, common);
       }}};
  const Part part = a.part == "dev" ? Part::dev : Part::test;
  Json out = {{"protocol", a.protocol}, {"part", a.part}};
  out["rows"] = {{"train", data.read[0]},
                 {"dev", data.read[1]},
                 {"test", data.read[2]},
                 {"without_history", data.without_history}};
  out["models"] = Json::array();
  for (const Model& model : models) {
    if (!is_wanted(a, model.key)) continue;
    const base::Stopwatch watch;
    const auto said = model.say();
    const double seconds = watch.seconds();
    const auto s = risk::score_directions(data.days, said, part, common.seed);
    out["models"].push_back({{"model", model.name},
                             {"rows", s.rows},
                             {"accuracy", s.accuracy.estimate},
                             {"accuracy_interval", {s.accuracy.low, s.accuracy.high}},
                             {"mcc", s.mcc.estimate},
                             {"mcc_interval", {s.mcc.low, s.mcc.high}},
                             {"seconds", seconds}});
    if (!common.json) {
      fmt::print("{:<26} {} rows {}  accuracy {:.4f} [{:.4f}, {:.4f}]  MCC {:+.4f} [{:+.4f}, {:+.4f}]  {:.1f} s\n",
                 model.name, a.part, s.rows, s.accuracy.estimate, s.accuracy.low, s.accuracy.high, s.mcc.estimate,
                 s.mcc.low, s.mcc.high, seconds);
    }
  }
  if (part == Part::test) print_published(common, out);
  if (common.json) fmt::print("{}\n", base::dump_json(out));
}

}  // namespace

void add_forecast_direction(CLI::App& forecast, Common& common) {
  CLI::App* verb = forecast.add_subcommand("direction", "Stock movement by a published protocol, with intervals");
  const auto a = std::make_shared<ForecastDirectionArguments>();
  verb->add_option("--protocol", a->protocol, "acl18: Xu & Cohen (2018), StockNet")
      ->check(CLI::IsMember({"acl18"}))
      ->capture_default_str();
  verb->add_option("--data", a->data, "Folder with examples.csv, prices/ and tweets/")->required();
  verb->add_option("--part", a->part, "ForecastDirectionRows to judge on; test is for the end")
      ->check(CLI::IsMember({"dev", "test"}))
      ->capture_default_str();
  verb->add_option("--models", a->models,
                   "Which to run, of up, logistic, boosted, tweets, prices-tweets, transformer, "
                   "transformer-tweets; commas between them")
      ->delimiter(',')
      ->check(
          CLI::IsMember({"up", "logistic", "boosted", "tweets", "prices-tweets", "transformer", "transformer-tweets"}))
      ->capture_default_str();
  verb->add_option("--embed-model", a->embed_model,
                   "Folder of the model that reads tweets for transformer-tweets "
                   "(default: the embedded one)");
  add_common(*verb, common, "ballast forecast direction --protocol acl18 --data stocknet --part dev");
  verb->callback([a, &common] { run_forecast_direction(*a, common); });
}

}  // namespace ballast::apps
