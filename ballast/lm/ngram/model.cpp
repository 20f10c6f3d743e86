// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/ngram/model.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/base/parallel.h"
#include "ballast/lm/checkpoint/int8.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using Size = std::size_t;

constexpr int kVersion = 1;  // of keys, weighting and tensors together

}  // namespace

NgramModel NgramModel::train(std::span<const std::string_view> texts, std::span<const LinearTask> tasks,
                             const NgramTrainOptions& options) {
  if (texts.empty()) throw Error(ErrorCode::bad_input, "no texts to train on", "n-gram model", "labelled texts");
  NgramModel model;
  model.features_ = NgramFeatures::fit(texts, options.ngrams);
  SparseMatrix rows = model.features_.matrix(texts);
  model.fit(rows, tasks, options.linear);
  if (options.max_features > 0 && static_cast<std::int64_t>(model.features_.size()) > options.max_features) {
    model.features_ = model.features_.keep(model.strongest(rows, options.max_features));
    rows = model.features_.matrix(texts);
    model.fit(rows, tasks, options.linear);
  }
  return model;
}

void NgramModel::fit(const SparseMatrix& rows, std::span<const LinearTask> tasks, const LinearOptions& options) {
  Size all = 0, first = 0;
  for (const auto& task : tasks) all += static_cast<Size>(task.outputs);
  weight_.assign(features_.size() * all, 0.0f);
  bias_.clear();
  chosen_c_.clear();
  for (const auto& task : tasks) {
    const LinearFit one = fit_linear(rows, task, options);
    const auto k = static_cast<Size>(task.outputs);
    for (Size f = 0; f < features_.size(); ++f) {
      std::copy_n(one.weight.data() + f * k, k, weight_.data() + f * all + first);
    }
    bias_.insert(bias_.end(), one.bias.begin(), one.bias.end());
    chosen_c_.push_back(one.c);
    first += k;
  }
}

std::vector<std::int32_t> NgramModel::strongest(const SparseMatrix& rows, std::int64_t count) const {
  // How much a feature moves the scores over all texts: Σ value² · ‖weights‖².
  std::vector<double> energy(features_.size());
  for (Size e = 0; e < rows.index.size(); ++e) {
    energy[static_cast<Size>(rows.index[e])] += static_cast<double>(rows.value[e]) * static_cast<double>(rows.value[e]);
  }
  const Size k = bias_.size();
  for (Size f = 0; f < energy.size(); ++f) {
    double squares = 0;
    for (Size o = 0; o < k; ++o)
      squares += static_cast<double>(weight_[f * k + o]) * static_cast<double>(weight_[f * k + o]);
    energy[f] *= squares;
  }
  std::vector<std::int32_t> order(energy.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return energy[static_cast<Size>(a)] > energy[static_cast<Size>(b)];
  });
  order.resize(static_cast<Size>(count));
  std::sort(order.begin(), order.end());
  return order;
}

NgramText NgramModel::read(std::string_view text) const {
  NgramText out;
  out.occurrences = list_ngrams(text, features_.options());
  out.features.reserve(out.occurrences.size());
  for (const auto& o : out.occurrences) out.features.push_back(features_.find(o.key));
  out.counted = features_.count(out.features);
  return out;
}

std::vector<float> NgramModel::scores(const NgramText& text) const {
  const Size k = bias_.size();
  std::vector<double> sum(bias_.begin(), bias_.end());
  for (const auto& c : text.counted) {
    const float* w = weight_.data() + static_cast<Size>(c.feature) * k;
    for (Size o = 0; o < k; ++o) sum[o] += c.value * static_cast<double>(w[o]);
  }
  return {sum.begin(), sum.end()};
}

std::vector<float> NgramModel::scores(std::span<const std::string_view> texts) const {
  const Size k = bias_.size();
  std::vector<float> out(texts.size() * k);
  base::parallel_for(static_cast<std::int64_t>(texts.size()), [&](std::int64_t i) {
    const auto one = scores(texts[static_cast<Size>(i)]);
    std::copy(one.begin(), one.end(), out.begin() + i * static_cast<std::int64_t>(k));
  });
  return out;
}

std::vector<NgramContribution> NgramModel::contributions(const NgramText& text, int output) const {
  BALLAST_CHECK(output >= 0 && output < outputs(), output);
  std::vector<NgramContribution> out;
  for (Size i = 0; i < text.occurrences.size(); ++i) {
    const NgramOccurrence& o = text.occurrences[i];
    const std::int32_t f = text.features[i];
    if (f < 0) continue;
    const double w = static_cast<double>(weight_[static_cast<Size>(f) * bias_.size() + static_cast<Size>(output)]);
    if (w == 0) continue;
    const auto found = std::lower_bound(text.counted.begin(), text.counted.end(), f,
                                        [](const auto& c, std::int32_t feature) { return c.feature < feature; });
    out.push_back({o.begin, o.end, w * found->value / found->count});  // occurrences share their feature's part equally
  }
  return out;
}

namespace {

/// [features, outputs] with one scale an output, transposed to rows and back, so that each output uses all levels.
Int8Rows quantise_outputs(const std::vector<float>& weight, Size outputs) {
  const Size n = weight.size() / outputs;
  std::vector<float> turned(weight.size());
  for (Size i = 0; i < weight.size(); ++i) turned[i % outputs * n + i / outputs] = weight[i];
  Int8Rows rows = quantise_rows(turned, static_cast<std::int64_t>(outputs));
  std::vector<std::int8_t> q(weight.size());
  for (Size i = 0; i < weight.size(); ++i) q[i] = rows.q[i % outputs * n + i / outputs];
  rows.q = std::move(q);
  return rows;
}

}  // namespace

