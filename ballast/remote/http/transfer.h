// SPDX-License-Identifier: Apache-2.0
// One HTTP request with its answer, through libcurl: proxies from the environment (http_proxy, https_proxy, no_proxy),
// TLS with the system's certificates, time-outs for what does not move.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::remote {

struct HttpAsk {
  std::string url, method = "GET", body;
  std::string token;                         // sent as a bearer token, never to another host that an answer leads to
  std::vector<std::string> headers;          // "Name: value"
  std::int64_t from = 0;                     // first byte that is wanted
  std::size_t most = std::size_t{64} << 20;  // bytes of the body; more is an error
  double connect_seconds = 20, idle_seconds = 60, total_seconds = 0;  // 0: no limit
  /// Receives the body as it comes where set; told the status first. False ends the transfer.
  std::function<bool(long status, std::string_view bytes)> sink;
};

struct HttpAnswer {
  long status = 0;                             // 0: no answer
  std::map<std::string, std::string> headers;  // of the last answer, names in lower case
  std::string body;                            // where no sink took it
  std::string problem;                         // why the transfer ended early; empty: it did not
  bool too_large = false;
};

HttpAnswer http_ask(const HttpAsk& ask);

/// Whether the same request may fare better later: no answer, a cut one, 408, 429, 5xx.
bool worth_repeating(const HttpAnswer& answer);

/// Seconds before attempt number `attempt` (1: the first repetition): twice as long each time, and at least what
/// Retry-After says (at most a minute).
double pause_before(int attempt, double first, const HttpAnswer& answer);

/// Waits in short steps; throws cancelled when the user stops the program.
void wait_seconds(double seconds);

/// Throws usage for an address that is no http(s) URL, or where `token` would go over the network in clear.
void check_address(const std::string& url, const std::string& token, const std::string& option);

}  // namespace ballast::remote
