// SPDX-License-Identifier: Apache-2.0
// ballast bench: texts. Tokenizers, and scanning from a text to a stored signal, held against what the model's
// arithmetic alone would allow.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/base/parallel.h"
#include "ballast/engine/gemm.h"
#include "ballast/ingest/document.h"
#include "ballast/lm/classifier.h"
#include "ballast/lm/config.h"
#include "ballast/risk/scan.h"
#include "ballast/store/store.h"
#include "ballast/text/tokenizer.h"
#include "bench_measurements.h"
#include "demo_feed.h"

namespace ballast::apps {
namespace {

constexpr std::size_t kScannedTexts = 1024;  // at least so many a repetition, so that batches are of a usual size
constexpr std::size_t kStreamedTexts = 400;

/// The texts of the demonstration's feed, without their columns.
std::vector<std::string> feed_texts() {
  std::vector<std::string> texts;
  const std::string_view feed = demo_feed();
  for (std::size_t at = feed.find('\n') + 1; at < feed.size(); at = feed.find('\n', at) + 1) {
    const std::string_view row = feed.substr(at, feed.find('\n', at) - at);
    const std::size_t text = row.find(',', row.find(',') + 1) + 1;
    if (text < row.size()) texts.emplace_back(row.substr(text));
  }
  return texts;
}

std::vector<std::string> texts_of(const BenchPlan& plan) {
  if (plan.texts.empty()) return feed_texts();
  std::ifstream in(plan.texts);
  if (!in) throw base::Error(base::ErrorCode::not_found, "cannot be read", plan.texts.string());
  std::vector<std::string> texts;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) texts.push_back(std::move(line));
  }
  if (texts.empty()) throw base::Error(base::ErrorCode::bad_input, "holds no line", plan.texts.string());
  return texts;
}

/// A database file that goes when this does.
class PassingStore {
 public:
  explicit PassingStore(int number)
      : path_(std::filesystem::temp_directory_path() / fmt::format("ballast_bench_{}_{}.db", ::getpid(), number)) {}
  ~PassingStore() {
    std::error_code ignored;
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_.string() + end, ignored);
  }
  PassingStore(const PassingStore&) = delete;
  PassingStore& operator=(const PassingStore&) = delete;
  std::string url() const { return "sqlite:" + path_.string(); }

 private:
  std::filesystem::path path_;
};

ingest::Document document_of(const std::string& text, std::size_t number) {
  ingest::Document document;
  document.text = text;
  document.id = fmt::format("{}-{}", ingest::text_id(text), number);
  document.source = "bench";
  return document;
}

/// Multiplications and additions of one text's pass through an encoder: its layers' products and attention, for all
/// tokens, whatever the engine leaves out.
double flops_of(const lm::ModelConfig& c, double tokens) {
  const auto d = static_cast<double>(c.width), inner = static_cast<double>(c.inner);
  return static_cast<double>(c.layers) * (2 * tokens * (4 * d * d + 2 * d * inner) + 4 * tokens * tokens * d);
}

/// GFLOP/s of a large packed f32 product on all threads: what this machine gives.
double product_peak(double seconds) {
  constexpr std::int64_t kM = 1024, kN = 768, kK = 768;
  const std::vector<float> a(static_cast<std::size_t>(kM * kK), 0.5f), b(static_cast<std::size_t>(kK * kN), 0.25f);
  std::vector<float> c(static_cast<std::size_t>(kM * kN));
  const engine::PackedMatrix packed({b.data(), kN, false}, kK, kN, engine::Precision::f32);
  return measure("", "", 2e-9 * static_cast<double>(kM * kN * kK), {.seconds = seconds},
                 [&] {
                   engine::gemm(kM, {a.data(), kK, false}, packed, c.data(), kN, false);
                 })
      .high;
}

/// What `texts` cost by arithmetic alone: documents for an operation.
double documents_of_operation(const BenchPlan& plan, const lm::TextClassifier& model,
                              const std::vector<std::string>& texts) {
  const lm::ModelConfig config = lm::parse_config(base::read_json(plan.model / "config.json"), plan.model.string());
  double flops = 0;
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  for (const lm::Prediction& p : model.predict(views)) flops += flops_of(config, static_cast<double>(p.tokens));
  return static_cast<double>(texts.size()) / flops;
}

