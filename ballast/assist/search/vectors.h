// SPDX-License-Identifier: Apache-2.0
// Vectors of passages and their nearest neighbours: all of them compared where there are few, an HNSW graph (Malkov &
// Yashunin 2018, hnswlib) where there are many.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ballast/assist/search.h"

namespace ballast::assist {

class VectorIndex {
 public:
  /// `weight`: how much a term counts in a text's vector.
  VectorIndex(const KnowledgeBase& base, const std::filesystem::path& model,
              std::function<double(const std::string&)> weight);
  ~VectorIndex();
  VectorIndex(const VectorIndex&) = delete;
  VectorIndex& operator=(const VectorIndex&) = delete;

  /// Passages with their cosine, the nearest first. `allowed` by passage.
  std::vector<std::pair<std::size_t, double>> nearest(const std::string& text, std::size_t count,
                                                      const std::vector<char>& allowed) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast::assist
