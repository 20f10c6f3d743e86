// SPDX-License-Identifier: Apache-2.0
#include "ballast/remote/http/transfer.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <thread>

#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"

namespace ballast::remote {
namespace {

using base::Error;
using base::ErrorCode;

struct Reception {
  const HttpAsk& ask;
  HttpAnswer answer;
  CURL* curl = nullptr;
  std::size_t received = 0;
  bool refused = false;  // by the sink
};

std::size_t on_body(char* data, std::size_t one, std::size_t count, void* self) {
  Reception& r = *static_cast<Reception*>(self);
  const std::size_t size = one * count;
  r.received += size;
  if (r.received > r.ask.most) {
    r.answer.too_large = true;
    return 0;
  }
  if (!r.ask.sink) {
    r.answer.body.append(data, size);
    return size;
  }
  long status = 0;
  curl_easy_getinfo(r.curl, CURLINFO_RESPONSE_CODE, &status);
  if (r.ask.sink(status, {data, size})) return size;
  r.refused = true;
  return 0;
}

std::size_t on_header_line(char* data, std::size_t one, std::size_t count, void* self) {
  Reception& r = *static_cast<Reception*>(self);
  const std::size_t size = one * count;
  std::string_view line(data, size);
  if (line.starts_with("HTTP/")) r.answer.headers.clear();  // a redirection's headers are not the answer's
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || r.answer.headers.size() > 200) return size;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  line.remove_prefix(colon + 1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  r.answer.headers[name] = line;
  return size;
}

int on_progress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return base::interrupted() ? 1 : 0;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace

HttpAnswer http_ask(const HttpAsk& ask) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> owned(curl_easy_init(), curl_easy_cleanup);
  if (started != CURLE_OK || !owned) throw Error(ErrorCode::network, "libcurl does not start");
  CURL* const e = owned.get();
  Reception r{ask, {}, e, 0, false};
  curl_slist* list = nullptr;
  for (const std::string& header : ask.headers) list = curl_slist_append(list, header.c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> owned_list(list, curl_slist_free_all);
  char problem[CURL_ERROR_SIZE] = {};
  curl_easy_setopt(e, CURLOPT_URL, ask.url.c_str());
  curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(e, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(e, CURLOPT_USERAGENT, "ballast");
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(ask.connect_seconds * 1000));
  curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(ask.idle_seconds)));
  if (ask.total_seconds > 0) curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, static_cast<long>(ask.total_seconds * 1000));
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, problem);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, &r);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header_line);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, &r);
  curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
  if (!ask.token.empty()) {
    curl_easy_setopt(e, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(e, CURLOPT_XOAUTH2_BEARER, ask.token.c_str());
  }
  if (ask.from > 0) curl_easy_setopt(e, CURLOPT_RANGE, (std::to_string(ask.from) + "-").c_str());
  if (ask.method == "POST") {
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, ask.body.data());
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(ask.body.size()));
  }
  const CURLcode failed = curl_easy_perform(e);
  curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &r.answer.status);
  if (base::interrupted()) throw Error(ErrorCode::cancelled, "stopped; run the same command again to go on");
  if (r.answer.too_large) {
    r.answer.problem = "the answer is longer than " + std::to_string(ask.most) + " bytes";
  } else if (failed != CURLE_OK && !r.refused) {
    r.answer.problem = problem[0] != '\0' ? problem : curl_easy_strerror(failed);
  }
  return std::move(r.answer);
}

bool worth_repeating(const HttpAnswer& answer) {
  if (answer.too_large) return false;
  return !answer.problem.empty() || answer.status == 408 || answer.status == 429 || answer.status >= 500;
}

double pause_before(int attempt, double first, const HttpAnswer& answer) {
  const double pause = first * std::pow(2.0, attempt - 1);
  const auto wish = answer.headers.find("retry-after");
  const double asked = wish == answer.headers.end() ? 0 : std::strtod(wish->second.c_str(), nullptr);
  return std::min(60.0, std::max(pause, asked > 0 ? asked : 0));
}

void wait_seconds(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    if (base::interrupted()) throw Error(ErrorCode::cancelled, "stopped; run the same command again to go on");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void check_address(const std::string& url, const std::string& token, const std::string& option) {
  const bool secure = url.starts_with("https://");
  const std::string_view rest =
      secure ? std::string_view(url).substr(8) : std::string_view(url).substr(std::min<std::size_t>(7, url.size()));
  if ((!secure && !url.starts_with("http://")) || rest.empty() || rest.front() == '/') {
    throw Error(ErrorCode::usage, "\"" + url + "\" is no address", option, "expected https://HOST or http://HOST");
  }
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos) {
    throw Error(ErrorCode::usage, "a password in an address can be seen by others", option,
                "give a token by the environment or a file");
  }
  const std::string_view host = authority.starts_with("[") ? authority.substr(0, authority.find(']') + 1)
                                                           : authority.substr(0, authority.find(':'));
  if (!token.empty() && !secure && !is_loopback(host)) {
    throw Error(ErrorCode::usage, "the token would cross the network in clear", option, "use https://");
  }
}

}  // namespace ballast::remote