/// Scans again and again. The limit is measured between the scans, so that a machine whose speed drifts is held against
/// what it could do at that moment.
void measure_scan(const BenchPlan& plan, const lm::TextClassifier& model, const risk::Scorer& scorer,
                  const std::vector<std::string>& texts, const MeasurementSink& sink) {
  constexpr std::size_t kLeast = 5;
  constexpr double kPeakSeconds = 0.3;
  const std::size_t count = std::max(texts.size(), (kScannedTexts + texts.size() - 1) / texts.size() * texts.size());
  int number = 0;
  const auto scan_all = [&] {
    const PassingStore file(number++);
    store::Store store = store::Store::open(file.url());
    risk::Scan scan(store, scorer, {}, [](const risk::Scanned&) {});
    for (std::size_t i = 0; i < count; ++i) scan.add(document_of(texts[i % texts.size()], i));
    scan.finish();
  };
  if (plan.pace.turns)
    return sink(measure("scan.documents", "documents/s", static_cast<double>(count), plan.pace, scan_all));
  scan_all();
  const double documents = 1e9 * documents_of_operation(plan, model, texts);
  std::vector<double> rates, limits, shares;
  const base::Stopwatch all;
  double before = documents * product_peak(kPeakSeconds);
  while (rates.size() < kLeast || all.seconds() < plan.pace.seconds) {
    const base::Stopwatch one;
    scan_all();
    rates.push_back(static_cast<double>(count) / one.seconds());
    const double after = documents * product_peak(kPeakSeconds);
    limits.push_back((before + after) / 2);
    shares.push_back(100 * rates.back() / limits.back());
    before = after;
  }
  sink(summary("scan.documents", "documents/s", rates));
  sink(summary("scan.arithmetic_limit", "documents/s", limits));
  sink(summary("scan.share_of_limit", "%", shares));
}

/// Milliseconds from a headline to its stored signals, one headline at a time.
void measure_stream(const risk::Scorer& scorer, const std::vector<std::string>& texts, const MeasurementSink& sink) {
  const PassingStore file(-1);
  store::Store store = store::Store::open(file.url());
  risk::Scan scan(store, scorer, {}, [](const risk::Scanned&) {});
  std::vector<double> took;
  for (std::size_t i = 0; i < kStreamedTexts + 10; ++i) {
    const base::Stopwatch watch;
    scan.add(document_of(texts[i % texts.size()], i));
    scan.finish();
    if (i >= 10) took.push_back(1e3 * watch.seconds());  // the first ones warm up
  }
  std::sort(took.begin(), took.end());
  for (const auto& [name, percent] :
       {std::pair<const char*, std::size_t>("scan.streamed_p50", 50), {"scan.streamed_p99", 99}}) {
    sink({name, "ms", took[took.size() * percent / 100], took.front(), took.back(), static_cast<int>(took.size())});
  }
}

}  // namespace

void bench_tokenizer(const BenchPlan& plan, const MeasurementSink& sink) {
  const std::string name = "tokenizer.encode";
  if (plan.tokenizer.empty() || !plan.wants(name)) return;
  const text::Tokenizer tokenizer = text::Tokenizer::load(plan.tokenizer);
  const std::vector<std::string> given = texts_of(plan);
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  while (bytes < 500'000) {
    for (const std::string& text : given) {
      bytes += text.size();
      texts.push_back(text);
    }
  }
  sink(measure(name, "MB/s", 1e-6 * static_cast<double>(bytes), plan.pace, [&] {
    base::parallel_for(static_cast<std::int64_t>(texts.size()),
                       [&](std::int64_t i) { tokenizer.encode(texts[static_cast<std::size_t>(i)]); });
  }));
}

void bench_scan(const BenchPlan& plan, const MeasurementSink& sink) {
  if (plan.model.empty()) return;
  const bool scan =
      plan.wants("scan.documents") || plan.wants("scan.arithmetic_limit") || plan.wants("scan.share_of_limit");
  const bool stream = plan.wants("scan.streamed_p50") || plan.wants("scan.streamed_p99");
  if (!scan && !stream) return;
  const auto model = std::make_shared<const lm::TextClassifier>(lm::TextClassifier::load(plan.model));
  const risk::Scorer scorer = risk::make_scorer(model);
  const std::vector<std::string> texts = texts_of(plan);
  if (scan) measure_scan(plan, *model, scorer, texts, sink);
  if (stream) measure_stream(scorer, texts, sink);
}

}  // namespace ballast::apps
