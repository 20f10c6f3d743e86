// SPDX-License-Identifier: Apache-2.0
// From the text of a source to passages.
#pragma once

#include <string>
#include <vector>

#include "ballast/assist/knowledge.h"
#include "ballast/ingest/rich_text.h"

namespace ballast::assist {

/// Cuts each block at blank lines into passages of about `kPassageBytes`.
void add_passages(const std::string& source, const ingest::RichText& document, KnowledgeBase& base);

/// One passage of a FAQ row: the question is its heading, the answer its text.
void add_answer(const std::string& source, std::int64_t row, const std::string& question, const std::string& answer,
                KnowledgeBase& base);

/// Sets KnowledgeBase::hash.
void seal(KnowledgeBase& base);

}  // namespace ballast::assist
