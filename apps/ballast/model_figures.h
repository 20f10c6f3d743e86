// SPDX-License-Identifier: Apache-2.0
// How well a model says it does, from the files beside its weights.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ballast::apps {

/// Lines to show: the first table of the model card's section on tests (a heading with "test", "evaluat" or "score"),
/// columns aligned; else the out-of-fold figures of training.json; empty where the folder has neither.
std::vector<std::string> model_figures(const std::filesystem::path& folder);

}  // namespace ballast::apps
