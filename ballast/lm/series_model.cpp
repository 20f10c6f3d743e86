// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/series_model.h"

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/json.h"
#include "ballast/base/serial.h"
#include "ballast/lm/load.h"
#include "ballast/lm/train/series_trainer.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kFormat = "ballast-series-model-1";

base::Json series_arch_json(std::int64_t columns, const SeriesOptions& o) {
  return {{"architectures", {"GPT2ForSequenceClassification"}},
          {"model_type", "gpt2"},
          {"vocab_size", columns},
          {"n_positions", o.window},
          {"n_embd", o.width},
          {"n_layer", o.layers},
          {"n_head", o.heads},
          {"embd_pdrop", o.dropout},
          {"attn_pdrop", o.dropout},
          {"resid_pdrop", o.dropout},
          {"initializer_range", 0.1},  // a width of dozens: GPT-2's 0.02 is for hundreds
          {"id2label", {{"0", "log_odds"}, {"1", "log_variance"}}}};
}

void check_series(const SeriesTable& table, const SeriesTargets& targets, const SeriesOptions& o) {
  const auto rows = static_cast<std::size_t>(table.rows());
  BALLAST_CHECK(table.columns > 0 && table.values.size() == rows * static_cast<std::size_t>(table.columns), rows);
  BALLAST_CHECK(targets.use.size() == rows && targets.up.size() == rows && targets.move.size() == rows, rows);
  if (o.window < 4 || o.width < 1 || o.heads < 1 || o.width % o.heads != 0 || o.layers < 1 || o.epochs < 1 ||
      o.batch < 1 || !(o.direction_weight >= 0) || !(o.variance_weight >= 0) ||
      o.direction_weight + o.variance_weight <= 0) {
    throw Error(ErrorCode::usage, "window, width, heads, layers, epochs, batch or weights cannot be", "series model");
  }
}

}  // namespace

struct SeriesModel::State {
  LoadedModel model;
  SeriesScaling scaling;
  SeriesTraining training;
  std::int64_t window = 0;

  Gpt2& network() const { return static_cast<Gpt2&>(*model.network); }
};

SeriesModel::SeriesModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
SeriesModel::~SeriesModel() = default;
SeriesModel::SeriesModel(SeriesModel&&) noexcept = default;
SeriesModel& SeriesModel::operator=(SeriesModel&&) noexcept = default;

SeriesModel SeriesModel::train(const SeriesTable& table, const SeriesTargets& targets, const SeriesOptions& o) {
  check_series(table, targets, o);
  const base::SerialScope serial;  // a step is a millisecond's work
  auto state = std::make_unique<State>();
  state->scaling = SeriesScaling::of(table, targets);
  state->window = o.window;
  state->model = create_model(parse_config(series_arch_json(table.columns, o), "series model"), o.seed);
  SeriesTrainer trainer(state->network(), state->scaling, table, targets, o);
  state->training = trainer.run();
  return SeriesModel(std::move(state));
}

SeriesModel SeriesModel::load(const std::filesystem::path& folder) {
  const std::string where = (folder / "series.json").string();
  const base::Json json = base::read_json(where);
  if (base::json_field<std::string>(json, "format", where) != kFormat) {
    throw Error(ErrorCode::bad_input, "is not a model of series", where);
  }
  auto state = std::make_unique<State>();
  state->model = load_model(folder);
  const ModelConfig& config = state->model.network->config();
  state->window = config.positions;
  SeriesScaling& s = state->scaling;
  s.mean = base::json_field<std::vector<float>>(json, "mean", where);
  s.scale = base::json_field<std::vector<float>>(json, "scale", where);
  s.log_odds = base::json_field<double>(json, "base_log_odds", where);
  s.log_variance = base::json_field<double>(json, "base_log_variance", where);
  SeriesTraining& t = state->training;
  t.base_log_odds = s.log_odds;
  t.epochs = base::json_field<int>(json, "epochs", where);
  t.best_epoch = base::json_field<int>(json, "best_epoch", where);
  t.base_loss = base::json_field<double>(json, "base_loss", where);
  t.best_loss = base::json_field<double>(json, "best_loss", where);
  t.learned = base::json_field<std::int64_t>(json, "learned", where);
  t.judged = base::json_field<std::int64_t>(json, "judged", where);
  const auto columns = static_cast<std::size_t>(config.vocabulary);
  if (config.type != ModelType::gpt2 || config.head != HeadType::classification || config.labels.size() != 2 ||
      s.mean.size() != columns || s.scale.size() != columns) {
    throw Error(ErrorCode::bad_input, "series.json and config.json do not describe one series model", folder.string());
  }
  return SeriesModel(std::move(state));
}

void SeriesModel::save(const std::filesystem::path& folder) const {
  write_model_files(folder, *state_->model.network, nullptr);
  const SeriesScaling& s = state_->scaling;
  const SeriesTraining& t = state_->training;
  const base::Json json = {{"format", kFormat},
                           {"mean", s.mean},
                           {"scale", s.scale},
                           {"base_log_odds", s.log_odds},
                           {"base_log_variance", s.log_variance},
                           {"epochs", t.epochs},
                           {"best_epoch", t.best_epoch},
                           {"base_loss", t.base_loss},
                           {"best_loss", t.best_loss},
                           {"learned", t.learned},
                           {"judged", t.judged}};
  base::write_file_atomic(folder / "series.json", json.dump(1) + "\n");
}

const SeriesTraining& SeriesModel::training() const {
  return state_->training;
}

std::int64_t SeriesModel::parameters() const {
  return state_->model.network->parameters().total_size();
}

std::vector<SeriesAnswer> SeriesModel::answer(const SeriesTable& table, std::span<const std::int64_t> rows) const {
  if (table.columns != static_cast<std::int64_t>(state_->scaling.mean.size())) {
    throw Error(ErrorCode::bad_input,
                "the model reads " + std::to_string(state_->scaling.mean.size()) + " columns, there are " +
                    std::to_string(table.columns),
                "series model");
  }
  const base::SerialScope serial;
  return series_answers(state_->network(), state_->scaling, table, rows, state_->window);
}

}  // namespace ballast::lm
