// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/metrics.h"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

namespace ballast::serve {
namespace {

using Labels = std::map<std::string, std::string>;

// Seconds: from a cached read to a model's long answer.
const prometheus::Histogram::BucketBoundaries kLatencies = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                            0.25,  0.5,    1,     2.5,  5,     10,   30};

Labels labels_of(const std::pair<std::string, std::string>& label) {
  return label.first.empty() ? Labels{} : Labels{label};
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Histogram>& latency = prometheus::BuildHistogram()
                                                           .Name("ballast_http_request_seconds")
                                                           .Help("Time from the last byte in to the answer")
                                                           .Register(registry);
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter().Name("ballast_http_requests_total").Help("Requests answered").Register(registry);
  prometheus::Family<prometheus::Counter>& tokens =
      prometheus::BuildCounter().Name("ballast_tokens_total").Help("Tokens read and written").Register(registry);
  prometheus::Family<prometheus::Gauge>& models =
      prometheus::BuildGauge().Name("ballast_model_info").Help("Models in service").Register(registry);
  std::mutex mutex;
  std::map<std::string, prometheus::Family<prometheus::Counter>*> counters;
  std::map<std::string, prometheus::Family<prometheus::Gauge>*> gauges;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::request(const std::string& method, const std::string& route, int status, double seconds) {
  state_->latency.Add({{"method", method}, {"route", route}}, kLatencies).Observe(seconds);
  state_->requests.Add({{"method", method}, {"route", route}, {"status", fmt::format("{}", status)}}).Increment();
}

void Metrics::add_tokens(const std::string& model, const std::string& kind, double tokens) {
  state_->tokens.Add({{"model", model}, {"kind", kind}}).Increment(tokens);
}

void Metrics::add(const std::string& name, const std::string& about, double value,
                  const std::pair<std::string, std::string>& label) {
  const std::lock_guard lock(state_->mutex);
  auto& family = state_->counters[name];
  if (family == nullptr) family = &prometheus::BuildCounter().Name(name).Help(about).Register(state_->registry);
  family->Add(labels_of(label)).Increment(value);
}

void Metrics::set(const std::string& name, const std::string& about, double value,
                  const std::pair<std::string, std::string>& label) {
  const std::lock_guard lock(state_->mutex);
  auto& family = state_->gauges[name];
  if (family == nullptr) family = &prometheus::BuildGauge().Name(name).Help(about).Register(state_->registry);
  family->Add(labels_of(label)).Set(value);
}

void Metrics::model(const std::string& kind, const std::string& name, const std::string& sha256) {
  state_->models.Add({{"kind", kind}, {"name", name}, {"sha256", sha256}}).Set(1);
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace ballast::serve
