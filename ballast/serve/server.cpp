// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/server.h"

#include <utility>  // before Asio: Boost 1.74 misses std::exchange with GCC 12

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <map>
#include <thread>

#include "ballast/base/error.h"
#include "ballast/serve/app.h"
#include "ballast/serve/live/feeder.h"
#include "ballast/serve/live/intake.h"
#include "ballast/serve/live/jobs.h"
#include "ballast/serve/live/scoring.h"
#include "ballast/serve/live/shadows.h"
#include "ballast/serve/live/webhooks.h"
#include "ballast/serve/net/connection.h"

namespace ballast::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using base::Error;
using base::ErrorCode;
using boost::system::error_code;

tcp::endpoint endpoint_of(const ServeOptions& options) {
  error_code failed;
  const auto address = asio::ip::make_address(options.address == "localhost" ? "127.0.0.1" : options.address, failed);
  if (failed) {
    throw Error(ErrorCode::usage, "\"" + options.address + "\" is no address of a machine", "--address",
                "127.0.0.1, 0.0.0.0, ::1 …");
  }
  return {address, options.port};
}

std::unique_ptr<asio::ssl::context> tls_of(const ServeOptions& options) {
  if (options.certificate.empty() != options.private_key.empty()) {
    throw Error(ErrorCode::usage, "a certificate and its key go together", "--certificate, --private-key");
  }
  if (options.certificate.empty()) {
    if (!is_loopback(options.address) && !options.plain_outside) {
      throw Error(ErrorCode::usage, "other machines would be answered without encryption", options.address,
                  "give --certificate and --private-key, or say --plain-outside where something in front encrypts");
    }
    return nullptr;
  }
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                       asio::ssl::context::no_tlsv1_1);
  error_code failed;
  context->use_certificate_chain_file(options.certificate.string(), failed);
  if (failed) throw Error(ErrorCode::bad_input, "is no certificate in PEM: " + failed.message(), options.certificate);
  context->use_private_key_file(options.private_key.string(), asio::ssl::context::pem, failed);
  if (failed) throw Error(ErrorCode::bad_input, "is not the key of the certificate", options.private_key);
  return context;
}

/// A thousand listeners are a thousand open files.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

bool is_loopback(const std::string& address) {
  if (address == "localhost") return true;
  error_code failed;
  const auto parsed = asio::ip::make_address(address, failed);
  return !failed && parsed.is_loopback();
}

struct Server::State {
  explicit State(ServeOptions options)
      : endpoint(endpoint_of(options)), tls(tls_of(options)), app(std::move(options)), acceptor(io) {}

  tcp::endpoint endpoint;
  std::unique_ptr<asio::ssl::context> tls;
  App app;
  std::unique_ptr<Feeder> feeder;
  asio::io_context io{1};
  tcp::acceptor acceptor;
  std::thread thread;
  bool closing = false;  // of the connections' thread
  bool started = false;
  std::map<std::uint64_t, std::shared_ptr<ConnectionState>> connections;
  std::map<std::string, std::size_t> by_address;
  std::uint64_t next = 0;
  Dispatch dispatch = [this](std::shared_ptr<Request> request, Reply reply) {
    app.dispatch(std::move(request), std::move(reply));
  };

  asio::awaitable<void> accept_all();
  void take(tcp::socket socket);
  asio::awaitable<void> keep_alive();
  void close_idle();
  void abort_all();
};

asio::awaitable<void> Server::State::accept_all() {
  while (acceptor.is_open()) {
    error_code failed;
    tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed));
    if (!failed) {
      take(std::move(socket));
      continue;
    }
    if (failed == asio::error::operation_aborted) co_return;
    asio::steady_timer pause(io, std::chrono::milliseconds(50));  // out of files: others will close some
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
  }
}

