// SPDX-License-Identifier: Apache-2.0
// consumer MODEL TEXT: scores a text with a Ballast model and prints each label's probability.
#include <ballast/lm/classifier.h>

#include <cstdio>
#include <exception>

int main(int argc, char** argv) try {
  if (argc != 3) return std::fprintf(stderr, "usage: consumer MODEL TEXT\n"), 2;
  const auto model = ballast::lm::TextClassifier::load(argv[1]);
  const std::string_view texts[] = {argv[2]};
  const auto prediction = model.predict(texts).front();
  for (std::size_t h = 0; h < model.heads().size(); ++h)
    for (std::size_t l = 0; l < model.heads()[h].labels.size(); ++l)
      std::printf("%s %s %.3f\n", model.heads()[h].name.c_str(), model.heads()[h].labels[l].c_str(),
                  prediction.heads[h].probabilities[l]);
} catch (const std::exception& e) {
  return std::fprintf(stderr, "consumer: %s\n", e.what()), 1;
}
