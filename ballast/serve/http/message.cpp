// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/http/message.h"

#include <algorithm>
#include <array>
#include <mutex>

#include "ballast/base/error.h"
#include "ballast/base/json_text.h"

namespace ballast::serve {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int kMaxDepth = 64;  // of a request's JSON: no schema of ours is deeper than a dozen levels

constexpr std::array<const char*, 7> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OTHER"};
constexpr std::array<const char*, 6> kRoles = {"none", "viewer", "auditor", "analyst", "officer", "admin"};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Depth of brackets outside strings, so that a parser is never asked to go deeper.
int depth_of(std::string_view text) {
  int depth = 0, deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

const char* method_name(Method method) {
  return kMethods[static_cast<std::size_t>(method)];
}

Method method_named(std::string_view name) {
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if (name == kMethods[i]) return static_cast<Method>(i);
  }
  return Method::other;
}

bool changes_things(Method method) {
  return method != Method::get && method != Method::head;
}

const char* role_name(Role role) {
  return kRoles[static_cast<std::size_t>(role)];
}

Role role_named(const std::string& name) {
  for (std::size_t i = 1; i < kRoles.size(); ++i) {
    if (name == kRoles[i]) return static_cast<Role>(i);
  }
  throw Error(ErrorCode::usage, "there is no role \"" + name + "\"", "role",
              "viewer, analyst, officer, auditor or admin");
}

bool may(Role has, Role needs) {
  if (needs == Role::none || has == Role::admin) return true;
  if (needs == Role::auditor) return has == Role::auditor;
  if (has == Role::auditor) return needs == Role::viewer;
  return has >= needs;
}

const std::string* Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

const std::string* Request::asked(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string Request::asked(std::string_view name, const std::string& otherwise) const {
  const std::string* value = asked(name);
  return value == nullptr ? otherwise : *value;
}

std::string Request::cookie(std::string_view name) const {
  const std::string* all = header("cookie");
  if (all == nullptr) return {};
  for (std::size_t at = 0; at < all->size();) {
    const std::size_t end = std::min(all->find(';', at), all->size());
    std::string_view one = std::string_view(*all).substr(at, end - at);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=') {
      return std::string(one.substr(name.size() + 1));
    }
    at = end + 1;
  }
  return {};
}

base::Json Request::json() const {
  if (body.empty()) throw Error(ErrorCode::bad_input, "the body is empty", "body", "send a JSON document");
  if (depth_of(body) > kMaxDepth) throw Error(ErrorCode::bad_input, "JSON nested deeper than 64 levels", "body");
  base::Json json = base::parse_json(body, "body");
  if (base::holds_nul(json)) throw Error(ErrorCode::bad_input, "holds the character U+0000", "body");
  return json;
}

struct Stream::State {
  explicit State(std::size_t most) : limit(most) {}
  std::size_t limit;
  mutable std::mutex mutex;
  std::string waiting;
  std::function<void()> wake;
  bool finished = false, closed = false;
};

Stream::Stream(std::size_t limit) : state_(std::make_unique<State>(limit)) {}
Stream::~Stream() = default;

bool Stream::push(std::string bytes) {
  std::function<void()> wake;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->closed) return false;
    if (state_->waiting.size() + bytes.size() > state_->limit) {
      state_->closed = true;
    } else {
      state_->waiting += bytes;
    }
    wake = state_->wake;
  }
  if (wake) wake();
  return !closed();
}

void Stream::finish() {
  std::function<void()> wake;
  {
    const std::lock_guard lock(state_->mutex);
    state_->finished = true;
    wake = state_->wake;
  }
  if (wake) wake();
}

void Stream::on_news(std::function<void()> wake) {
  const std::lock_guard lock(state_->mutex);
  state_->wake = std::move(wake);
}

std::string Stream::take() {
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->waiting, {});
}

bool Stream::finished() const {
  const std::lock_guard lock(state_->mutex);
  return state_->finished && state_->waiting.empty();
}

void Stream::close() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  state_->wake = nullptr;
}

bool Stream::closed() const {
  const std::lock_guard lock(state_->mutex);
  return state_->closed;
}

Response json_response(const base::Json& json, int status) {
  Response response;
  response.status = status;
  response.body = base::dump_json(json);
  return response;
}

std::string percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_space) c = ' ';
    if (c == '%') {
      const bool whole = i + 2 < text.size();
      const int high = whole ? hex_digit(text[i + 1]) : -1, low = whole ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) throw Error(ErrorCode::usage, "has a bad % escape", "the request's target");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') throw Error(ErrorCode::usage, "holds a zero byte", "the request's target");
    out += c;
  }
  return out;
}

void parse_target(Request& request) {
  const std::string_view target = request.target;
  const std::size_t mark = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, mark);
  request.path = percent_decoded(path, false);
  request.segments.clear();
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    request.segments.push_back(percent_decoded(path.substr(at, end - at), false));
    at = end + 1;
  }
  for (std::size_t at = mark + 1; at < target.size();) {
    const std::size_t end = std::min(target.find('&', at), target.size());
    const std::string_view one = target.substr(at, end - at);
    const std::size_t equals = std::min(one.find('='), one.size());
    if (!one.empty()) {
      request.query.emplace_back(percent_decoded(one.substr(0, equals), true),
                                 equals < one.size() ? percent_decoded(one.substr(equals + 1), true) : "");
    }
    at = end + 1;
  }
}

}  // namespace ballast::serve
