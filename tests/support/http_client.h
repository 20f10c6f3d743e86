// SPDX-License-Identifier: Apache-2.0
// A plain client over a socket, which can also send what no good client sends.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace ballast::test {

struct Answer {
  int status = 0;                              // 0: the connection was closed without an answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  nlohmann::json json() const { return nlohmann::json::parse(body); }
};

class HttpClient {
 public:
  explicit HttpClient(unsigned short port, int seconds = 30) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("no connection");
    const timeval wait{seconds, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  }
  ~HttpClient() { ::close(socket_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  std::map<std::string, std::string> sent_headers;  // with every request

  Answer get(const std::string& target) { return ask("GET", target); }
  Answer post(const std::string& target, const std::string& body) { return ask("POST", target, body); }
  Answer ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n";
    for (const auto& [name, value] : sent_headers) text += name + ": " + value + "\r\n";
    if (!body.empty() || method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    send(text + "\r\n" + body);
    return answer(method != "HEAD");
  }

  void send(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t n = ::send(socket_, text.data() + at, text.size() - at, MSG_NOSIGNAL);
      if (n <= 0) return;  // the server has closed: the answer tells
      at += static_cast<std::size_t>(n);
    }
  }
  void close_sending() { ::shutdown(socket_, SHUT_WR); }

  Answer answer(bool with_body = true) {
    Answer a;
    while (buffer_.find("\r\n\r\n") == std::string::npos) {
      if (!more()) return a;
    }
    std::size_t at = buffer_.find("\r\n");
    a.status = std::stoi(buffer_.substr(9, 3));
    const std::size_t end = buffer_.find("\r\n\r\n");
    while (at < end) {
      const std::size_t next = std::min(buffer_.find("\r\n", at + 2), end);
      const std::string line = buffer_.substr(at + 2, next - at - 2);
      std::string name = line.substr(0, line.find(':'));
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      a.headers[name] = line.substr(std::min(line.find(": ") + 2, line.size()));
      at = next;
    }
    buffer_.erase(0, end + 4);
    if (a.status == 100) return answer(with_body);
    if (!with_body || !a.headers.contains("content-length")) return a;
    const std::size_t size = std::stoul(a.headers["content-length"]);
    while (buffer_.size() < size && more()) {
    }
    a.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return a;
  }

  /// Bytes of a stream until they hold `text`; what was read.
  std::string read_until(const std::string& text) {
    while (buffer_.find(text) == std::string::npos && more()) {
    }
    return std::exchange(buffer_, {});
  }
  bool closed() { return !more(); }
  /// Reads to the end: whether it was an end in good order, and no reset.
  bool ends_in_order() {
    char bytes[65536];
    ssize_t n = 0;
    while ((n = ::recv(socket_, bytes, sizeof bytes, 0)) > 0) {
    }
    return n == 0;
  }

 private:
  bool more() {
    char bytes[65536];
    const ssize_t n = ::recv(socket_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }

  int socket_ = -1;
  std::string buffer_;
};

}  // namespace ballast::test
