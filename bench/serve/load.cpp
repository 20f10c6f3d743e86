// SPDX-License-Identifier: Apache-2.0
// Load for a running `ballast serve`: clients that read, score and store as fast as they are answered, listeners that
// only listen, slow clients and half-open connections, all at once and from one thread. Prints one JSON document:
// requests a second, latencies, statuses, and the server's memory at the begin and the end.
//
//   ballast_serve_load PORT SECONDS [CLIENTS 200] [LISTENERS 1000] [SLOW 20] [HALF_OPEN 20] [SERVER_PID]
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

enum class Kind { client, listener, slow, half_open };

struct Mix {
  const char* name;
  int weight;  // of 100
};
constexpr Mix kMix[] = {{"signals", 35}, {"documents", 15}, {"overview", 10},
                        {"scan", 15},    {"store", 20},     {"health", 5}};

constexpr const char* kTexts[] = {"Acme Ltd defaulted on its bonds after creditors seized its assets.",
                                  "The central bank left its interest rate unchanged.",
                                  "恒大集团债务违约，评级被下调。",
                                  "The company raised its outlook after a strong quarter."};

struct Connection {
  int socket = -1;
  Kind kind = Kind::client;
  std::string out, in;
  std::size_t sent = 0;
  int asked = 0;  // index into kMix
  std::uint64_t count = 0;
  Clock::time_point since, next_byte;
};

struct Figures {
  std::map<std::string, std::vector<double>> milliseconds;
  std::map<int, std::int64_t> statuses;
  std::int64_t answered = 0, broken = 0, events = 0;
};

/// The same numbers in every run (SplitMix64).
std::uint64_t mixed(std::uint64_t n) {
  n += 0x9e3779b97f4a7c15ull;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9ull;
  n = (n ^ (n >> 27)) * 0x94d049bb133111ebull;
  return n ^ (n >> 31);
}

std::string request(const std::string& method, const std::string& target, const std::string& body = {}) {
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!body.empty()) text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  return text + "\r\n" + body;
}

class Load {
 public:
  Load(unsigned short port, double seconds) : port_(port), seconds_(seconds), poll_(epoll_create1(0)) {}

  void add(Kind kind, int count) {
    for (int i = 0; i < count; ++i) {
      auto c = std::make_unique<Connection>();
      c->kind = kind;
      c->count = mixed(connections_.size());
      connect(*c);
      connections_.push_back(std::move(c));
    }
  }

