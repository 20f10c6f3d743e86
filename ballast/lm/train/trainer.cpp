// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/train/trainer.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/base/json.h"
#include "ballast/base/random.h"
#include "ballast/lm/arch/seq2seq.h"
#include "ballast/lm/checkpoint/safetensors.h"

namespace ballast::lm {
namespace {

using engine::Tape;
using engine::Value;

constexpr std::int64_t kEvaluationTokens = 4096;  // tokens of a batch without gradients

/// A head's columns of the logits as a value of its own.
Value slice_columns(Tape& tape, Value x, std::int64_t first, std::int64_t count) {
  if (count == x.cols) return x;
  Value y = tape.make(x.rows, count);
  for (std::int64_t i = 0; i < x.rows; ++i) std::copy_n(x.data + i * x.cols + first, count, y.data + i * count);
  tape.on_backward(y, [&tape, x, y, first] {
    float* dx = tape.gradient(x);
    for (std::int64_t i = 0; i < x.rows; ++i) {
      for (std::int64_t j = 0; j < y.cols; ++j) dx[i * x.cols + first + j] += y.grad()[i * y.cols + j];
    }
  });
  return y;
}

engine::ParameterStore& prepared(Network& network) {
  network.parameters().prepare_training();
  return network.parameters();
}

template <class F>
void for_batches(std::span<const Example> examples, std::int64_t tokens, F f) {
  std::vector<std::uint32_t> chosen;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const auto size = static_cast<std::int64_t>(examples[i].tokens());
    if (!chosen.empty() && total + size > tokens) {
      f(std::span<const std::uint32_t>(chosen));
      chosen.clear();
      total = 0;
    }
    chosen.push_back(static_cast<std::uint32_t>(i));
    total += size;
  }
  if (!chosen.empty()) f(std::span<const std::uint32_t>(chosen));
}

void add_sequence(text::TokenBatch& batch, const Example& e) {
  const std::size_t first = batch.ids.size();
  batch.add(e.ids, e.types);
  if (!e.positions.empty())
    std::copy(e.positions.begin(), e.positions.end(), batch.positions.begin() + static_cast<std::ptrdiff_t>(first));
}

constexpr const char* kStateTensors = "training_state.safetensors";

/// Over everything that a state holds: against damage, not against forgery.
std::string checksum_of(base::Json state, const std::filesystem::path& tensors) {
  state.erase("checksum");
  return std::to_string(base::hash64(base::MappedFile(tensors).text(), base::hash64(state.dump())));
}

/// Those in f32 under the name itself, those in bytes as name.codes and name.scales.
void add_moments(const std::string& name, const engine::Moments& moments, std::vector<TensorToWrite>& tensors) {
  const auto size = [](const auto& v) { return std::vector<std::int64_t>{static_cast<std::int64_t>(v.size())}; };
  tensors.push_back(TensorToWrite::floats(name, size(moments.values), moments.values));
  if (moments.codes.empty()) return;
  tensors.push_back(
      TensorToWrite::bytes(name + ".codes", size(moments.codes), DType::u8, std::as_bytes(std::span(moments.codes))));
  tensors.push_back(TensorToWrite::floats(name + ".scales", size(moments.scales), moments.scales));
}

void read_moments(const SafetensorsFile& tensors, const std::string& name, engine::Moments& moments) {
  tensors.read_f32(name, moments.values);
  if (moments.codes.empty()) return;
  const std::span<const std::byte> codes = tensors.raw(name + ".codes");
  if (codes.size() != moments.codes.size() || tensors.info(name + ".codes").dtype != DType::u8) {
    throw base::Error(base::ErrorCode::bad_input,
                      "tensor \"" + name + ".codes\" does not hold " + std::to_string(moments.codes.size()) + " bytes",
                      tensors.path().string(), "train without --resume");
  }
  std::memcpy(moments.codes.data(), codes.data(), codes.size());
  tensors.read_f32(name + ".scales", moments.scales);
}

}  // namespace

Trainer::Trainer(Network& network, std::span<const Example> examples, TrainSettings settings)
    : network_(network),
      examples_(examples),
      settings_(std::move(settings)),
      sampler_(examples, settings_.sampling),
      optimizer_(prepared(network), settings_.adamw),
      batches_(static_cast<std::size_t>(settings_.accumulate)) {
  network_.set_dropout(settings_.dropout);
}

