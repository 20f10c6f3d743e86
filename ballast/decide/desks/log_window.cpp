// SPDX-License-Identifier: Apache-2.0
#include "ballast/decide/log_window_decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "ballast/base/hash.h"

namespace ballast::decide {

using base::Json;

std::string folder_hash(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  Json all = Json::array();
  for (const auto& file : files) {
    all.push_back({std::filesystem::relative(file, folder).string(), base::sha256_file(file)});
  }
  return base::sha256_hex(base::dump_json(all));
}

Decision judge_window(const risk::LogWindowModel& model, const std::string& folder, const std::string& hash,
                      const Json& inputs) {
  const auto events = base::json_field<risk::Session>(inputs, "events", "log window");
  const risk::SessionScore score = model.sessions().score(std::vector<risk::Session>{events}).front();
  const auto step = static_cast<std::size_t>(score.step);
  const std::string event = step <= events.size() ? events[step - 1] : "";
  const std::string text = event.empty() ? "the window ends too early" : model.template_of(event);
  Decision d;
  d.kind = "log_window";
  d.subject = fmt::format("{}:{}", base::json_field<std::string>(inputs, "source", "log window"),
                          base::json_field<std::int64_t>(inputs, "first_line", "log window"));
  d.inputs = inputs;
  d.model = folder;
  d.model_hash = hash;
  d.outcome = {{"anomaly", score.anomaly},
               {"score", score.score},
               {"threshold", model.sessions().threshold()},
               {"step", score.step},
               {"event", event},
               {"template", text},
               {"count_score", score.count_score},
               {"count_anomaly", score.count_anomaly}};
  // The score is the surprise of one step, so that step is the whole reason and the base is 0.
  d.reasons.push_back({fmt::format("step {}", score.step), text, score.score});
  return d;
}

Decision replay_window(const Decision& was) {
  const auto model = risk::LogWindowModel::load(was.model);
  return judge_window(model, was.model, folder_hash(was.model), was.inputs);
}

}  // namespace ballast::decide
