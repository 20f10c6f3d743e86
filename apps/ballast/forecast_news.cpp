// SPDX-License-Identifier: Apache-2.0
#include "forecast_news.h"

#include <cmath>
#include <filesystem>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/base/random.h"
#include "ballast/lm/classifier.h"
#include "ballast/lm/embed.h"
#include "default_model.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::int64_t kNumbers = 8;

std::filesystem::path folder_of(const std::string& name) {
  return name == "default" ? default_model() : std::filesystem::path(name);
}

}  // namespace

tabular::Matrix text_vectors(std::span<const std::string_view> texts, const std::string& folder, std::int64_t numbers,
                             std::uint64_t seed) {
  const auto model = lm::Embedder::load(folder_of(folder));
  const auto vectors = model.embed(texts);
  const auto width = static_cast<std::size_t>(model.width()), out = static_cast<std::size_t>(numbers);
  base::Random random(seed, 0x7e47u);
  std::vector<double> projection(width * out);
  for (double& p : projection) p = random.normal() / std::sqrt(static_cast<double>(width));
  tabular::Matrix m{static_cast<std::int64_t>(texts.size()), numbers, std::vector<double>(texts.size() * out)};
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    for (std::size_t k = 0; k < vectors[i].vector.size(); ++k) {
      for (std::size_t c = 0; c < out; ++c) {
        m.values[i * out + c] += static_cast<double>(vectors[i].vector[k]) * projection[k * out + c];
      }
    }
  }
  return m;
}

std::string add_sentiment(risk::News& news, const std::string& folder) {
  const auto model = lm::TextClassifier::load(folder_of(folder));
  const auto& heads = model.heads();
  std::size_t head = 0;
  while (head < heads.size() && heads[head].name != "sentiment") ++head;
  if (head == heads.size()) {
    throw Error(ErrorCode::bad_input, "has no head called sentiment", folder, "see `ballast model info`");
  }
  std::vector<std::string_view> texts(news.texts.begin(), news.texts.end());
  const auto predictions = model.predict(texts);
  news.names.push_back("sentiment");
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    double value = 0;
    for (std::size_t k = 0; k < heads[head].labels.size(); ++k) {
      const double p = predictions[i].heads[head].probabilities[k];
      value += heads[head].labels[k] == "positive" ? p : heads[head].labels[k] == "negative" ? -p : 0;
    }
    news.items[i].values.push_back(value);
  }
  return model.identity();
}

std::string add_vectors(risk::News& news, const std::string& folder, std::uint64_t seed) {
  const std::vector<std::string_view> texts(news.texts.begin(), news.texts.end());
  const tabular::Matrix vectors = text_vectors(texts, folder, kNumbers, seed);
  for (std::int64_t c = 0; c < kNumbers; ++c) news.names.push_back("vector " + std::to_string(c + 1));
  for (std::size_t i = 0; i < news.items.size(); ++i) {
    const auto row = vectors.row(static_cast<std::int64_t>(i));
    news.items[i].values.insert(news.items[i].values.end(), row.begin(), row.end());
  }
  return "vectors of " + base::sha256_file(folder_of(folder) / "model.safetensors").substr(0, 16);
}

}  // namespace ballast::apps
