// SPDX-License-Identifier: Apache-2.0
#include "ballast/engine/variance_loss.h"

#include <algorithm>
#include <cmath>

#include "ballast/base/error.h"

namespace ballast::engine {

LossResult variance_loss(Tape& tape, Value x, std::int64_t column, std::span<const float> values,
                         const LossOptions& options) {
  BALLAST_CHECK(static_cast<std::int64_t>(values.size()) == x.rows && column < x.cols, x.rows);
  LossResult result;
  result.count = static_cast<double>(std::count_if(values.begin(), values.end(), [](float v) { return v == v; }));
  const double divisor = options.count > 0 ? options.count : result.count;
  float* gradient = tape.training() ? tape.gradient(x) : nullptr;
  for (std::int64_t i = 0; i < x.rows; ++i) {
    const double v = values[static_cast<std::size_t>(i)], s = x.data[i * x.cols + column];
    if (std::isnan(v)) continue;
    const double ratio = v * v * std::exp(-s);
    result.sum += (s + ratio) / 2;
    if (gradient != nullptr)
      gradient[i * x.cols + column] += static_cast<float>(options.scale / divisor * (1 - ratio) / 2);
  }
  return result;
}

}  // namespace ballast::engine
