// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/train/series_trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/engine/variance_loss.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;

constexpr float kMost = 5;                // deviations: one crash must not rule the weights
constexpr std::int64_t kAnswerRows = 64;  // windows of an answering pass

double log_loss(double log_odds, bool up) {
  const double x = up ? log_odds : -log_odds;
  return std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

}  // namespace

SeriesScaling SeriesScaling::of(const SeriesTable& table, const SeriesTargets& targets) {
  SeriesScaling s;
  const auto columns = static_cast<std::size_t>(table.columns);
  std::vector<double> sum(columns), square(columns), known(columns);
  double ups = 0, rows = 0, moves = 0, move_square = 0;
  for (std::size_t r = 0; r < targets.use.size(); ++r) {
    if (targets.use[r] != SeriesUse::learn) continue;
    ++rows;
    ups += targets.up[r] != 0;
    const double m = targets.move[r];
    if (!std::isnan(m)) ++moves, move_square += m * m;
    for (std::size_t c = 0; c < columns; ++c) {
      const double v = table.values[r * columns + c];
      if (std::isfinite(v)) sum[c] += v, square[c] += v * v, ++known[c];
    }
  }
  if (ups == 0 || ups == rows) {
    throw Error(ErrorCode::bad_input, "the rows to learn from must hold rises and falls", "series model");
  }
  s.log_odds = std::log(ups / (rows - ups));
  s.log_variance = moves > 0 && move_square > 0 ? std::log(move_square / moves) : 0;
  for (std::size_t c = 0; c < columns; ++c) {
    const double mean = known[c] > 0 ? sum[c] / known[c] : 0;
    const double variance = known[c] > 0 ? square[c] / known[c] - mean * mean : 0;
    s.mean.push_back(static_cast<float>(mean));
    s.scale.push_back(variance > 1e-12 * (1 + mean * mean) ? static_cast<float>(std::sqrt(variance)) : 1.0f);
  }
  return s;
}

void SeriesScaling::write(const SeriesTable& table, std::int64_t row, float* out) const {
  const float* x = table.values.data() + row * table.columns;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    out[c] = std::isfinite(x[c]) ? std::clamp((x[c] - mean[c]) / scale[c], -kMost, kMost) : 0.0f;
  }
}

void SeriesBatch::clear() {
  tokens_.clear();
  rows_.clear();
  asked_.clear();
  asked_rows_.clear();
}

void SeriesBatch::add(std::int64_t begin, std::int64_t end, std::int64_t asked) {
  BALLAST_CHECK(begin < end && end - begin <= window_ && asked <= end - begin, end - begin);
  for (std::int64_t r = begin; r < end; ++r) {
    if (end - r <= asked) {
      asked_.push_back(r);
      asked_rows_.push_back(static_cast<std::int32_t>(rows_.size()));
    }
    rows_.push_back(r);
    tokens_.ids.push_back(0);
    tokens_.types.push_back(0);
    tokens_.positions.push_back(static_cast<std::int32_t>(window_ - (end - r)));
  }
  tokens_.offsets.push_back(static_cast<std::int32_t>(rows_.size()));
}

engine::Value SeriesBatch::run(engine::Tape& tape, Gpt2& network) const {
  const auto count = static_cast<std::int64_t>(rows_.size());
  // Inputs need no gradient of their own.
  const engine::Value inputs{tape.arena().floats(count * table_.columns), nullptr, count, table_.columns};
  for (std::int64_t i = 0; i < count; ++i) {
    scaling_.write(table_, rows_[static_cast<std::size_t>(i)], inputs.data + i * table_.columns);
  }
  const engine::Value hidden = network.encode_weighted(tape, inputs, tokens_);
  const engine::Value out = network.classify_rows(tape, hidden, asked_rows_);
  for (std::int64_t i = 0; i < out.rows; ++i) {
    out.data[2 * i] += static_cast<float>(scaling_.log_odds);
    out.data[2 * i + 1] += static_cast<float>(scaling_.log_variance);
  }
  return out;
}

