// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/train/examples.h"

#include <algorithm>
#include <numeric>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/engine/loss.h"

namespace ballast::lm {

std::vector<HeadColumns> head_columns(std::span<const Head> heads) {
  std::vector<HeadColumns> columns;
  std::int64_t first = 0;
  for (const Head& head : heads) {
    const auto count = static_cast<std::int64_t>(head.labels.size());
    columns.push_back({head.kind, first, count, 1.0});
    first += count;
  }
  return columns;
}

std::vector<Example> tokenize_texts(const text::Tokenizer& tokenizer, std::span<const std::string> texts,
                                    std::int64_t max_length, TokenizeReport& report) {
  std::vector<Example> examples(texts.size());
  std::vector<std::size_t> cut(texts.size());
  text::EncodeOptions options;
  options.max_length = static_cast<std::size_t>(max_length);
  constexpr std::int64_t kPiece = 64;
  base::parallel_ranges(static_cast<std::int64_t>(texts.size()), kPiece, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      text::Encoding encoding = tokenizer.encode(texts[i], options);
      examples[i].ids = std::move(encoding.ids);
      examples[i].types = std::move(encoding.type_ids);
      cut[i] = encoding.truncated;
    }
  });
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ++report.texts;
    report.tokens += static_cast<std::int64_t>(examples[i].ids.size());
    report.truncated_texts += cut[i] > 0;
    report.truncated_tokens += static_cast<std::int64_t>(cut[i]);
  }
  return examples;
}

std::vector<Example> tokenize_corpus(const text::Tokenizer& tokenizer, std::span<const std::string> documents,
                                     std::int64_t length, TokenizeReport& report, const base::ProgressSink& progress) {
  const auto& special = tokenizer.special();
  const bool framed = special.cls && special.sep;
  const auto room = static_cast<std::size_t>(framed ? length - 2 : length);
  std::vector<std::int32_t> stream;
  std::vector<Example> examples;
  const auto block = [&](std::size_t begin, std::size_t end) {
    Example e;
    if (framed) e.ids.push_back(*special.cls);
    e.ids.insert(e.ids.end(), stream.begin() + static_cast<std::ptrdiff_t>(begin),
                 stream.begin() + static_cast<std::ptrdiff_t>(end));
    if (framed) e.ids.push_back(*special.sep);
    examples.push_back(std::move(e));
  };
  text::EncodeOptions options;
  options.add_special = false;
  constexpr std::size_t kGroup = 256;  // documents tokenized at a time, in parallel
  for (std::size_t first = 0; first < documents.size(); first += kGroup) {
    const std::size_t count = std::min(kGroup, documents.size() - first);
    std::vector<std::vector<std::int32_t>> ids(count);
    base::parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t i) {
      const auto at = static_cast<std::size_t>(i);
      ids[at] = tokenizer.encode(documents[first + at], options).ids;
    });
    for (const auto& document : ids) {
      ++report.texts;
      report.tokens += static_cast<std::int64_t>(document.size());
      // Whole blocks straight from the document; only its tail waits for the next one.
      stream.insert(stream.end(), document.begin(), document.end());
      if (special.eos && !framed) stream.push_back(*special.eos);
      std::size_t at = 0;
      for (; stream.size() - at >= room; at += room) block(at, at + room);
      stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(at));
    }
    if (progress) {
      progress({"tokenizing", static_cast<std::int64_t>(first + count), static_cast<std::int64_t>(documents.size()),
                "documents", std::to_string(report.tokens) + " tokens", first + count == documents.size()});
    }
  }
  if (stream.size() > 1) block(0, stream.size());
  return examples;
}

std::vector<Example> examples_from_input(const TokenInput& in, bool shift) {
  std::vector<Example> examples;
  for (std::int64_t b = 0; b < in.batch; ++b) {
    Example e;
    for (std::int64_t t = 0; t < in.length; ++t) {
      if (!in.visible(b, t)) continue;
      const auto at = static_cast<std::size_t>(b * in.length + t);
      e.ids.push_back(static_cast<std::int32_t>(in.ids[at]));
      e.types.push_back(static_cast<std::int32_t>(in.types[at]));
      e.positions.push_back(static_cast<std::int32_t>(in.positions[at]));
      if (!in.labels_per_token || in.decoder_length > 0) continue;
      const bool last = t + 1 == in.length;
      const std::int64_t label = shift ? (last ? engine::kIgnore : in.labels[at + 1]) : in.labels[at];
      e.token_labels.push_back(label < 0 ? engine::kIgnore : static_cast<std::int32_t>(label));
    }
    for (std::int64_t u = 0; u < in.decoder_length && !in.labels.empty(); ++u) {
      const std::int64_t label = in.labels[static_cast<std::size_t>(b * in.decoder_length + u)];
      e.answer.push_back(label < 0 ? engine::kIgnore : static_cast<std::int32_t>(label));
    }
    if (!in.labels.empty() && !in.labels_per_token) {
      e.classes.push_back(static_cast<std::int32_t>(in.labels[static_cast<std::size_t>(b)]));
    }
    if (!in.targets.empty()) {
      const auto columns = static_cast<std::ptrdiff_t>(in.targets.size()) / in.batch;
      e.targets.assign(in.targets.begin() + b * columns, in.targets.begin() + (b + 1) * columns);
    }
    examples.push_back(std::move(e));
  }
  return examples;
}

Sampler::Sampler(std::span<const Example> examples, const Options& options) : examples_(examples), options_(options) {
  BALLAST_CHECK(options.batch_size > 0 || options.batch_tokens > 0, options.batch_size);
  BALLAST_CHECK(!examples.empty(), examples.size());
  order_.resize(examples.size());
  start_epoch(0);
}

void Sampler::start_epoch(std::int64_t epoch) {
  epoch_ = epoch;
  at_ = 0;
  std::iota(order_.begin(), order_.end(), 0u);
  if (!options_.shuffle) return;
  base::Random random(options_.seed, 0x5eed0000u + static_cast<std::uint64_t>(epoch));
  random.shuffle(std::span<std::uint32_t>(order_));
}

std::size_t Sampler::batch_end(std::size_t begin) const {
  if (options_.batch_size > 0) return std::min(order_.size(), begin + static_cast<std::size_t>(options_.batch_size));
  std::size_t end = begin, tokens = 0;
  while (end < order_.size()) {
    tokens += examples_[order_[end]].tokens();
    if (end > begin && tokens > static_cast<std::size_t>(options_.batch_tokens)) break;
    ++end;
  }
  return end;
}

std::span<const std::uint32_t> Sampler::next() {
  if (at_ >= order_.size()) start_epoch(epoch_ + 1);
  const std::size_t begin = at_;
  at_ = batch_end(begin);
  return {order_.data() + begin, at_ - begin};
}

std::int64_t Sampler::batches_per_epoch() const {
  std::int64_t count = 0;
  for (std::size_t at = 0; at < order_.size(); at = batch_end(at)) ++count;
  return count;
}

void Sampler::skip(std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) next();
}

}  // namespace ballast::lm
