// SPDX-License-Identifier: Apache-2.0
// A client's connection as bytes in and out, with or without TLS. The rest of the service is compiled once for both.
#pragma once

#include <utility>  // before Asio: Boost 1.74 misses std::exchange with GCC 12

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace ballast::serve {

class Transport {
 public:
  virtual ~Transport() = default;
  /// What a TLS connection begins with.
  virtual boost::asio::awaitable<bool> open() = 0;
  /// Bytes read; 0: closed, broken or out of time.
  virtual boost::asio::awaitable<std::size_t> read(boost::asio::mutable_buffer into) = 0;
  /// All of it; false: closed, broken or out of time.
  virtual boost::asio::awaitable<bool> write(boost::asio::const_buffer from) = 0;
  virtual boost::asio::awaitable<void> close() = 0;
  /// From now on, for all that follows until it is set again.
  virtual void expires_after(std::chrono::nanoseconds time) = 0;
  virtual void abort() = 0;
  virtual bool secure() const = 0;
};

std::unique_ptr<Transport> plain_transport(boost::asio::ip::tcp::socket socket);
std::unique_ptr<Transport> tls_transport(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context& context);

}  // namespace ballast::serve