std::vector<SeriesAnswer> series_answers(Gpt2& network, const SeriesScaling& scaling, const SeriesTable& table,
                                         std::span<const std::int64_t> rows, std::int64_t window) {
  std::vector<SeriesAnswer> answers;
  engine::Arena arena;
  SeriesBatch batch(table, scaling, window);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto next = std::upper_bound(table.offsets.begin(), table.offsets.end(), rows[i]);
    BALLAST_CHECK(rows[i] >= 0 && next != table.offsets.end(), rows[i]);
    batch.add(std::max(*std::prev(next), rows[i] + 1 - window), rows[i] + 1, 1);
    if (batch.windows() < kAnswerRows && i + 1 < rows.size()) continue;
    arena.reset();
    engine::Tape tape(arena, false);
    const engine::Value out = batch.run(tape, network);
    for (std::int64_t r = 0; r < out.rows; ++r) answers.push_back({out.data[2 * r], out.data[2 * r + 1]});
    batch.clear();
  }
  return answers;
}

SeriesTrainer::SeriesTrainer(Gpt2& network, const SeriesScaling& scaling, const SeriesTable& table,
                             const SeriesTargets& targets, const SeriesOptions& options)
    : network_(network),
      scaling_(scaling),
      table_(table),
      targets_(targets),
      options_(options),
      optimizer_(network.parameters(), {.weight_decay = options.weight_decay}) {
  if (std::count(targets.use.begin(), targets.use.end(), SeriesUse::judge) == 0) {
    throw Error(ErrorCode::bad_input, "there are no rows to judge the training by", "series model");
  }
  // The head starts without an opinion, so that the first answers are the base's.
  engine::Parameter* head = network.parameters().find("score.weight");
  std::fill_n(head->value, head->size, 0.0f);
  network.parameters().prepare_training();
}

double SeriesTrainer::weighted(double direction, double variance) const {
  return options_.direction_weight * direction + options_.variance_weight * variance;
}

std::vector<SeriesTrainer::Window> SeriesTrainer::windows(SeriesUse use, std::int64_t shift) const {
  std::vector<Window> out;
  const std::int64_t stride = options_.window / 2;
  for (std::size_t s = 0; s + 1 < table_.offsets.size(); ++s) {
    const std::int64_t first = table_.offsets[s], last = table_.offsets[s + 1];
    for (std::int64_t at = first - shift; at < last; at += stride) {
      const std::int64_t begin = std::max(at, first), end = std::min(at + stride, last);
      const auto first_use = targets_.use.begin();
      if (begin < end && std::count(first_use + begin, first_use + end, use) > 0) {
        out.push_back({std::max(first, end - options_.window), end, end - begin});
      }
    }
  }
  return out;
}

double SeriesTrainer::loss(engine::Tape& tape, const SeriesBatch& batch, double count) {
  const engine::Value out = batch.run(tape, network_);
  std::vector<float> directions, moves;
  for (const std::int64_t row : batch.asked()) {
    const auto r = static_cast<std::size_t>(row);
    const bool learn = targets_.use[r] == SeriesUse::learn;
    directions.push_back(learn ? static_cast<float>(targets_.up[r] != 0) : -1.0f);
    directions.push_back(-1.0f);  // the other column is no direction
    moves.push_back(learn ? targets_.move[r] : std::numeric_limits<float>::quiet_NaN());
  }
  // That loss is a mean over the two columns.
  const double twice = 2 * options_.direction_weight;
  const auto direction = engine::binary_cross_entropy(tape, out, directions, {}, {.scale = twice, .count = count});
  const auto variance = engine::variance_loss(tape, out, 1, moves, {.scale = options_.variance_weight, .count = count});
  tape.backward();
  return weighted(2 * direction.sum, variance.sum) / count;
}

