// SPDX-License-Identifier: Apache-2.0
// Figures for Prometheus.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace ballast::serve {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void request(const std::string& method, const std::string& route, int status, double seconds);
  void add_tokens(const std::string& model, const std::string& kind,
                  double tokens);  // kind: prompt, completion, scored
  void add(const std::string& name, const std::string& about, double value,
           const std::pair<std::string, std::string>& label = {});
  void set(const std::string& name, const std::string& about, double value,
           const std::pair<std::string, std::string>& label = {});
  /// Which model serves what, by name and content hash.
  void model(const std::string& kind, const std::string& name, const std::string& sha256);
  /// The text that Prometheus reads.
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast::serve
