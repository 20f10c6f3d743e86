// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/membership.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ballast/base/error.h"

namespace ballast::govern {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kAllowed[] = {0.001, 0.01, 0.1};

double mean_loss(std::span<const double> losses) {
  return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
}

/// Wilson's 95 % interval of a share.
std::array<double, 2> share_interval(double share, double n) {
  const double z = tabular::normal_quantile(0.975);
  const double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

double share_at_most(const std::vector<double>& sorted, double limit) {
  const auto count = std::upper_bound(sorted.begin(), sorted.end(), limit) - sorted.begin();
  return static_cast<double>(count) / static_cast<double>(sorted.size());
}

}  // namespace

MembershipAttack attack_membership(std::span<const double> members, std::span<const double> others) {
  if (members.empty() || others.empty()) {
    throw Error(ErrorCode::bad_input, "needs rows of both kinds: trained on and not");
  }
  std::vector<double> scores;
  std::vector<std::uint8_t> truth;
  for (const double loss : members) {
    scores.push_back(-loss);
    truth.push_back(1);
  }
  for (const double loss : others) {
    scores.push_back(-loss);
    truth.push_back(0);
  }
  if (std::any_of(scores.begin(), scores.end(), [](double s) { return !std::isfinite(s); })) {
    throw Error(ErrorCode::bad_input, "a loss is no number");
  }
  MembershipAttack out;
  out.members = static_cast<std::int64_t>(members.size());
  out.others = static_cast<std::int64_t>(others.size());
  out.member_loss = mean_loss(members);
  out.other_loss = mean_loss(others);
  out.auc = tabular::auc_with_interval(scores, truth);
  std::vector<double> in(members.begin(), members.end()), outside(others.begin(), others.end());
  std::sort(in.begin(), in.end());
  std::sort(outside.begin(), outside.end());
  for (const double limit : in) {
    out.advantage = std::max(out.advantage, share_at_most(in, limit) - share_at_most(outside, limit));
  }
  for (const double allowed : kAllowed) {
    double caught = 0;
    for (const double limit : in) {
      if (share_at_most(outside, limit) <= allowed) caught = std::max(caught, share_at_most(in, limit));
    }
    out.caught.push_back({allowed, caught, share_interval(caught, static_cast<double>(in.size()))});
  }
  return out;
}

}  // namespace ballast::govern
