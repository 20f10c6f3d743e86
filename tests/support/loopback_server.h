// SPDX-License-Identifier: Apache-2.0
// A small HTTP server on loopback for tests of clients: one function answers, and may cut the connection.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace ballast::test {

struct LoopbackRequest {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  // names in lower case
};

struct LoopbackAnswer {
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers = {};
  std::size_t cut_after = std::string::npos;  // bytes of the body; then the connection ends
};

class LoopbackServer {
 public:
  using Handler = std::function<LoopbackAnswer(const LoopbackRequest&)>;

  explicit LoopbackServer(Handler handler) : handler_(std::move(handler)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(socket_, 16) != 0) {
      throw std::runtime_error("no port");
    }
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~LoopbackServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  unsigned short port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void run() {
    for (;;) {
      const int client = ::accept(socket_, nullptr, nullptr);
      if (client < 0) return;
      if (const auto request = read_request(client)) send_answer(client, handler_(*request));
      ::close(client);  // one request a connection
    }
  }

  static std::optional<LoopbackRequest> read_request(int client) {
    std::string text;
    std::size_t head = std::string::npos, wanted = 0;
    LoopbackRequest request;
    char buffer[4096];
    while (head == std::string::npos || text.size() < head + wanted) {
      const ssize_t n = ::recv(client, buffer, sizeof buffer, 0);
      if (n <= 0) return std::nullopt;
      text.append(buffer, static_cast<std::size_t>(n));
      if (head != std::string::npos || text.find("\r\n\r\n") == std::string::npos) continue;
      head = text.find("\r\n\r\n") + 4;
      read_head(text.substr(0, head), request);
      const auto length = request.headers.find("content-length");
      if (length != request.headers.end()) wanted = std::stoul(length->second);
    }
    request.body = text.substr(head, wanted);
    return request;
  }

  static void read_head(const std::string& head, LoopbackRequest& request) {
    std::size_t at = head.find("\r\n");
    const std::string first = head.substr(0, at);
    const std::size_t space = first.find(' '), end = first.rfind(' ');
    request.method = first.substr(0, space);
    request.target = first.substr(space + 1, end - space - 1);
    for (at += 2; at + 2 < head.size();) {
      const std::size_t stop = head.find("\r\n", at), colon = head.find(':', at);
      std::string name = head.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      request.headers[name] = head.substr(colon + 2, stop - colon - 2);
      at = stop + 2;
    }
  }

  static void send_answer(int client, const LoopbackAnswer& answer) {
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) +
                       " X\r\nConnection: close\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n";
    for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
    text += "\r\n" + answer.body.substr(0, std::min(answer.cut_after, answer.body.size()));
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t n = ::send(client, text.data() + at, text.size() - at, MSG_NOSIGNAL);
      if (n <= 0) return;
      at += static_cast<std::size_t>(n);
    }
  }

  Handler handler_;
  int socket_ = -1;
  unsigned short port_ = 0;
  std::thread thread_;
};

}  // namespace ballast::test
