// SPDX-License-Identifier: Apache-2.0
// Pieces that the sections of a model card share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ballast/govern/model_card.h"

namespace ballast::govern {

CardBlock card_text(std::string text);
CardBlock card_list(std::vector<std::string> bullets);
CardBlock card_table(std::vector<std::string> head, std::vector<std::vector<std::string>> rows);
/// Observed share over mean probability, with the line on which both are the same.
CardBlock reliability_drawing(const std::vector<std::pair<double, double>>& points, const std::string& caption);

/// Three decimals; "-" for what is no number.
std::string card_figure(const base::Json& json, const char* key, int digits = 3);
/// "0.781 [0.742, 0.820]".
std::string card_interval(const base::Json& json, const char* key, const base::Json& bounds, int digits = 3);
std::string card_estimate(const Estimate& estimate);

/// Sections that depend on the kind: purpose, data, soundness, development evidence; limits of the kind at the end.
struct KindSections {
  std::vector<CardBlock> purpose, data, soundness, development, outcomes, limitations;
};
KindSections table_sections(const CardInputs& inputs);  // credit, fraud, customers
KindSections text_sections(const CardInputs& inputs);   // text, tagger, language

}  // namespace ballast::govern
