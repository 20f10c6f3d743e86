// SPDX-License-Identifier: Apache-2.0
// Answers written by a causal language model from the passages that were found.
#pragma once

#include <filesystem>
#include <memory>

#include "ballast/assist/assistant.h"

namespace ballast::assist {

/// Opens a model folder; one with a chat template is asked in its form. Greedy, so that the same passages give the same
/// text. The assistant checks what it writes (grounding()) and quotes where that fails. Throws as lm::Generator::load.
std::shared_ptr<AnswerWriter> causal_writer(const std::filesystem::path& model);

}  // namespace ballast::assist