void SeriesTrainer::epoch(int number) {
  base::Random random(options_.seed, static_cast<std::uint64_t>(number));
  std::vector<Window> all = windows(
      SeriesUse::learn, static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(options_.window / 2))));
  random.shuffle(std::span(all));
  SeriesBatch batch(table_, scaling_, options_.window);
  const auto batches =
      (all.size() + static_cast<std::size_t>(options_.batch) - 1) / static_cast<std::size_t>(options_.batch);
  if (steps_planned_ == 0) steps_planned_ = static_cast<std::int64_t>(batches) * options_.epochs;
  for (std::size_t w = 0; w < all.size();) {
    batch.clear();
    for (; w < all.size() && batch.windows() < options_.batch; ++w) batch.add(all[w].begin, all[w].end, all[w].asked);
    double count = 0;
    for (const std::int64_t row : batch.asked()) {
      count += targets_.use[static_cast<std::size_t>(row)] == SeriesUse::learn;
    }
    arena_.reset();
    engine::Tape tape(arena_, true, engine::Precision::f32,
                      base::random_bits(options_.seed, 0xd0u + static_cast<std::uint64_t>(step_)));
    loss(tape, batch, count);
    const double norm = engine::gradient_norm(network_.parameters());
    const double lr = options_.lr * engine::schedule_factor(engine::Schedule::cosine, std::min(step_, steps_planned_),
                                                            steps_planned_ / 20, steps_planned_);
    optimizer_.step(lr, engine::clip_factor(norm, 1));
    ++step_;
  }
}

double SeriesTrainer::judge() {
  double direction = 0, directions = 0, variance = 0, moves = 0;
  SeriesBatch batch(table_, scaling_, options_.window);
  const auto add = [&] {
    arena_.reset();
    engine::Tape tape(arena_, false);
    const engine::Value out = batch.run(tape, network_);
    for (std::size_t i = 0; i < batch.asked().size(); ++i) {
      const auto r = static_cast<std::size_t>(batch.asked()[i]);
      if (targets_.use[r] != SeriesUse::judge) continue;
      ++directions;
      direction += log_loss(out.data[2 * i], targets_.up[r] != 0);
      const double m = targets_.move[r], s = out.data[2 * i + 1];
      if (std::isnan(m)) continue;
      ++moves;
      variance += (s + m * m * std::exp(-s)) / 2;
    }
    batch.clear();
  };
  const std::vector<Window> all = windows(SeriesUse::judge, 0);
  for (std::size_t w = 0; w < all.size(); ++w) {
    batch.add(all[w].begin, all[w].end, all[w].asked);
    if (batch.windows() == kAnswerRows || w + 1 == all.size()) add();
  }
  return weighted(direction / directions, moves > 0 ? variance / moves : 0);
}

SeriesTraining SeriesTrainer::run() {
  SeriesTraining t;
  t.base_log_odds = scaling_.log_odds;
  t.learned = std::count(targets_.use.begin(), targets_.use.end(), SeriesUse::learn);
  t.judged = std::count(targets_.use.begin(), targets_.use.end(), SeriesUse::judge);
  t.base_loss = t.best_loss = judge();
  std::vector<std::vector<float>> best;
  const auto keep = [&] {
    best.clear();
    for (const engine::Parameter& p : network_.parameters().all()) best.emplace_back(p.value, p.value + p.size);
  };
  keep();
  while (t.epochs < options_.epochs && t.epochs - t.best_epoch < options_.patience) {
    epoch(++t.epochs);
    const double now = judge();
    if (options_.progress) {
      const std::string metric = "loss on the judging rows " + std::to_string(now);
      options_.progress({"training", t.epochs, options_.epochs, "epochs", metric, false});
    }
    if (!(now < t.best_loss)) continue;
    t.best_loss = now;
    t.best_epoch = t.epochs;
    keep();
  }
  std::size_t at = 0;
  for (engine::Parameter& p : network_.parameters().all()) std::copy(best[at].begin(), best[at].end(), p.value), ++at;
  return t;
}

}  // namespace ballast::lm
