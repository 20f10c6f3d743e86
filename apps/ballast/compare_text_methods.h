// SPDX-License-Identifier: Apache-2.0
// Methods that answer a question about a text, trained on some rows and run on others: the n-gram linear model, a
// language model that is fine-tuned, and both together. Each is calibrated on its own out-of-fold predictions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "compare.h"
#include "training_data.h"

namespace ballast::apps {

constexpr int kCalibrationFolds = 3;
constexpr std::size_t kFewestTexts = 8 * kCalibrationFolds;  // a fold with fewer says nothing

struct TextTraining {
  std::filesystem::path model;  // folder to fine-tune from
  double epochs = 4;
  double lr = 4e-4;                // what the embedded model itself was fine-tuned with
  std::vector<std::string> files;  // for error messages
};
/// What the options say, the embedded model where they name none.
TextTraining text_training(const CompareArguments& arguments);
/// Name and SHA-256 of the weights.
std::pair<std::string, std::string> base_model_of(const TextTraining& training);

/// The three methods, in the order above. Rows have one head: of exclusive labels (probabilities add up to 1), or of
/// any number of labels (`said` marks those above their own threshold, the one with the best F1 out of fold).
std::vector<govern::MethodRun> run_text_methods(const TextTraining& training, const Common& common,
                                                const LabelledRows& train, const LabelledRows& judged);

}  // namespace ballast::apps
