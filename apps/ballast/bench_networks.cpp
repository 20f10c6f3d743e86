// SPDX-License-Identifier: Apache-2.0
// Training, scoring, reading and writing of whole networks with fresh weights. The large ones are the shapes that other
// engines publish figures for: GPT-2 124M, BERT-base, Qwen2.5-0.5B.
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/base/parallel.h"
#include "ballast/base/random.h"
#include "ballast/engine/quantised.h"
#include "ballast/lm/arch/generating.h"
#include "ballast/lm/load.h"
#include "ballast/lm/train/trainer.h"
#include "bench_measurements.h"

namespace ballast::apps {
namespace {

using engine::MomentForm;
using engine::Precision;

constexpr int kSteps = 20;  // of training before allocations count; the arena has grown by then

/// What a token costs: weights of the layers' matrices, layers times width, and weights of the logits.
struct Arithmetic {
  double weights = 0, depth = 0, logits = 0;
};

struct NetworkCase {
  const char* name;
  const char* config;
  lm::Objective objective;
  std::int64_t batch, length;
  Arithmetic arithmetic;
};

constexpr const char* kGpt2 = R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 50257,
    "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "resid_pdrop": 0, "embd_pdrop": 0,
    "attn_pdrop": 0})";
constexpr const char* kSmallGpt2 = R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 16384,
    "n_embd": 256, "n_layer": 6, "n_head": 8, "n_positions": 256, "resid_pdrop": 0, "embd_pdrop": 0,
    "attn_pdrop": 0})";
constexpr const char* kSmallBert = R"({"model_type": "bert", "architectures": ["BertForMaskedLM"], "vocab_size": 9000,
    "hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 6, "intermediate_size": 768,
    "max_position_embeddings": 128, "type_vocab_size": 1})";
constexpr const char* kBert = R"({"model_type": "bert", "architectures": ["BertForMaskedLM"], "vocab_size": 30522,
    "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
    "max_position_embeddings": 512, "type_vocab_size": 2})";
constexpr const char* kQwen = R"({"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "vocab_size": 151936,
    "hidden_size": 896, "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
    "intermediate_size": 4864, "max_position_embeddings": 4096, "rope_theta": 1000000.0, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": true, "hidden_act": "silu"})";

constexpr Arithmetic gpt_arithmetic(double layers, double width, double words) {
  return {layers * 12 * width * width, layers * width, words * width};
}
constexpr Arithmetic kGpt2Arithmetic = gpt_arithmetic(12, 768, 50257), kBertArithmetic = gpt_arithmetic(12, 768, 0),
                     kSmallGpt2Arithmetic = gpt_arithmetic(6, 256, 16384),
                     kSmallBertArithmetic = gpt_arithmetic(4, 192, 9000),
                     // Two heads of keys and values for fourteen, and three matrices of 4,864 a layer.
    kQwenArithmetic = {24 * (2 * 896. * 896 + 2 * 896. * 128 + 3 * 896. * 4864), 24 * 896., 151936. * 896};

constexpr NetworkCase kSmall[] = {{"bert_4x192", kSmallBert, lm::Objective::masked_lm, 32, 64, kSmallBertArithmetic},
                                  {"gpt2_6x256", kSmallGpt2, lm::Objective::causal_lm, 4, 64, kSmallGpt2Arithmetic}};
constexpr NetworkCase kLonger = {"gpt2_6x256", kSmallGpt2,          lm::Objective::causal_lm, 8,
                                 256,          kSmallGpt2Arithmetic};  // trained only
constexpr NetworkCase kLarge[] = {{"gpt2_124m", kGpt2, lm::Objective::causal_lm, 4, 64, kGpt2Arithmetic},
                                  {"gpt2_124m", kGpt2, lm::Objective::causal_lm, 8, 256, kGpt2Arithmetic}};

lm::LoadedModel fresh_network(const NetworkCase& c) {
  return lm::create_model(lm::parse_config(base::parse_json(c.config, c.name), c.name), 42);
}

/// `lengths` in turn.
std::vector<lm::Example> random_examples(std::int64_t count, std::span<const std::int64_t> lengths,
                                         std::int64_t vocabulary) {
  base::Random random(7);
  std::vector<lm::Example> examples(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < examples.size(); ++i) {
    for (std::int64_t t = 0; t < lengths[i % lengths.size()]; ++t) {
      examples[i].ids.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocabulary))));
    }
  }
  return examples;
}

std::vector<lm::Example> examples_of(const NetworkCase& c, std::int64_t vocabulary) {
  const std::int64_t lengths[] = {c.length};
  return random_examples(c.batch, lengths, vocabulary);
}

/// GFLOP of a token's way through the layers, two a multiply-add; a causal network looks at half of the text on
/// average.
double layers_gflop(const NetworkCase& c, double length) {
  const double looked = c.objective == lm::Objective::causal_lm ? 2 : 4;
  return 1e-9 * (2 * c.arithmetic.weights + looked * length * c.arithmetic.depth);
}