void Server::State::take(tcp::socket socket) {
  error_code failed;
  const auto peer = socket.remote_endpoint(failed);
  if (failed) return;
  const std::string remote = peer.address().to_string();
  const Limits& limits = app.options.limits;
  app.metrics.set("ballast_http_connections", "Open connections", static_cast<double>(connections.size() + 1));
  if (connections.size() >= limits.connections || by_address[remote] >= limits.connections_an_address) {
    app.metrics.add("ballast_http_connections_refused_total", "Connections beyond the limit", 1);
    return;  // closed: no thread and no memory is spent on it
  }
  socket.set_option(tcp::no_delay(true), failed);
  const std::uint64_t number = next++;
  const auto state = std::make_shared<ConnectionState>();
  connections[number] = state;
  ++by_address[remote];
  auto transport = tls ? tls_transport(std::move(socket), *tls) : plain_transport(std::move(socket));
  asio::co_spawn(io, serve_connection(std::move(transport), remote, limits, app.bodies, dispatch, closing, state),
                 [this, number, remote](const std::exception_ptr&) {
                   connections.erase(number);
                   if (--by_address[remote] == 0) by_address.erase(remote);
                   app.metrics.set("ballast_http_connections", "Open connections",
                                   static_cast<double>(connections.size()));
                 });
}

asio::awaitable<void> Server::State::keep_alive() {
  asio::steady_timer timer(io);
  while (!closing) {
    timer.expires_after(app.options.limits.keep_alive);
    error_code failed;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, failed));
    app.hub.keep_alive();
  }
}

void Server::State::close_idle() {
  for (const auto& [number, state] : connections) {
    if (!state->busy && state->abort) state->abort();
  }
}

void Server::State::abort_all() {
  for (const auto& [number, state] : connections) {
    if (state->abort) state->abort();
  }
}

Server::Server(ServeOptions options) : state_(std::make_unique<State>(std::move(options))) {}

Server::~Server() {
  stop();
}

void Server::start() {
  State& s = *state_;
  raise_file_limit();
  error_code failed;
  s.acceptor.open(s.endpoint.protocol(), failed);
  if (!failed) s.acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) s.acceptor.bind(s.endpoint, failed);
  if (!failed) s.acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) {
    throw Error(ErrorCode::io, "cannot listen: " + failed.message(),
                fmt::format("{}:{}", s.app.options.address, s.app.options.port), "another --port");
  }
  s.started = true;
  s.app.intake->start();
  s.app.jobs->start();
  s.app.webhooks->start();
  s.app.scoring->start();
  s.app.shadows->start();
  s.feeder = std::make_unique<Feeder>(s.app);
  asio::co_spawn(s.io, s.accept_all(), asio::detached);
  asio::co_spawn(s.io, s.keep_alive(), asio::detached);
  s.thread = std::thread([&s] {
    // Until stop() ends it: with the last connection and timer gone it would else run out of work, and stop() asks it
    // something after that.
    const auto work = asio::make_work_guard(s.io);
    s.io.run();
  });
}

unsigned short Server::port() const {
  error_code failed;
  const auto local = state_->acceptor.local_endpoint(failed);
  return failed ? state_->app.options.port : local.port();
}

bool Server::open() const {
  return state_->app.gate.open();
}

std::string Server::url() const {
  const std::string& address = state_->app.options.address;
  const bool brackets = address.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", state_->tls ? "https" : "http", brackets ? "[" : "", address,
                     brackets ? "]" : "", port());
}

void Server::stop() {
  State& s = *state_;
  if (!s.started) return;
  s.started = false;
  s.app.stopping = true;
  const auto end = std::chrono::steady_clock::now() + s.app.options.limits.stop_time;
  asio::post(s.io, [&s] {
    error_code ignored;
    s.acceptor.close(ignored);
    s.closing = true;
    s.close_idle();
  });
  // What was accepted is answered; then what listens for events is told that there will be none.
  while (s.app.in_flight > 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  s.app.jobs->stop();
  s.app.scoring->stop();
  s.app.shadows->stop();
  s.app.intake->stop();
  s.feeder.reset();
  s.app.webhooks->stop();
  s.app.hub.close();
  for (bool some = true; some && std::chrono::steady_clock::now() < end;) {
    std::promise<bool> left;
    asio::post(s.io, [&] {
      s.close_idle();
      left.set_value(!s.connections.empty());
    });
    some = left.get_future().get();
    if (some) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  asio::post(s.io, [&s] { s.abort_all(); });
  s.app.quick.stop();
  s.app.compute.stop();
  s.app.writing.stop();
  asio::post(s.io, [&s] { s.io.stop(); });
  s.thread.join();
}

base::Json Server::openapi() const {
  return state_->app.routes.openapi(state_->app.options.version);
}

}  // namespace ballast::serve
