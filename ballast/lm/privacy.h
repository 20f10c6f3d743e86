// SPDX-License-Identifier: Apache-2.0
// What differentially private training costs: the Rényi accountant of the sampled Gaussian mechanism.
//
// Mironov (2017), "Rényi differential privacy"; Mironov, Talwar & Zhang (2019), "Rényi differential privacy of the
// sampled Gaussian mechanism". A model trained by `steps` such steps is (epsilon, delta)-differentially private with
// respect to adding or taking away one example: whatever anyone does with it, one example's presence changes the
// chance of any outcome by at most e^epsilon, but for a chance of delta.
#pragma once

#include <cstdint>

namespace ballast::lm {

/// Rényi divergence of whole order `alpha` >= 2 of one step that draws every example with probability `rate` and adds
/// noise of `noise` times the clipping norm. rate 1 is the Gaussian mechanism itself: alpha / (2 noise²).
double renyi_divergence(double rate, double noise, int alpha);

struct PrivacyCost {
  double epsilon = 0;
  int order = 0;  // the alpha that gave the least epsilon
};

/// The least epsilon over orders 2 to 512, by the conversion of Canonne, Kamath & Steinke (2020, proposition 12), or
/// with `classic` Mironov's (2017, proposition 3), which published figures use. Infinite without noise. Throws usage
/// for a rate or delta outside (0, 1] or a negative noise.
PrivacyCost privacy_cost(double rate, double noise, std::int64_t steps, double delta, bool classic = false);

/// The least noise multiplier, to a thousandth, that keeps epsilon at or below the wanted one.
double noise_for(double rate, double epsilon, std::int64_t steps, double delta);

/// Of the Gaussian mechanism by itself, exactly (Balle & Wang 2018, theorem 8): the delta that belongs to epsilon.
double gaussian_delta(double noise, double epsilon);

}  // namespace ballast::lm
