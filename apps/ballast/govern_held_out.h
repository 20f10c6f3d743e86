// SPDX-License-Identifier: Apache-2.0
// A model judged on rows that its training did not see, for its card.
#pragma once

#include <string>
#include <vector>

#include "ballast/govern/model_card.h"
#include "verb.h"

namespace ballast::apps {

struct HeldOutArguments {
  std::vector<std::string> files, text_columns, label_columns;
};

/// One result a question that the files can answer; none where no file is given. Throws bad_input where a file was
/// trained on (the same SHA-256), or where no row can be judged.
std::vector<govern::HeldOutResult> judge_held_out(const govern::ModelFacts& model, const HeldOutArguments& arguments,
                                                  const Common& common);

}  // namespace ballast::apps
