// SPDX-License-Identifier: Apache-2.0
// One connection of a client: requests in, one after the other; each handed to whoever answers; answers out.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ballast/serve/http/limits.h"
#include "ballast/serve/http/message.h"
#include "ballast/serve/net/transport.h"

namespace ballast::serve {

/// Called on the connections' thread; the reply may come from any.
using Dispatch = std::function<void(std::shared_ptr<Request>, Reply)>;

/// What a connection is doing, so that a service that stops knows which to wait for.
struct ConnectionState {
  bool busy = false;
  std::function<void()> abort;
};

/// Serves until the client goes, is too slow, or `stopping` says so between two requests.
boost::asio::awaitable<void> serve_connection(std::unique_ptr<Transport> transport, std::string remote,
                                              const Limits& limits, BodyBudget& bodies, const Dispatch& dispatch,
                                              const bool& stopping, std::shared_ptr<ConnectionState> state);

/// Status line and headers, with the empty line at the end.
std::string response_head(const Response& response, const Request& request, bool keep_alive, bool chunked);

}  // namespace ballast::serve
