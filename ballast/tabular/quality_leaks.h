// SPDX-License-Identifier: Apache-2.0
// The rules of the quality report that look for columns which know the label.
#pragma once

#include "ballast/tabular/quality.h"

namespace ballast::tabular {

/// AUC of the label from one column's rates, each row judged by the rates of the other fold.
double single_column_auc(const Column& column, std::span<const std::uint8_t> truth, std::span<const int> fold);

/// Appends findings of leakage.
void find_leaks(const Table& inputs, std::span<const std::uint8_t> truth, QualityReport& report);

}  // namespace ballast::tabular