void Trainer::add_language_labels(Batch& batch, const Example& e, std::size_t first, std::uint64_t stream) {
  const auto put = [&](std::size_t at, std::int32_t label) {
    batch.rows.push_back(static_cast<std::int32_t>(first + at));
    batch.labels.push_back(label);
  };
  if (!e.token_labels.empty()) {
    for (std::size_t t = 0; t < e.token_labels.size(); ++t) {
      if (e.token_labels[t] != engine::kIgnore) put(t, e.token_labels[t]);
    }
    return;
  }
  if (settings_.objective == Objective::causal_lm) {
    for (std::size_t t = 0; t + 1 < e.ids.size(); ++t) put(t, e.ids[t + 1]);
    return;
  }
  // Devlin et al. 2019: of the chosen tokens 80 % become [MASK], 10 % a random token, 10 % stay.
  base::Random random(settings_.sampling.seed, stream);
  for (std::size_t t = 0; t < e.ids.size(); ++t) {
    const double draw = random.uniform(), kind = random.uniform();
    const std::uint64_t other = random.below(static_cast<std::uint64_t>(network_.config().vocabulary));
    const auto& kept = settings_.unmaskable;
    if (draw >= settings_.mask_probability || std::find(kept.begin(), kept.end(), e.ids[t]) != kept.end()) continue;
    put(t, e.ids[t]);
    if (kind < 0.8) {
      batch.tokens.ids[first + t] = settings_.mask_token;
    } else if (kind < 0.9) {
      batch.tokens.ids[first + t] = static_cast<std::int32_t>(other);
    }
  }
}

/// Teacher forcing: the decoder reads the answer shifted right and predicts it.
void Trainer::add_answer(Batch& batch, const Example& e) {
  const std::size_t first = batch.answers.ids.size();
  batch.answers.add(static_cast<const Seq2SeqNetwork&>(network_).shifted_right(e.answer));
  for (std::size_t t = 0; t < e.answer.size(); ++t) {
    if (e.answer[t] == engine::kIgnore) continue;
    batch.rows.push_back(static_cast<std::int32_t>(first + t));
    batch.labels.push_back(e.answer[t]);
  }
}

void Trainer::fill(Batch& batch, std::span<const Example> examples, std::span<const std::uint32_t> chosen,
                   std::int64_t epoch) {
  batch.tokens.clear();
  batch.answers.clear();
  batch.rows.clear();
  batch.labels.clear();
  batch.targets.clear();
  batch.classes.resize(settings_.heads.size());
  for (auto& column : batch.classes) column.clear();
  for (const std::uint32_t index : chosen) {
    const Example& e = examples[index];
    const std::size_t first = batch.tokens.ids.size();
    add_sequence(batch.tokens, e);
    if (settings_.objective == Objective::seq2seq) {
      add_answer(batch, e);
      continue;
    }
    if (settings_.objective != Objective::classification) {
      add_language_labels(batch, e, first, (static_cast<std::uint64_t>(epoch + 1) << 32) + index);
      continue;
    }
    std::size_t next = 0;
    for (std::size_t h = 0; h < settings_.heads.size(); ++h) {
      if (settings_.heads[h].kind == HeadKind::multiclass) batch.classes[h].push_back(e.classes.at(next++));
    }
    batch.targets.insert(batch.targets.end(), e.targets.begin(), e.targets.end());
  }
  batch.count = settings_.objective == Objective::classification ? static_cast<double>(chosen.size())
                                                                 : static_cast<double>(batch.rows.size());
}

double Trainer::language_loss(Tape& tape, Value hidden, Batch& batch, double count) {
  if (batch.rows.empty()) return 0;
  // Only positions that predict something reach the vocabulary.
  const bool all = static_cast<std::int64_t>(batch.rows.size()) == hidden.rows;
  const Value predicting = all ? hidden : engine::select_rows(tape, hidden, batch.rows);
  engine::LossOptions options;
  options.label_smoothing = static_cast<float>(settings_.label_smoothing);
  options.count = count;
  const Value input = network_.language_input(tape, predicting);
  return engine::cross_entropy_over_vocabulary(tape, input, network_.vocabulary_table(), network_.vocabulary_bias(),
                                               batch.labels, options)
      .sum;
}

