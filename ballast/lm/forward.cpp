// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/forward.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "ballast/base/error.h"
#include "ballast/lm/load.h"
#include "ballast/lm/token_input.h"

namespace ballast::lm {
namespace {

using engine::Value;

/// Results with their own memory until they are written.
class Results {
 public:
  float* add(const std::string& name, std::vector<std::int64_t> shape) {
    std::int64_t size = 1;
    for (const std::int64_t n : shape) size *= n;
    data_.emplace_back(static_cast<std::size_t>(size));
    tensors_.push_back(TensorToWrite::floats(name, std::move(shape), data_.back()));
    return data_.back().data();
  }
  void write(const std::filesystem::path& path) { write_safetensors(path, std::move(tensors_)); }

 private:
  std::deque<std::vector<float>> data_;
  std::vector<TensorToWrite> tensors_;
};

void scatter(const Value& packed, const std::vector<std::int64_t>& rows, float* out) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(packed.data + static_cast<std::int64_t>(i) * packed.cols, packed.cols, out + rows[i] * packed.cols);
  }
}

void write_attentions(const Network& network, const TokenInput& in, const text::TokenBatch& batch,
                      const std::vector<std::int64_t>& rows, const Capture& capture, Results& results) {
  const std::int64_t heads = network.config().heads, t = in.length;
  for (std::size_t layer = 0; layer < capture.attentions.size(); ++layer) {
    float* out = results.add("attentions." + std::to_string(layer), {in.batch, heads, t, t});
    for (std::int64_t b = 0; b < in.batch; ++b) {
      const std::int64_t first = batch.offsets[static_cast<std::size_t>(b)];
      const std::int64_t n = batch.offsets[static_cast<std::size_t>(b) + 1] - first;
      std::vector<float> weights(static_cast<std::size_t>(heads * n * n));
      const auto& a = capture.attentions[layer];
      engine::attention_weights(a.q, a.k, heads, network.config().head_width(), first, n, network.mask(), weights.data());
      for (std::int64_t h = 0; h < heads; ++h) {
        for (std::int64_t i = 0; i < n; ++i) {
          for (std::int64_t j = 0; j < n; ++j) {
            const std::int64_t row = rows[static_cast<std::size_t>(first + i)] % t;
            const std::int64_t col = rows[static_cast<std::size_t>(first + j)] % t;
            out[((b * heads + h) * t + row) * t + col] = weights[static_cast<std::size_t>((h * n + i) * n + j)];
          }
        }
      }
    }
  }
}

/// Mean cross-entropy over labelled positions; causal models predict the next position.
double token_loss(const TokenInput& in, const float* logits, std::int64_t vocabulary, bool shift) {
  double sum = 0, count = 0;
  for (std::int64_t b = 0; b < in.batch; ++b) {
    for (std::int64_t t = 0; t < in.length; ++t) {
      if (shift && t + 1 == in.length) continue;
      const std::int64_t label = in.labels[static_cast<std::size_t>(b * in.length + t + (shift ? 1 : 0))];
      if (label < 0 || !in.visible(b, t)) continue;
      std::vector<float> row(logits + (b * in.length + t) * vocabulary, logits + (b * in.length + t + 1) * vocabulary);
      engine::log_softmax_row(row.data(), vocabulary);
      sum -= row.at(static_cast<std::size_t>(label));
      ++count;
    }
  }
  return count > 0 ? sum / count : 0;
}

double sequence_loss(engine::Arena& arena, const TokenInput& in, Value logits) {
  engine::Tape tape(arena, false);
  if (!in.targets.empty()) return engine::binary_cross_entropy(tape, logits, in.targets, {}, {}).mean();
  const std::vector<std::int32_t> labels(in.labels.begin(), in.labels.end());
  return engine::cross_entropy(tape, logits, labels, {}).mean();
}

}  // namespace

void forward_file(const ForwardOptions& options) {
  LoadedModel model = load_model(options.model);
  Network& network = *model.network;
  const ModelConfig& config = network.config();
  const TokenInput in = read_token_input(options.input, config);
  if (options.loss && in.labels.empty() && in.targets.empty()) {
    throw base::Error(base::ErrorCode::bad_input, "has no tensor \"labels\"", options.input.string(), "--loss needs it");
  }
  std::vector<std::int64_t> rows;
  const text::TokenBatch batch = pack_visible(in, 0, in.batch, &rows);
  engine::Arena arena;
  engine::Tape tape(arena, false);
  Capture capture;
  const Value hidden = network.encode(tape, batch, &capture);
  Results results;
  double loss = 0;
  if (config.head == HeadType::classification) {
    const Value logits = network.classify(tape, hidden, batch);
    std::copy_n(logits.data, logits.size(), results.add("logits", {in.batch, logits.cols}));
    if (options.loss) loss = sequence_loss(arena, in, logits);
  } else if (config.head == HeadType::language_model) {
    float* logits = results.add("logits", {in.batch, in.length, config.vocabulary});
    scatter(network.language_logits(tape, hidden), rows, logits);
    if (options.loss) loss = token_loss(in, logits, config.vocabulary, config.type == ModelType::gpt2);
  }
  if (options.hidden_states) {
    for (std::size_t i = 0; i < capture.hidden_states.size(); ++i) {
      scatter(capture.hidden_states[i], rows,
              results.add("hidden_states." + std::to_string(i), {in.batch, in.length, config.width}));
    }
  }
  if (options.attentions) write_attentions(network, in, batch, rows, capture, results);
  if (options.loss) *results.add("loss", {}) = static_cast<float>(loss);
  results.write(options.output);
}

}  // namespace ballast::lm
