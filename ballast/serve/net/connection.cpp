// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/net/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <fstream>
#include <optional>

#include "ballast/serve/http/problem.h"

namespace ballast::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::chrono::seconds kFarewell{2};
constexpr std::size_t kWriteBytes = 64 * 1024;  // a client that takes less within the write time is too slow

using Parser = http::request_parser<http::string_body>;

/// The dispatcher's callback as something to wait for. The reply arrives on another thread; the coroutine goes on here.
asio::awaitable<Response> answer_of(const Dispatch& dispatch, std::shared_ptr<Request> request) {
  const auto executor = co_await asio::this_coro::executor;
  auto initiate = [executor, &dispatch, request](auto&& handler) {
    auto shared = std::make_shared<std::decay_t<decltype(handler)>>(std::forward<decltype(handler)>(handler));
    dispatch(request, [executor, shared](Response response) {
      auto moved = std::make_shared<Response>(std::move(response));
      asio::post(executor, [shared, moved] { (*shared)(std::move(*moved)); });
    });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Response)>(initiate, asio::use_awaitable);
}

class Connection {
 public:
  Connection(std::unique_ptr<Transport> transport, std::string remote, const Limits& limits, BodyBudget& bodies,
             const Dispatch& dispatch, const bool& stopping, std::shared_ptr<ConnectionState> state)
      : transport_(std::move(transport)),
        remote_(std::move(remote)),
        limits_(limits),
        bodies_(bodies),
        dispatch_(dispatch),
        stopping_(stopping),
        state_(std::move(state)) {
    state_->abort = [this] { transport_->abort(); };
  }
  ~Connection() { state_->abort = nullptr; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  asio::awaitable<void> run() {
    transport_->expires_after(limits_.header_time);
    if (!co_await transport_->open()) co_return;
    bool unread = false;
    while (!stopping_) {
      state_->busy = false;
      Parser parser;
      parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
      parser.body_limit(limits_.body_bytes);
      parser.eager(false);
      const auto request = std::make_shared<Request>();
      request->remote = remote_;
      request->secure = transport_->secure();
      const int failed = co_await read(parser, *request);
      if (failed < 0) break;
      unread = failed == 413 || failed == 503;
      state_->busy = true;
      Response response;
      if (failed > 0) {
        response = refusal(failed, *request);
      } else {
        response = co_await answer_of(dispatch_, request);
      }
      // After a request that was not read to its end nobody knows where the next one begins.
      const bool keep = failed == 0 && parser.get().keep_alive() && !stopping_;
      if (!co_await write(response, *request, keep, parser.get().version() >= 11) || !keep) break;
    }
    transport_->expires_after(kFarewell);
    if (unread) co_await take_the_rest();
    co_await transport_->close();
    transport_->abort();
  }

 private:
  /// 0: a whole request; -1: the client has gone; else the status to refuse it with.
  asio::awaitable<int> read(Parser& parser, Request& request) {
    transport_->expires_after(buffer_.size() > 0 ? limits_.header_time : limits_.idle_time);
    bool begun = buffer_.size() > 0;
    while (!parser.is_header_done()) {
      const int failed = parse(parser);
      if (failed != 0) co_return failed;
      if (parser.is_header_done()) break;
      if (!co_await more()) co_return begun&& buffer_.size() > 0 ? 408 : -1;
      if (!begun) transport_->expires_after(limits_.header_time);
      begun = true;
    }
    fill(parser, request);
    if (parser.get().version() != 10 && parser.get().version() != 11) co_return 505;
    const auto expected = parser.get().find(http::field::expect);
    if (expected != parser.get().end() && !parser.is_done()) {
      if (!beast::iequals(expected->value(), "100-continue")) co_return 417;
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      if (!co_await transport_->write(asio::buffer(kContinue))) co_return -1;
    }
    co_return co_await read_body(parser, request);
  }

  /// Counted as it comes, not as it is announced: who announces much and sends little takes nothing from others.
  asio::awaitable<int> read_body(Parser& parser, Request& request) {
    const auto share = std::make_shared<BodyBudget::Share>(bodies_);
    transport_->expires_after(limits_.body_time);
    while (!parser.is_done()) {
      const int failed = parse(parser);
      if (failed != 0) co_return failed;
      if (!share->grow_to(parser.get().body().size())) co_return 503;
      if (parser.is_done()) break;
      if (!co_await more()) co_return 408;
    }
    std::string body;
    body.swap(parser.get().body());
    if (changes_things(request.method)) {  // no other request has a use for a body
      request.body = std::move(body);
      request.body_share = share;
    }
    co_return 0;
  }

  /// A connection that is closed with bytes unread is reset, and the client never sees why it was refused.
  asio::awaitable<void> take_the_rest() {
    for (std::size_t left = 2 * limits_.body_bytes; left > 0;) {
      const std::size_t n = co_await transport_->read(buffer_.prepare(kReadBytes));
      if (n == 0) co_return;
      left -= std::min(n, left);
    }
  }

  int parse(Parser& parser) {
    const bool head = !parser.is_header_done();
    while (buffer_.size() > 0) {
      error_code failed;
      const std::size_t used = parser.put(buffer_.data(), failed);
      buffer_.consume(used);
      if (failed == http::error::need_more) return 0;
      if (failed == http::error::body_limit) return 413;
      if (failed == http::error::header_limit) return 431;
      if (failed) return 400;
      // Between head and body there may be something to say (Expect: 100-continue).
      if (parser.is_done() || used == 0 || (head && parser.is_header_done())) return 0;
    }
    return 0;
  }

  asio::awaitable<bool> more() {
    const auto space = buffer_.prepare(kReadBytes);
    const std::size_t n = co_await transport_->read(space);
    buffer_.commit(n);
    co_return n > 0;
  }

  static void fill(Parser& parser, Request& request) {
    const auto& message = parser.get();
    request.method = method_named(std::string_view(message.method_string().data(), message.method_string().size()));
    request.target.assign(message.target().data(), message.target().size());
    for (const auto& field : message) {
      std::string name(field.name_string().data(), field.name_string().size());
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      request.headers.emplace_back(std::move(name), std::string(field.value().data(), field.value().size()));
    }
  }

  Response refusal(int status, const Request& request) const {
    switch (status) {
      case 413:
        return problem_response(Problem(413, fmt::format("the body is longer than {} bytes", limits_.body_bytes)),
                                request);
      case 431:
        return problem_response(Problem(431, fmt::format("the head is longer than {} bytes", limits_.header_bytes)),
                                request);
      case 408:
        return problem_response(Problem(408, "the request did not come to its end in time"), request);
      case 503:
        return problem_response(
            Problem(503, "the requests in work hold all memory that there is for bodies").retry_after(1), request);
      case 417:
        return problem_response(Problem(417, "only 100-continue is understood", "Expect"), request);
      case 505:
        return problem_response(Problem(505, "HTTP/1.0 and HTTP/1.1 are understood"), request);
      default:
        return problem_response(Problem(400, "this is no HTTP request"), request);
    }
  }

  asio::awaitable<bool> write(const Response& response, const Request& request, bool keep, bool chunks) {
    const bool stream = response.stream != nullptr;
    transport_->expires_after(limits_.write_time);
    std::string head = response_head(response, request, keep && (chunks || !stream), stream && chunks);
    const bool bodiless = request.method == Method::head || response.status == 204 || response.status == 304;
    if (!bodiless && !stream && response.file.empty() && response.body.size() < kWriteBytes) {
      head += response.body;  // one packet where it fits
      co_return co_await transport_->write(asio::buffer(head));
    }
    if (!co_await transport_->write(asio::buffer(head))) co_return false;
    if (bodiless) {
      if (stream) response.stream->close();
      co_return true;
    }
    if (stream) co_return co_await write_stream(*response.stream, chunks);
    if (!response.file.empty()) co_return co_await write_file(response);
    co_return co_await write_pieces(response.body);
  }

  asio::awaitable<bool> write_pieces(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += kWriteBytes) {
      transport_->expires_after(limits_.write_time);
      if (!co_await transport_->write(asio::buffer(bytes.substr(at, kWriteBytes)))) co_return false;
    }
    co_return true;
  }