double Trainer::classification_loss(Tape& tape, Value hidden, Batch& batch, double count) {
  const Value logits = network_.classify(tape, hidden, batch.tokens);
  double sum = 0;
  std::int64_t outputs = 0, taken = 0;
  for (const HeadColumns& head : settings_.heads) outputs += head.kind == HeadKind::multilabel ? head.count : 0;
  std::vector<float> targets;
  for (std::size_t h = 0; h < settings_.heads.size(); ++h) {
    const HeadColumns& head = settings_.heads[h];
    engine::LossOptions options;
    options.count = count;
    options.scale = head.weight;
    options.label_smoothing = static_cast<float>(settings_.label_smoothing);
    const Value own = slice_columns(tape, logits, head.first, head.count);
    if (head.kind == HeadKind::multiclass) {
      sum += head.weight * engine::cross_entropy(tape, own, batch.classes[h], options).sum;
      continue;
    }
    targets.clear();
    for (std::int64_t i = 0; i < own.rows; ++i) {
      const float* row = batch.targets.data() + i * outputs + taken;
      targets.insert(targets.end(), row, row + head.count);
    }
    const auto weights = settings_.positive_weights.empty()
                             ? std::span<const float>()
                             : std::span<const float>(settings_.positive_weights)
                                   .subspan(static_cast<std::size_t>(taken), static_cast<std::size_t>(head.count));
    sum += head.weight * engine::binary_cross_entropy(tape, own, targets, weights, options).sum;
    taken += head.count;
  }
  return sum;
}

double Trainer::run(Tape& tape, Batch& batch, double count) {
  Value hidden = network_.encode(tape, batch.tokens);
  if (settings_.objective == Objective::seq2seq) {
    hidden = static_cast<Seq2SeqNetwork&>(network_).decode_targets(tape, hidden, batch.tokens, batch.answers);
  }
  const double sum = settings_.objective == Objective::classification ? classification_loss(tape, hidden, batch, count)
                                                                      : language_loss(tape, hidden, batch, count);
  tape.backward();
  return sum;
}

StepReport Trainer::step() {
  if (settings_.privacy.sampling_rate > 0) return private_step();
  const base::Stopwatch watch;
  StepReport report;
  double count = 0;
  for (Batch& batch : batches_) {
    const auto chosen = sampler_.next();
    fill(batch, examples_, chosen, sampler_.epoch());
    count += batch.count;
    report.tokens += batch.tokens.tokens() + batch.answers.tokens();
  }
  double sum = 0;  // gradients are zero: fresh, or since the optimiser used up the last ones
  for (std::size_t i = 0; i < batches_.size(); ++i) {
    arena_.reset();
    const std::uint64_t dropout_seed =
        base::random_bits(settings_.sampling.seed, 0xd0u + static_cast<std::uint64_t>(step_) * batches_.size() + i);
    Tape tape(arena_, true, settings_.precision, dropout_seed);
    sum += run(tape, batches_[i], count);
  }
  report.loss = count > 0 ? sum / count : 0;
  report.grad_norm = engine::gradient_norm(network_.parameters());
  report.lr = settings_.lr * engine::schedule_factor(settings_.schedule, step_, settings_.warmup, settings_.steps);
  optimizer_.step(report.lr, engine::clip_factor(report.grad_norm, settings_.clip_norm));
  report.step = ++step_;
  report.seconds = watch.seconds();
  return report;
}

double Trainer::evaluate(std::span<const Example> examples) {
  double sum = 0, count = 0;
  Batch batch;
  for_batches(examples, kEvaluationTokens, [&](std::span<const std::uint32_t> chosen) {
    arena_.reset();
    fill(batch, examples, chosen, -1);
    Tape tape(arena_, false, settings_.precision);
    sum += run(tape, batch, batch.count);
    count += batch.count;
  });
  return count > 0 ? sum / count : 0;
}

