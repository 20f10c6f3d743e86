// SPDX-License-Identifier: Apache-2.0
#include "ballast/base/random.h"

#include <cmath>
#include <numbers>

namespace ballast::base {

std::uint64_t Random::below(std::uint64_t bound) {
  const std::uint64_t reject_under = (0 - bound) % bound;
  std::uint64_t x = bits();
  while (x < reject_under) x = bits();
  return x % bound;
}

double Random::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

}  // namespace ballast::base
