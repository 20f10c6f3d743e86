// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/webhooks.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/serve/auth/secrets.h"
#include "ballast/serve/live/moments.h"

namespace ballast::serve {
namespace {

constexpr std::int64_t kAttempts = 12;  // the last one about three hours after the first
constexpr std::chrono::hours kLongestPause{6};
constexpr long kSeconds = 10;  // for one attempt
constexpr std::int64_t kDeliveriesAtOnce = 50;
constexpr std::chrono::milliseconds kDeliveryPeriod{500};

bool names_topic(const std::string& topics, const std::string& topic) {
  return topics.empty() || ("," + topics + ",").find("," + topic + ",") != std::string::npos;
}

std::size_t ignore_body(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

/// Empty where the receiver said that it has it, else what went wrong.
std::string post(const std::string& url, const std::vector<std::string>& headers, const std::string& body) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) return "libcurl does not start";
  curl_slist* list = nullptr;
  for (const std::string& header : headers) list = curl_slist_append(list, header.c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> owned(list, curl_slist_free_all);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, kSeconds);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, ignore_body);
  const CURLcode failed = curl_easy_perform(curl.get());
  if (failed != CURLE_OK) return curl_easy_strerror(failed);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 && status < 300 ? "" : fmt::format("answered {}", status);
}

}  // namespace

std::string webhook_signature(const std::string& secret, const std::string& timestamp, const std::string& body) {
  return "sha256=" + hmac_hex(secret, timestamp + "." + body);
}

std::chrono::milliseconds webhook_pause(std::int64_t attempts, std::chrono::milliseconds first) {
  return std::min<std::chrono::milliseconds>(first * (std::int64_t{1} << std::clamp<std::int64_t>(attempts - 1, 0, 20)),
                                             kLongestPause);
}

Webhooks::~Webhooks() {
  stop();
}

void Webhooks::start() {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  thread_ = std::thread([this] { run(); });
}

void Webhooks::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Webhooks::enqueue(store::Store& store, const std::string& topic, const std::string& event, const std::string& key,
                       const base::Json& data) {
  std::vector<store::DeliveryRecord> deliveries;
  const std::string now = base::utc_now();
  for (const store::WebhookRecord& hook : store::Work(store).webhooks()) {
    if (!names_topic(hook.topics, topic)) continue;
    store::DeliveryRecord d;
    d.id = base::sha256_hex(hook.id + "|" + event + "|" + key).substr(0, 24);
    d.webhook_id = hook.id;
    d.event = base::dump_json({{"id", d.id}, {"event", event}, {"at", now}, {"data", data}});
    d.status = "waiting", d.next_at = now, d.created_at = now;
    deliveries.push_back(std::move(d));
  }
  if (deliveries.empty()) return;
  store::Work(store).put_deliveries(deliveries);
  {
    const std::lock_guard lock(mutex_);
    some_ = true;
  }
  news_.notify_one();
}

void Webhooks::run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      news_.wait_for(lock, kDeliveryPeriod, [&] { return stopping_ || some_; });
      if (stopping_) return;
      some_ = false;
    }
    try {
      const auto store = app_.stores.lend();
      for (const auto& delivery : store::Work(*store).due_deliveries(base::utc_now(), kDeliveriesAtOnce)) {
        if (stopping_) return;
        deliver(*store, delivery);
      }
    } catch (const std::exception& e) {
      app_.log("error", "webhooks", {{"what", e.what()}});
    }
  }
}

void Webhooks::deliver(store::Store& store, store::DeliveryRecord delivery) {
  store::Work work(store);
  const auto hooks = work.webhooks();
  const auto hook = std::find_if(hooks.begin(), hooks.end(),
                                 [&](const store::WebhookRecord& h) { return h.id == delivery.webhook_id; });
  if (hook == hooks.end()) return;  // removed; its deliveries went with it
  const std::string at = base::utc_now();
  delivery.error = post(hook->url,
                        {"Content-Type: application/json", "User-Agent: ballast/" + app_.options.version,
                         "X-Ballast-Delivery: " + delivery.id, "X-Ballast-Timestamp: " + at,
                         "X-Ballast-Signature: " + webhook_signature(hook->secret, at, delivery.event)},
                        delivery.event);
  ++delivery.attempts;
  if (delivery.error.empty()) {
    delivery.status = "delivered";
  } else if (delivery.attempts >= kAttempts) {
    delivery.status = "failed";
  } else {
    delivery.next_at = moment_after(webhook_pause(delivery.attempts, app_.options.limits.webhook_pause));
  }
  work.update_delivery(delivery);
  app_.metrics.add("ballast_webhook_attempts_total", "Attempts to deliver an event", 1,
                   {"result", delivery.error.empty() ? "delivered" : delivery.status});
}

}  // namespace ballast::serve
