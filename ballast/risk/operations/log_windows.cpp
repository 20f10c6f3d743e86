// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations_log_windows.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "ballast/base/error.h"
#include "ballast/base/files.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr const char* kWindowFormat = "ballast-log-windows-1";
constexpr const char* kWindows = "windows.json";
constexpr const char* kTemplates = "templates.json";
constexpr const char* kUnknown = "0";

bool blank(char c) {
  return c == ' ' || c == '\t';
}

}  // namespace

LabelledLine cut_log_line(std::string_view line, const LogWindowOptions& options) {
  LabelledLine out;
  std::string rest(line);
  if (options.label_field > 0) {
    std::size_t begin = 0, end = 0;
    for (int field = 0; field < options.label_field; ++field) {
      begin = end;
      while (begin < line.size() && blank(line[begin])) ++begin;
      end = begin;
      while (end < line.size() && !blank(line[end])) ++end;
    }
    if (begin == end) throw std::invalid_argument(fmt::format("has no field {}, its label", options.label_field));
    out.alert = line.substr(begin, end - begin) != options.normal;
    rest = std::string(line.substr(0, begin)) + std::string(line.substr(std::min(end + 1, line.size())));
  }
  out.content = options.whole_lines ? rest : std::string(split_log_line(rest).content);
  return out;
}

LogWindowModel::LogWindowModel(LogWindowOptions options, TemplateMiner miner, SessionModel sessions)
    : options_(std::move(options)), miner_(std::move(miner)), sessions_(std::move(sessions)) {}

LogWindowModel LogWindowModel::train(std::span<const LabelledLine> lines, const LogWindowOptions& options,
                                     const SessionOptions& session_options) {
  if (options.window < 2) throw Error(ErrorCode::usage, "a window needs at least two lines", "window");
  TemplateMiner miner;
  for (const LabelledLine& line : lines) miner.add(line.content);
  const auto window = static_cast<std::size_t>(options.window);
  std::vector<Session> normal;
  std::int64_t alerts = 0;
  for (std::size_t begin = 0; begin + window <= lines.size(); begin += window) {
    Session session;
    bool alert = false;
    for (std::size_t i = begin; i < begin + window; ++i) {
      session.push_back(std::to_string(miner.match(lines[i].content)));  // as event_of() will say later
      alert = alert || lines[i].alert;
    }
    if (alert)
      ++alerts;
    else
      normal.push_back(std::move(session));
  }
  if (normal.empty()) {
    throw Error(ErrorCode::bad_input, fmt::format("{} lines give no normal window of {}", lines.size(), options.window),
                "log windows");
  }
  LogWindowModel model(options, std::move(miner), SessionModel::train(normal, session_options));
  model.normal_ = static_cast<std::int64_t>(normal.size());
  model.alerts_ = alerts;
  return model;
}

std::string LogWindowModel::event_of(std::string_view content) const {
  return std::to_string(miner_.match(content));
}

const std::string& LogWindowModel::template_of(const std::string& event) const {
  static const std::string unknown = "a message that fits no template known from training";
  std::int64_t id = 0;
  std::from_chars(event.data(), event.data() + event.size(), id);
  return event == kUnknown ? unknown : miner_.text(id);
}

void LogWindowModel::save(const std::filesystem::path& folder) const {
  const Json json = {
      {"format", kWindowFormat},   {"window", options_.window},           {"label_field", options_.label_field},
      {"normal", options_.normal}, {"whole_lines", options_.whole_lines}, {"normal_windows", normal_},
      {"alert_windows", alerts_}};
  base::write_directory_atomic(folder, [&](const std::filesystem::path& fresh) {
    sessions_.save(fresh);
    base::write_file_atomic(fresh / kTemplates, miner_.freeze().dump(1) + "\n");
    base::write_file_atomic(fresh / kWindows, json.dump(1) + "\n");
  });
}

bool is_log_window_model(const std::filesystem::path& folder) {
  return std::filesystem::is_regular_file(folder / kWindows);
}

LogWindowModel LogWindowModel::load(const std::filesystem::path& folder) {
  if (!is_log_window_model(folder)) {
    throw Error(ErrorCode::not_found, "holds no model of log windows", folder.string(),
                "train one with `ballast operations train --log`");
  }
  const std::string where = (folder / kWindows).string();
  const Json json = base::read_json(where);
  if (base::json_field<std::string>(json, "format", where) != kWindowFormat) {
    throw Error(ErrorCode::bad_input, "is not a model of log windows", where);
  }
  LogWindowOptions options;
  options.window = base::json_field<std::int64_t>(json, "window", where);
  options.label_field = base::json_field<int>(json, "label_field", where);
  options.normal = base::json_field<std::string>(json, "normal", where);
  options.whole_lines = base::json_field<bool>(json, "whole_lines", where);
  if (options.window < 2) throw Error(ErrorCode::bad_input, "has a window of fewer than two lines", where);
  const std::filesystem::path templates = folder / kTemplates;
  LogWindowModel model(options, TemplateMiner::thaw(base::read_json(templates), templates.string()),
                       SessionModel::load(folder));
  model.normal_ = base::json_field<std::int64_t>(json, "normal_windows", where);
  model.alerts_ = base::json_field<std::int64_t>(json, "alert_windows", where);
  return model;
}

}  // namespace ballast::risk
