// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/random.h"
#include "ballast/lm/sequence_model.h"
#include "ballast/risk/operations/count_model.h"
#include "ballast/risk/operations_sessions.h"
#include "ballast/tabular/metrics.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kSessionFormat = "ballast-session-model-1";
constexpr std::size_t kFewestSessions = 20;

using Ids = std::vector<std::vector<std::int32_t>>;

}  // namespace

struct SessionModel::State {
  std::map<std::string, std::int32_t> events;
  std::unique_ptr<lm::SequenceModel> sequence;
  CountModel counts;
  double threshold = 0, count_threshold = 0, false_alarm_rate = 0;
  std::int64_t trained = 0, held_back = 0;
  std::uint64_t seed = 0;

  Ids ids(std::span<const Session> sessions) const {
    Ids all;
    for (const Session& session : sessions) {
      auto& one = all.emplace_back();
      for (const std::string& event : session) {
        const auto found = events.find(event);
        one.push_back(found == events.end() ? -1 : found->second);
      }
    }
    return all;
  }

  Eigen::VectorXd count_row(const std::vector<std::int32_t>& ids) const {
    Eigen::VectorXd row = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(events.size()) + 1);
    for (const std::int32_t id : ids) row[id < 0 ? row.size() - 1 : id] += 1;
    return row.array().log1p();
  }

  std::vector<SessionScore> score(const Ids& ids) const {
    const std::vector<lm::SequenceSurprise> surprises = sequence->surprise(ids);
    std::vector<SessionScore> scores(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto& nats = surprises[i].nats;
      SessionScore& s = scores[i];
      const auto worst = std::max_element(nats.begin(), nats.end());
      s.score = *worst;
      s.step = worst - nats.begin() + 1;
      for (const float n : nats) s.mean += n / static_cast<double>(nats.size());
      s.count_score = counts.score(count_row(ids[i]));
      s.anomaly = s.score > threshold;
      s.count_anomaly = s.count_score > count_threshold;
      s.truncated = surprises[i].truncated;
    }
    return scores;
  }
};

SessionModel::SessionModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
SessionModel::~SessionModel() = default;
SessionModel::SessionModel(SessionModel&&) noexcept = default;
SessionModel& SessionModel::operator=(SessionModel&&) noexcept = default;

SessionModel SessionModel::train(std::span<const Session> normal, const SessionOptions& o) {
  std::map<Session, std::int64_t> distinct;
  for (const Session& session : normal) ++distinct[session];
  if (distinct.size() < kFewestSessions) {
    throw Error(
        ErrorCode::bad_input,
        fmt::format("{} distinct sessions are too few, at least {} are needed", distinct.size(), kFewestSessions),
        "normal sessions");
  }
  if (!(o.hold_back > 0 && o.hold_back < 1) || !(o.false_alarm_rate > 0 && o.false_alarm_rate < 1)) {
    throw Error(ErrorCode::usage, "must lie between 0 and 1", "hold_back, false_alarm_rate");
  }
  std::vector<const Session*> order;
  for (const auto& [session, n] : distinct) order.push_back(&session);
  base::Random random(o.seed);
  random.shuffle(std::span(order));
  const auto back = static_cast<std::size_t>(std::ceil(o.hold_back * static_cast<double>(order.size())));
  std::vector<Session> held_back, trained;
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::vector<Session>& side = i < back ? held_back : trained;
    side.insert(side.end(), static_cast<std::size_t>(distinct[*order[i]]), *order[i]);
  }
  auto state = std::make_unique<State>();
  for (const Session& session : trained) {
    for (const std::string& event : session) state->events.emplace(event, 0);
  }
  std::int32_t next = 0;
  for (auto& [event, id] : state->events) id = next++;
  const Ids ids = state->ids(trained);
  lm::SequenceModelOptions lm_options;
  lm_options.width = o.width;
  lm_options.layers = o.layers;
  lm_options.epochs = o.epochs;
  lm_options.seed = o.seed;
  lm_options.progress = o.progress;
  state->sequence = std::make_unique<lm::SequenceModel>(lm::SequenceModel::train(ids, next, lm_options));
  Eigen::MatrixXd rows(static_cast<Eigen::Index>(ids.size()), next + 1);
  for (std::size_t i = 0; i < ids.size(); ++i) rows.row(static_cast<Eigen::Index>(i)) = state->count_row(ids[i]);
  state->counts = CountModel::fit(rows);
  state->trained = static_cast<std::int64_t>(trained.size());
  state->held_back = static_cast<std::int64_t>(held_back.size());
  state->false_alarm_rate = o.false_alarm_rate;
  state->seed = o.seed;
  std::vector<double> scores, count_scores;
  for (const SessionScore& s : state->score(state->ids(held_back))) {
    scores.push_back(s.score);
    count_scores.push_back(s.count_score);
  }
  std::sort(scores.begin(), scores.end());
  std::sort(count_scores.begin(), count_scores.end());
  state->threshold = tabular::quantile(scores, 1 - o.false_alarm_rate);
  state->count_threshold = tabular::quantile(count_scores, 1 - o.false_alarm_rate);
  return SessionModel(std::move(state));
}