std::string Trainer::fingerprint() const {
  std::uint64_t h = base::hash64("ballast training state 1", settings_.sampling.seed);
  const auto mix = [&](std::uint64_t x) { h = base::random_bits(h, x); };
  for (const Example& e : examples_) {
    mix(e.ids.size());
    mix(base::hash64({reinterpret_cast<const char*>(e.ids.data()), e.ids.size() * sizeof(std::int32_t)}));
    if (e.answer.empty()) continue;
    mix(base::hash64({reinterpret_cast<const char*>(e.answer.data()), e.answer.size() * sizeof(std::int32_t)}));
  }
  mix(static_cast<std::uint64_t>(settings_.objective));
  mix(static_cast<std::uint64_t>(settings_.steps));
  mix(static_cast<std::uint64_t>(settings_.accumulate));
  mix(static_cast<std::uint64_t>(settings_.sampling.batch_size));
  mix(static_cast<std::uint64_t>(settings_.sampling.batch_tokens));
  mix(settings_.sampling.shuffle ? 1 : 0);
  mix(static_cast<std::uint64_t>(settings_.lr * 1e12));
  return std::to_string(h);
}

void Trainer::save_state(const std::filesystem::path& folder) const {
  std::vector<TensorToWrite> tensors;
  for (const engine::Parameter& p : network_.parameters().all()) {
    if (p.frozen) continue;
    tensors.push_back(TensorToWrite::floats(p.name, p.shape, {p.value, static_cast<std::size_t>(p.size)}));
  }
  add_moments("adamw.first_moments", optimizer_.first_moments(), tensors);
  add_moments("adamw.second_moments", optimizer_.second_moments(), tensors);
  write_safetensors(folder / kStateTensors, std::move(tensors));
  base::Json json;
  json["step"] = step_;
  json["run"] = fingerprint();
  json["optimizer_state"] = engine::moment_form_name(settings_.adamw.moments);
  json["checksum"] = checksum_of(json, folder / kStateTensors);
  base::write_file_atomic(folder / "training_state.json", json.dump(2) + "\n");
}

void Trainer::load_state(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "training_state.json";
  const base::Json json = base::read_json(file);
  if (base::json_field<std::string>(json, "run", file.string()) != fingerprint()) {
    throw base::Error(base::ErrorCode::bad_input, "belongs to a run with other data or settings", file.string(),
                      "repeat the original options, or train without --resume");
  }
  const std::string asked = engine::moment_form_name(settings_.adamw.moments);
  const auto kept = json.value("optimizer_state", std::string("f32"));  // states of the first versions do not say
  if (kept != asked) {
    throw base::Error(base::ErrorCode::bad_input,
                      "the optimiser's state is kept as " + kept + ", and --optimizer-state asks for " + asked,
                      file.string(), "repeat the original option, or train without --resume");
  }
  // States of the first versions have none.
  if (json.contains("checksum") && json["checksum"] != checksum_of(json, folder / kStateTensors)) {
    throw base::Error(base::ErrorCode::bad_input, "is not as it was saved: its checksum is another one",
                      folder.string(), "train without --resume");
  }
  const SafetensorsFile tensors(folder / kStateTensors);
  for (engine::Parameter& p : network_.parameters().all()) {
    if (p.frozen) continue;
    tensors.read_f32(p.name, {p.value, static_cast<std::size_t>(p.size)});
  }
  read_moments(tensors, "adamw.first_moments", optimizer_.first_moments());
  read_moments(tensors, "adamw.second_moments", optimizer_.second_moments());
  step_ = base::json_field<std::int64_t>(json, "step", file.string());
  optimizer_.restore(step_);
  sampler_.skip(step_ * settings_.accumulate);
}

std::vector<float> classification_logits(Network& network, std::span<const Example> examples,
                                         engine::Precision precision) {
  std::vector<float> logits;
  engine::Arena arena;
  text::TokenBatch batch;
  for_batches(examples, kEvaluationTokens, [&](std::span<const std::uint32_t> chosen) {
    arena.reset();
    batch.clear();
    for (const std::uint32_t index : chosen) add_sequence(batch, examples[index]);
    Tape tape(arena, false, precision);
    const Value out = network.classify(tape, network.encode(tape, batch), batch);
    logits.insert(logits.end(), out.data, out.data + out.size());
  });
  return logits;
}

}  // namespace ballast::lm
