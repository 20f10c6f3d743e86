// SPDX-License-Identifier: Apache-2.0
// Gradients of a run's first step. The step has used them up; with moments in f32 its first moments are a tenth of them
// (beta1 = 0.9), after clipping.
#pragma once

#include <vector>

#include "ballast/lm/train/trainer.h"

namespace ballast::test {

/// Of all trained parameters, in their order.
inline std::vector<float> first_gradients(const lm::Trainer& trainer) {
  std::vector<float> gradients = trainer.optimizer().first_moments().values;
  for (float& g : gradients) g /= 0.1f;
  return gradients;
}

}  // namespace ballast::test
