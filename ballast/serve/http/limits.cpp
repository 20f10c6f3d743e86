// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/http/limits.h"

#include <algorithm>

namespace ballast::serve {
namespace {
constexpr std::size_t kManyClients = 10000;
}

BodyBudget::Share::~Share() {
  if (budget_ != nullptr) budget_->held_ -= held_;
}

bool BodyBudget::Share::grow_to(std::size_t bytes) {
  if (bytes <= held_) return true;
  const std::size_t more = bytes - held_;
  if (budget_->held_.fetch_add(more) + more > budget_->most_) {
    budget_->held_ -= more;
    ++budget_->refused_;
    return false;
  }
  held_ = bytes;
  return true;
}

double RateLimiter::take(const std::string& client, Clock::time_point now) {
  if (rate_ <= 0) return 0;
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= kManyClients) forget(now);
  auto [at, fresh] = buckets_.try_emplace(client, Bucket{burst_, now});
  Bucket& bucket = at->second;
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  bucket.tokens = std::min(burst_, bucket.tokens + std::max(0.0, seconds) * rate_);
  bucket.at = now;
  if (bucket.tokens < 1) return (1 - bucket.tokens) / rate_;
  bucket.tokens -= 1;
  return 0;
}

void RateLimiter::forget(Clock::time_point now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    const double seconds = std::chrono::duration<double>(now - entry.second.at).count();
    return entry.second.tokens + seconds * rate_ >= burst_;
  });
}

}  // namespace ballast::serve