/// The measurement with its share of what the machine's multiply-adds allow at so many GFLOP a unit.
Measurement limited(Measurement m, const BenchPlan& plan, Precision precision, double gflop) {
  const double most = plan.limits->gflops(precision, base::threads());
  if (most > 0) m.share = m.median * gflop / most;
  return m;
}

/// What a training step does without, and its part of the measurement's name.
struct Thrift {
  MomentForm moments = MomentForm::f32;
  bool checkpointing = false;
  const char* name = "";
};
constexpr Thrift kNoThrift{};
constexpr Thrift kThrifts[] = {{MomentForm::bytes, false, ".state8"},
                               {MomentForm::f32, true, ".checkpoint"},
                               {MomentForm::bytes, true, ".state8.checkpoint"}};

void bench_training(const BenchPlan& plan, const NetworkCase& c, Precision precision, const Thrift& thrift,
                    const MeasurementSink& sink) {
  const std::string name =
      fmt::format("train.{}.{}{}.b{}_t{}", c.name, engine::precision_name(precision), thrift.name, c.batch, c.length);
  const std::string allocations = name + ".allocations";
  if (!plan.wants(name) && !plan.wants(allocations)) return;
  const lm::LoadedModel model = fresh_network(c);
  model.network->set_checkpointing(thrift.checkpointing);
  const auto examples = examples_of(c, model.network->config().vocabulary);
  lm::TrainSettings settings;
  settings.objective = c.objective;
  settings.precision = precision;
  settings.adamw.moments = thrift.moments;
  settings.sampling.batch_size = c.batch;
  settings.steps = 1'000'000;  // more than anyone waits for
  settings.mask_token = 0;
  lm::Trainer trainer(*model.network, examples, settings);
  const double tokens = static_cast<double>(c.batch * c.length);
  const Measurement m = measure(name, "tokens/s", tokens, plan.pace, [&] { trainer.step(); });
  // Of a masked network the logits of the hidden tokens alone are made, a number that changes: no share.
  const double gflop = 3 * (layers_gflop(c, static_cast<double>(c.length)) + 2e-9 * c.arithmetic.logits);
  sink(c.objective == lm::Objective::causal_lm ? limited(m, plan, precision, gflop) : m);
  if (plan.large) return;  // a step takes seconds; the small networks tell about allocations
  while (trainer.step_count() < kSteps) trainer.step();
  const std::int64_t before = trainer.arena().system_allocations();
  for (int i = 0; i < 3; ++i) trainer.step();
  const auto made = static_cast<double>(trainer.arena().system_allocations() - before) / 3;
  sink({allocations, "a step", made, made, made, 3});
}

/// A pass over a batch, in tokens or sequences a second.
void bench_forward(const BenchPlan& plan, const std::string& name, const NetworkCase& c,
                   const std::vector<lm::Example>& examples, Precision precision, const char* unit,
                   const MeasurementSink& sink) {
  if (!plan.wants(name)) return;
  const lm::LoadedModel model = fresh_network(c);
  model.network->pack(precision);
  text::TokenBatch batch;
  for (const lm::Example& e : examples) batch.add(e.ids);
  const std::int64_t amount = std::string_view(unit) == "tokens/s" ? batch.tokens() : batch.sequences();
  engine::Arena arena;
  const Measurement m = measure(name, unit, static_cast<double>(amount), plan.pace, [&] {
    arena.reset();
    engine::Tape tape(arena, false, precision);
    model.network->encode(tape, batch);
  });
  double gflop = 0;
  for (const lm::Example& e : examples) {
    const auto length = static_cast<double>(e.ids.size());
    gflop += length * layers_gflop(c, length);
  }
  sink(limited(m, plan, precision, gflop / static_cast<double>(amount)));
}

std::string forward_name(const char* what, const NetworkCase& c, Precision precision) {
  return fmt::format("{}.{}.{}.b{}_t{}", what, c.name, engine::precision_name(precision), c.batch, c.length);
}

/// The measurement of a step that writes one token of each of `texts`, with its share of what the machine allows: a
/// step reads the weights once and multiplies them for every text.
Measurement limited_step(Measurement m, const BenchPlan& plan, const NetworkCase& c, Precision precision,
                         double texts) {
  const double bytes = precision == Precision::f32    ? 4
                       : precision == Precision::bf16 ? 2
                       : precision == Precision::q8   ? 34. / 32
                                                      : 18. / 32;
  const double weights = 1e-9 * (c.arithmetic.weights + c.arithmetic.logits);
  const double flops = plan.limits->gflops(precision, base::threads()),
               memory = plan.limits->memory_gb(base::threads());
  if (flops > 0) m.share = m.median / texts * std::max(weights * bytes / memory, 2 * weights * texts / flops);
  return m;
}