void NgramModel::save(const std::filesystem::path& file, DType weights) const {
  const auto n = static_cast<std::int64_t>(features_.size()), k = static_cast<std::int64_t>(bias_.size());
  const auto& o = features_.options();
  const base::Json settings = {{"version", kVersion},          {"word_max", o.word_max},
                               {"char_min", o.char_min},       {"char_max", o.char_max},
                               {"word_min_df", o.word_min_df}, {"char_min_df", o.char_min_df}};
  std::vector<TensorToWrite> tensors = {
      TensorToWrite::bytes("ngram.key", {n}, DType::i32, std::as_bytes(std::span(features_.keys()))),
      TensorToWrite::floats("ngram.idf", {n}, features_.idf(), weights == DType::f32 ? DType::f32 : DType::f16),
      TensorToWrite::floats("ngram.bias", {k}, bias_)};
  Int8Rows narrow;
  if (weights == DType::i8) {
    narrow = quantise_outputs(weight_, bias_.size());
    tensors.push_back(TensorToWrite::bytes("ngram.weight", {n, k}, DType::i8, std::as_bytes(std::span(narrow.q))));
    tensors.push_back(TensorToWrite::floats("ngram.scale", {k}, narrow.scale));
  } else {
    tensors.push_back(TensorToWrite::floats("ngram.weight", {n, k}, weight_, weights));
  }
  write_safetensors(file, std::move(tensors), {{"format", "pt"}, {"ngram", base::dump_json(settings)}});
}

NgramModel NgramModel::load(const std::filesystem::path& file) {
  const SafetensorsFile tensors(file);
  const auto bad = [&](const std::string& what, const std::string& expected) {
    throw Error(ErrorCode::bad_input, what, file.string(), expected);
  };
  const auto found = tensors.metadata().find("ngram");
  if (found == tensors.metadata().end()) bad("the metadata has no \"ngram\" settings", "a saved n-gram model");
  const std::string where = file.string() + " (n-gram settings)";
  const auto settings = base::parse_json(found->second, where);
  if (const int version = base::json_field<int>(settings, "version", where); version != kVersion) {
    bad("n-gram model of version " + std::to_string(version), "version " + std::to_string(kVersion));
  }
  NgramOptions o;
  o.word_max = base::json_field<int>(settings, "word_max", where);
  o.char_min = base::json_field<int>(settings, "char_min", where);
  o.char_max = base::json_field<int>(settings, "char_max", where);
  o.word_min_df = base::json_field<int>(settings, "word_min_df", where);
  o.char_min_df = base::json_field<int>(settings, "char_min_df", where);
  if (o.word_max < 0 || o.word_max > 10 || o.char_min < 1 || o.char_max < 0 || o.char_max > 20) {
    bad("n-gram lengths out of range", "words up to 10, characters 1 … 20");
  }

  const auto& shape = tensors.info("ngram.weight").shape;
  if (shape.size() != 2)
    bad("tensor \"ngram.weight\" has shape " + tensors.info("ngram.weight").shape_text(), "two sizes");
  const auto n = static_cast<Size>(shape[0]), k = static_cast<Size>(shape[1]);
  for (const char* name : {"ngram.key", "ngram.idf"}) {
    if (tensors.info(name).shape != std::vector<std::int64_t>{shape[0]}) {
      bad("tensor \"" + std::string(name) + "\" has shape " + tensors.info(name).shape_text(),
          std::to_string(n) + " numbers, one a row of ngram.weight");
    }
  }
  tensors.check_finite();
  std::vector<std::int64_t> stored(n);
  tensors.read_i64("ngram.key", stored);
  std::vector<std::uint32_t> keys(n);
  for (Size i = 0; i < n; ++i) {
    keys[i] = static_cast<std::uint32_t>(stored[i]);
    if (i > 0 && keys[i] <= keys[i - 1])
      bad("tensor \"ngram.key\" is not in rising order at index " + std::to_string(i), "sorted keys");
  }
  NgramModel model;
  std::vector<float> idf(n);
  tensors.read_f32("ngram.idf", idf);
  model.weight_.resize(n * k);
  if (tensors.info("ngram.weight").dtype == DType::i8) {
    if (tensors.info("ngram.scale").shape != std::vector<std::int64_t>{shape[1]}) {
      bad("tensor \"ngram.scale\" has shape " + tensors.info("ngram.scale").shape_text(), "one number an output");
    }
    std::vector<float> scale(k);
    tensors.read_f32("ngram.scale", scale);
    const auto raw = tensors.raw("ngram.weight");
    for (Size i = 0; i < raw.size(); ++i) {
      model.weight_[i] = static_cast<float>(static_cast<std::int8_t>(raw[i])) * (scale[i % k] / 127.0f);
    }
  } else {
    tensors.read_f32("ngram.weight", model.weight_);
  }
  model.bias_.resize(k);
  tensors.read_f32("ngram.bias", model.bias_);
  model.features_ = NgramFeatures(o, std::move(keys), std::move(idf));
  return model;
}

}  // namespace ballast::lm