  asio::awaitable<bool> write_file(const Response& response) {
    std::ifstream file(response.file, std::ios::binary);
    std::string piece(4 * kWriteBytes, '\0');
    bool good = true;
    while (good && file) {
      file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
      good = co_await write_pieces(std::string_view(piece).substr(0, static_cast<std::size_t>(file.gcount())));
    }
    std::error_code ignored;
    if (response.passing) std::filesystem::remove(response.file, ignored);
    co_return good;
  }

  asio::awaitable<bool> write_stream(Stream& stream, bool chunked) {
    asio::steady_timer news(co_await asio::this_coro::executor);
    const auto alive = std::make_shared<asio::steady_timer*>(&news);
    stream.on_news([alive, executor = news.get_executor()] {
      asio::post(executor, [alive] {
        if (*alive != nullptr) (*alive)->cancel();
      });
    });
    bool good = true;
    while (good && !stream.closed()) {
      std::string bytes = stream.take();
      if (!bytes.empty()) {
        if (chunked) bytes = fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
        good = co_await write_pieces(bytes);
      } else if (stream.finished()) {
        break;
      } else {
        error_code woken;
        news.expires_at(asio::steady_timer::time_point::max());
        co_await news.async_wait(asio::redirect_error(asio::use_awaitable, woken));
      }
    }
    good = good && !stream.closed();
    stream.close();
    *alive = nullptr;
    if (good && chunked) good = co_await transport_->write(asio::buffer(std::string_view("0\r\n\r\n")));
    co_return good;
  }

  std::unique_ptr<Transport> transport_;
  std::string remote_;
  const Limits& limits_;
  BodyBudget& bodies_;
  const Dispatch& dispatch_;
  const bool& stopping_;
  std::shared_ptr<ConnectionState> state_;
  beast::flat_buffer buffer_;
};

bool is_token(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace

std::string response_head(const Response& response, const Request& request, bool keep_alive, bool chunked) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  const auto field = [&](std::string_view name, std::string_view value) {
    if (is_token(value)) head += fmt::format("{}: {}\r\n", name, value);
  };
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) field("Content-Type", response.content_type);
  if (chunked) {
    field("Transfer-Encoding", "chunked");
  } else if (!response.file.empty()) {
    std::error_code unknown;
    field("Content-Length", fmt::format("{}", std::filesystem::file_size(response.file, unknown)));
  } else if (!response.stream && !bodiless) {
    field("Content-Length", fmt::format("{}", response.body.size()));
  }
  field("Connection", keep_alive ? "keep-alive" : "close");
  field("X-Content-Type-Options", "nosniff");
  field("X-Request-Id", request.id);
  bool cached = false;
  for (const auto& [name, value] : response.headers) {
    field(name, value);
    cached = cached || name == "Cache-Control";
  }
  if (!cached) field("Cache-Control", "no-store");
  return head + "\r\n";
}

asio::awaitable<void> serve_connection(std::unique_ptr<Transport> transport, std::string remote, const Limits& limits,
                                       BodyBudget& bodies, const Dispatch& dispatch, const bool& stopping,
                                       std::shared_ptr<ConnectionState> state) {
  Connection connection(std::move(transport), std::move(remote), limits, bodies, dispatch, stopping, std::move(state));
  co_await connection.run();
}

}  // namespace ballast::serve