/// The prompt at once, and one new token of each of several texts.
void bench_generating(const BenchPlan& plan, const NetworkCase& c, Precision precision, const MeasurementSink& sink) {
  constexpr std::int64_t kPrompt = 512, kRead = 16;  // tokens of the long prompt, and of those that are continued
  constexpr std::int64_t kSequences[] = {1, 8, 32};
  const auto name = [&](const std::string& what, const std::string& size) {
    return fmt::format("{}.{}.{}.{}", what, c.name, engine::precision_name(precision), size);
  };
  const std::string prefill = name("prefill", fmt::format("t{}", kPrompt));
  bool wanted = plan.wants(prefill);
  for (const std::int64_t n : kSequences) wanted = wanted || plan.wants(name("decode", fmt::format("b{}", n)));
  if (!wanted) return;
  const lm::LoadedModel model = fresh_network(c);
  model.network->pack(precision);
  auto& network = static_cast<lm::GeneratingNetwork&>(*model.network);
  const auto examples = examples_of(c, network.config().vocabulary);
  engine::Arena arena;
  if (plan.wants(prefill)) {
    const Measurement m = measure(prefill, "tokens/s", static_cast<double>(kPrompt), plan.pace, [&] {
      arena.reset();
      engine::Tape tape(arena, false, precision);
      lm::KeyValueCache cache = network.make_cache();
      network.language_logits(tape, network.prefill(tape, examples[0].ids, cache));
    });
    sink(limited(m, plan, precision, layers_gflop(c, kPrompt)));
  }
  for (const std::int64_t n : kSequences) {
    const std::string decode = name("decode", fmt::format("b{}", n));
    if (!plan.wants(decode)) continue;
    std::vector<lm::KeyValueCache> caches;
    for (std::int64_t i = 0; i < n; ++i) caches.push_back(network.make_cache());
    std::vector<lm::GeneratingNetwork::Next> next;
    for (std::size_t i = 0; i < caches.size(); ++i) {
      arena.reset();
      engine::Tape tape(arena, false, precision);
      network.prefill(tape, std::span(examples[i].ids).first(kRead), caches[i]);
      next.push_back({&caches[i], examples[i].ids[kRead]});
    }
    const Measurement m = measure(decode, "tokens/s", static_cast<double>(n), plan.pace, [&] {
      arena.reset();
      engine::Tape tape(arena, false, precision);
      network.language_logits(tape, network.decode(tape, next));
    });
    sink(limited_step(m, plan, c, precision, static_cast<double>(n)));
  }
}

void bench_large(const BenchPlan& plan, const MeasurementSink& sink) {
  for (const NetworkCase& c : kLarge) {
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      bench_training(plan, c, precision, kNoThrift, sink);
    }
    for (const Thrift& thrift : kThrifts) bench_training(plan, c, Precision::f32, thrift, sink);
  }
  constexpr std::int64_t kWords = 30522, kScored = 128;
  for (const std::int64_t batch : {1, 32}) {
    const NetworkCase c{"bert_base", kBert, lm::Objective::masked_lm, batch, kScored, kBertArithmetic};
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
      bench_forward(plan, forward_name("score", c, precision), c, examples_of(c, kWords), precision, "sequences/s",
                    sink);
    }
  }
  // The lengths of 16 headlines; nothing is padded.
  constexpr std::int64_t kHeadlines[] = {12, 31, 9, 18, 24, 7, 15, 46, 21, 13, 28, 10, 17, 35, 11, 20};
  const NetworkCase c{"bert_base", kBert, lm::Objective::masked_lm, 32, kScored, kBertArithmetic};
  bench_forward(plan, "score.bert_base.f32.headlines", c, random_examples(c.batch, kHeadlines, kWords), Precision::f32,
                "sequences/s", sink);
  const NetworkCase writers[] = {{"gpt2_124m", kGpt2, lm::Objective::causal_lm, 32, 512, kGpt2Arithmetic},
                                 {"qwen2_0.5b", kQwen, lm::Objective::causal_lm, 32, 512, kQwenArithmetic}};
  for (const NetworkCase& writer : writers) {
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::q8, Precision::q4}) {
      if (precision == Precision::f32 && &writer != writers) continue;  // nobody reads or writes so with half a billion
      bench_generating(plan, writer, precision, sink);
    }
  }
}

}  // namespace

void bench_networks(const BenchPlan& plan, const MeasurementSink& sink) {
  if (plan.large) return bench_large(plan, sink);
  constexpr std::int64_t kWords = 9000;  // of the smaller vocabulary
  for (const NetworkCase& c : kSmall) {
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      bench_training(plan, c, precision, kNoThrift, sink);
    }
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
      bench_forward(plan, forward_name("forward", c, precision), c, examples_of(c, kWords), precision, "tokens/s",
                    sink);
    }
  }
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    bench_training(plan, kLonger, precision, kNoThrift, sink);
  }
}

}  // namespace ballast::apps