  void run() {
    const auto begin = Clock::now(),
               end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds_));
    std::vector<epoll_event> ready(512);
    while (Clock::now() < end) {
      const int n = epoll_wait(poll_, ready.data(), static_cast<int>(ready.size()), 20);
      for (int i = 0; i < n; ++i) {
        Connection& c = *static_cast<Connection*>(ready[static_cast<std::size_t>(i)].data.ptr);
        const auto events = ready[static_cast<std::size_t>(i)].events;
        if ((events & EPOLLIN) != 0) receive(c);
        if ((events & (EPOLLHUP | EPOLLERR)) != 0 && (events & EPOLLIN) == 0) reconnect(c);
        if ((events & EPOLLOUT) != 0) send(c);
      }
      drip();
    }
    elapsed_ = std::chrono::duration<double>(Clock::now() - begin).count();
  }

  json report() const {
    json by_kind = json::object();
    std::vector<double> all;
    for (const auto& [name, values] : figures_.milliseconds) {
      by_kind[name] = latencies(values);
      all.insert(all.end(), values.begin(), values.end());
    }
    json statuses = json::object();
    for (const auto& [status, count] : figures_.statuses) statuses[std::to_string(status)] = count;
    return {{"seconds", elapsed_},
            {"requests", figures_.answered},
            {"requests_per_second", static_cast<double>(figures_.answered) / elapsed_},
            {"milliseconds", latencies(all)},
            {"by_kind", by_kind},
            {"statuses", statuses},
            {"broken_connections", figures_.broken},
            {"events_received", figures_.events}};
  }

 private:
  static json latencies(std::vector<double> values) {
    if (values.empty()) return nullptr;
    std::sort(values.begin(), values.end());
    const auto at = [&](double p) {
      return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1))];
    };
    return {{"count", values.size()}, {"p50", at(0.5)}, {"p90", at(0.9)}, {"p99", at(0.99)}, {"max", values.back()}};
  }

  void connect(Connection& c) {
    c.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(c.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(c.socket, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS)
      ++figures_.broken;
    c.in.clear();
    ask(c);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = &c;
    epoll_ctl(poll_, EPOLL_CTL_ADD, c.socket, &event);
  }

  void reconnect(Connection& c) {
    // The server lets slow and half-open ones go: that is what it should do.
    if (c.kind == Kind::client || c.kind == Kind::listener) ++figures_.broken;
    ::close(c.socket);
    connect(c);
  }

  void ask(Connection& c) {
    c.sent = 0;
    c.since = Clock::now();
    switch (c.kind) {
      case Kind::listener:
        c.out = request("GET", "/v1/stream?topics=signals,alerts");
        return;
      case Kind::slow:
        c.out = request("POST", "/v1/documents", R"({"text":"slowly written"})");
        c.next_byte = c.since;
        return;
      case Kind::half_open:
        c.out = "GET /v1/signals HTTP/1.1\r\nHo";
        return;
      case Kind::client:
        break;
    }
    const std::uint64_t drawn = mixed(++c.count);
    int place = static_cast<int>(drawn % 100);
    c.asked = 0;
    while (place >= kMix[c.asked].weight) place -= kMix[c.asked++].weight;
    const std::string name = kMix[c.asked].name, text = kTexts[drawn / 100 % std::size(kTexts)];
    if (name == "signals") c.out = request("GET", "/v1/signals?limit=20");
    if (name == "documents") c.out = request("GET", "/v1/documents?limit=20");
    if (name == "overview") c.out = request("GET", "/v1/overview?bucket=day");
    if (name == "health") c.out = request("GET", "/healthz");
    if (name == "scan") c.out = request("POST", "/v1/scan", json{{"texts", {text}}}.dump());
    if (name == "store")
      c.out = request("POST", "/v1/documents", json{{"text", fmt::format("{} ({})", text, drawn)}}.dump());
  }

  void send(Connection& c) {
    const std::size_t until = c.kind == Kind::slow ? std::min(c.sent + 1, c.out.size()) : c.out.size();
    while (c.sent < until) {
      const ssize_t n = ::send(c.socket, c.out.data() + c.sent, until - c.sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      c.sent += static_cast<std::size_t>(n);
    }
  }

  /// Slow clients send a byte every fifth of a second.
  void drip() {
    const auto now = Clock::now();
    for (const auto& c : connections_) {
      if (c->kind != Kind::slow || now < c->next_byte) continue;
      c->next_byte = now + std::chrono::milliseconds(200);
      send(*c);
    }
  }

  void receive(Connection& c) {
    char bytes[65536];
    ssize_t n = 0;
    while ((n = ::recv(c.socket, bytes, sizeof bytes, 0)) > 0) c.in.append(bytes, static_cast<std::size_t>(n));
    if (c.kind == Kind::listener) {
      for (auto at = c.in.find("event: "); at != std::string::npos; at = c.in.find("event: ", at + 1))
        ++figures_.events;
      c.in.clear();
    } else {
      while (whole(c)) {
      }
    }
    if (n == 0) reconnect(c);
  }

  /// Takes one whole answer off the buffer.
  bool whole(Connection& c) {
    const auto head = c.in.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    const auto length = c.in.find("Content-Length: ");
    const std::size_t size = length < head ? std::strtoul(c.in.c_str() + length + 16, nullptr, 10) : 0;
    if (c.in.size() < head + 4 + size) return false;
    const int status = std::atoi(c.in.c_str() + 9);
    const bool closes = c.in.substr(0, head).find("Connection: close") != std::string::npos;
    c.in.erase(0, head + 4 + size);
    if (c.kind == Kind::client) {
      ++figures_.answered;
      ++figures_.statuses[status];
      figures_.milliseconds[kMix[c.asked].name].push_back(
          std::chrono::duration<double, std::milli>(Clock::now() - c.since).count());
    }
    if (closes) return false;
    ask(c);
    send(c);
    return true;
  }

  unsigned short port_;
  double seconds_, elapsed_ = 0;
  int poll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  Figures figures_;
};

/// Resident memory of a process in mebibytes; -1 where it cannot be read.
double memory_of(const std::string& pid) {
  std::ifstream status("/proc/" + pid + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return -1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s PORT SECONDS [CLIENTS] [LISTENERS] [SLOW] [HALF_OPEN] [SERVER_PID]\n", argv[0]);
    return 2;
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const auto argument = [&](int i, int otherwise) { return argc > i ? std::atoi(argv[i]) : otherwise; };
  Load load(static_cast<unsigned short>(std::atoi(argv[1])), std::atof(argv[2]));
  const std::string pid = argc > 7 ? argv[7] : "";
  const double before = pid.empty() ? -1 : memory_of(pid);
  load.add(Kind::listener, argument(4, 1000));
  load.add(Kind::half_open, argument(6, 20));
  load.add(Kind::slow, argument(5, 20));
  load.add(Kind::client, argument(3, 200));
  load.run();
  json report = load.report();
  if (!pid.empty()) report["server_mebibytes"] = {{"before", before}, {"after", memory_of(pid)}};
  std::printf("%s\n", report.dump(1).c_str());
  return 0;
}
