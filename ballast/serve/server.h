// SPDX-License-Identifier: Apache-2.0
// The service: one process that keeps the store, runs the models and answers over HTTP. What a request may ask is one
// table of routes; the OpenAPI document is made from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/decide/decision.h"
#include "ballast/serve/http/limits.h"
#include "ballast/serve/shadow.h"

namespace ballast::serve {

class CustomersDesk;  // customers.h

struct ServeOptions {
  std::string address = "127.0.0.1";
  unsigned short port = 8080;                      // 0: a free one, see Server::port()
  std::filesystem::path certificate, private_key;  // PEM; both or neither
  bool plain_outside = false;                      // listen off this machine although there is no TLS

  std::string store = "sqlite:ballast.db";
  std::filesystem::path web;         // built files of the dashboard; empty: none
  std::filesystem::path risk_model;  // text classifier with a head "risk"; empty: documents are kept, not scanned
  std::string watch_list;            // CSV of names to look for; may be empty
  std::vector<std::string> causal_models, credit_models, prices;
  std::vector<std::string> knowledge;  // of the assistant, files and folders; empty: an invented bank's
  std::filesystem::path intents;       // its intent model; empty: none
  std::filesystem::path writer;        // causal model that writes its answers; empty: they are quoted
  std::string credit_policy, fraud_model, fraud_rules, log_model;
  std::shared_ptr<const CustomersDesk> customers;  // may be null
  /// Makes a decision again, signed and sealed as this program would; null: decisions are not repeated here.
  std::function<decide::Decision(const decide::Decision& was)> replay;
  std::vector<ShadowModel> shadows;  // challengers that answer beside the models in charge
  int alert_severity = 2;            // a signal of a document with at least this severity is an alert
  bool scan = true;                  // stored documents are scanned in the background

  std::uint64_t seed = 42;
  std::string version, build;  // as decisions name them
  Limits limits;
  std::function<void(const std::string& line)> log;  // one JSON object a line; called from any thread, one at a time
};

class Server {
 public:
  /// Opens the store and the models. Throws what they throw, and usage for an address that is not this machine's
  /// without TLS or plain_outside.
  explicit Server(ServeOptions options);
  ~Server();  // stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens and answers on threads of its own. Throws io where the address cannot be had.
  void start();
  unsigned short port() const;
  /// Neither user nor key exists and only this machine can ask: nobody has to say who they are.
  bool open() const;
  /// "http://127.0.0.1:8080"
  std::string url() const;
  /// Takes no new work, finishes what was accepted (for at most limits.stop_time), and ends all threads.
  void stop();

  /// Everything that it answers to.
  base::Json openapi() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast::serve