void SessionModel::save(const std::filesystem::path& folder) const {
  const State& s = *state_;
  base::Json events = base::Json::array();
  for (const auto& [event, id] : s.events) events.push_back(event);
  const base::Json json = {{"format", kSessionFormat},
                           {"events", events},
                           {"threshold", s.threshold},
                           {"count_threshold", s.count_threshold},
                           {"false_alarm_rate", s.false_alarm_rate},
                           {"trained_sessions", s.trained},
                           {"held_back_sessions", s.held_back},
                           {"seed", s.seed},
                           {"counts", s.counts.to_json()}};
  base::write_directory_atomic(folder, [&](const std::filesystem::path& fresh) {
    s.sequence->save(fresh);
    base::write_file_atomic(fresh / "operations.json", json.dump(1) + "\n");
  });
}

SessionModel SessionModel::load(const std::filesystem::path& folder) {
  const std::string where = (folder / "operations.json").string();
  const base::Json json = base::read_json(where);
  if (base::json_field<std::string>(json, "format", where) != kSessionFormat) {
    throw Error(ErrorCode::bad_input, "is not a model of log sessions", where);
  }
  auto state = std::make_unique<State>();
  std::int32_t next = 0;
  for (const auto& event : base::json_field<std::vector<std::string>>(json, "events", where)) {
    state->events[event] = next++;
  }
  state->threshold = base::json_field<double>(json, "threshold", where);
  state->count_threshold = base::json_field<double>(json, "count_threshold", where);
  state->false_alarm_rate = base::json_field<double>(json, "false_alarm_rate", where);
  state->trained = base::json_field<std::int64_t>(json, "trained_sessions", where);
  state->held_back = base::json_field<std::int64_t>(json, "held_back_sessions", where);
  state->seed = base::json_field<std::uint64_t>(json, "seed", where);
  state->counts = CountModel::from_json(base::json_field<base::Json>(json, "counts", where), where);
  state->sequence = std::make_unique<lm::SequenceModel>(lm::SequenceModel::load(folder));
  if (state->sequence->alphabet() != next) {
    throw Error(ErrorCode::bad_input, "the list of events does not fit the language model", where);
  }
  return SessionModel(std::move(state));
}

std::vector<SessionScore> SessionModel::score(std::span<const Session> sessions) const {
  return state_->score(state_->ids(sessions));
}
double SessionModel::threshold() const {
  return state_->threshold;
}
double SessionModel::count_threshold() const {
  return state_->count_threshold;
}
std::int64_t SessionModel::trained_sessions() const {
  return state_->trained;
}
std::int64_t SessionModel::held_back_sessions() const {
  return state_->held_back;
}

}  // namespace ballast::risk
