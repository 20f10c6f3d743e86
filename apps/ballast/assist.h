// SPDX-License-Identifier: Apache-2.0
// Parts of `ballast assist`.
#pragma once

#include <filesystem>
#include <string>

#include "ballast/assist/assistant.h"
#include "verb.h"

namespace ballast::apps {

/// The folder of the vectors' model: as named, "default" for the embedded one; empty ("", "none") for words alone.
std::filesystem::path assist_model(const std::string& named);

/// Marked questions (language, what is expected, question) against what the assistant does.
void evaluate_answers(const std::string& path, const assist::Assistant& assistant, bool fit, const Common& common);

struct RetrievalArguments {
  std::string file, query, target, keep;  // keep: "column=value", rows to use; empty: all
  std::string faq;  // a table with the same columns to answer from; empty: the targets of `file` themselves
};
/// Recall of the target passage by its query among the targets of all rows: words, vectors, both. With a FAQ: how often
/// the answer of its nearest question is the target, at all and where the assistant would have answered.
void evaluate_retrieval(const RetrievalArguments& arguments, const std::filesystem::path& model, const Common& common);

}  // namespace ballast::apps
