// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/net/transport.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

namespace ballast::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

class PlainTransport : public Transport {
 public:
  explicit PlainTransport(asio::ip::tcp::socket socket) : stream_(std::move(socket)) {}

  asio::awaitable<bool> open() override { co_return true; }
  asio::awaitable<std::size_t> read(asio::mutable_buffer into) override {
    error_code failed;
    const std::size_t n = co_await stream_.async_read_some(into, asio::redirect_error(asio::use_awaitable, failed));
    co_return failed ? 0 : n;
  }
  asio::awaitable<bool> write(asio::const_buffer from) override {
    error_code failed;
    co_await asio::async_write(stream_, from, asio::redirect_error(asio::use_awaitable, failed));
    co_return !failed;
  }
  asio::awaitable<void> close() override {
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    co_return;
  }
  void expires_after(std::chrono::nanoseconds time) override { stream_.expires_after(time); }
  void abort() override { stream_.close(); }
  bool secure() const override { return false; }

 private:
  beast::tcp_stream stream_;
};

class TlsTransport : public Transport {
 public:
  TlsTransport(asio::ip::tcp::socket socket, asio::ssl::context& context) : stream_(std::move(socket), context) {}

  asio::awaitable<bool> open() override {
    error_code failed;
    co_await stream_.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, failed));
    co_return !failed;
  }
  asio::awaitable<std::size_t> read(asio::mutable_buffer into) override {
    error_code failed;
    const std::size_t n = co_await stream_.async_read_some(into, asio::redirect_error(asio::use_awaitable, failed));
    co_return failed ? 0 : n;
  }
  asio::awaitable<bool> write(asio::const_buffer from) override {
    error_code failed;
    co_await asio::async_write(stream_, from, asio::redirect_error(asio::use_awaitable, failed));
    co_return !failed;
  }
  asio::awaitable<void> close() override {
    error_code ignored;
    co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
  }
  void expires_after(std::chrono::nanoseconds time) override { beast::get_lowest_layer(stream_).expires_after(time); }
  void abort() override { beast::get_lowest_layer(stream_).close(); }
  bool secure() const override { return true; }

 private:
  beast::ssl_stream<beast::tcp_stream> stream_;
};

}  // namespace

std::unique_ptr<Transport> plain_transport(asio::ip::tcp::socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> tls_transport(asio::ip::tcp::socket socket, asio::ssl::context& context) {
  return std::make_unique<TlsTransport>(std::move(socket), context);
}

}  // namespace ballast::serve
