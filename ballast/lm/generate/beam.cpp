// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/generate/beam.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/lm/generate/filters.h"

namespace ballast::lm {
namespace {

struct Beam {
  KeyValueCache cache;
  std::vector<std::int32_t> ids;  // new tokens
  std::vector<double> logprobs;   // of them
  double sum = 0;                 // of logprobs
};

/// One beam and the token that may follow it.
struct Candidate {
  std::size_t beam = 0;
  std::int32_t id = 0;
  double sum = 0, logprob = 0;
};

/// The finished texts worth keeping.
class Finished {
 public:
  explicit Finished(const GenerateOptions& options) : options_(options) {}

  double score(double sum, std::size_t length) const {
    return sum / std::pow(static_cast<double>(length), options_.length_penalty);
  }

  /// `length` counts an end token.
  void add(Generation text, double sum, std::size_t length) {
    text.score = score(sum, length);
    if (full() && text.score <= texts_.back().score) return;
    // Behind its equals: of two with one score the first found stays in front.
    const auto at = std::upper_bound(texts_.begin(), texts_.end(), text.score,
                                     [](double s, const Generation& g) { return s > g.score; });
    texts_.insert(at, std::move(text));
    if (texts_.size() > beams()) texts_.pop_back();
  }

  bool full() const { return texts_.size() >= beams(); }
  /// No text still open, of which the best has `sum` over `length` tokens, can enter.
  bool closed_to(double sum, std::size_t length) const {
    return full() && (options_.early_stopping || texts_.back().score >= score(sum, length));
  }
  std::vector<Generation>& texts() { return texts_; }

 private:
  std::size_t beams() const { return static_cast<std::size_t>(options_.beams); }
  const GenerateOptions& options_;
  std::vector<Generation> texts_;  // best first
};

class Search {
 public:
  Search(GeneratingNetwork& network, std::span<const std::int32_t> prompt, const GenerateOptions& options,
         const DecodeOptions& how)
      : network_(network), prompt_(prompt), options_(options), finished_(options) {
    limit_ = how.vocabulary > 0 ? how.vocabulary : network.config().vocabulary;
    check_prompt(network, limit_, prompt);
    seen_ = seen_before(network, prompt, how);
  }

  std::vector<Generation> run() {
    bool done = false;
    FinishReason reason = FinishReason::length;
    for (std::int64_t step = 0; step < options_.max_new_tokens && !done; ++step) {
      if (step > 0 && beams_.front().cache.length() >= network_.config().positions) {
        reason = FinishReason::positions;
        break;
      }
      done = keep_best(continuations());
    }
    for (Beam& beam : beams_) {
      if (done) break;
      const double sum = beam.sum;
      const std::size_t length = beam.ids.size();
      finished_.add({std::move(beam.ids), std::move(beam.logprobs), "", reason}, sum, length);
    }
    return std::move(finished_.texts());
  }

 private:
  /// Logits after every beam [beams, vocabulary]; before the first step the prompt's.
  engine::Value read(engine::Tape& tape) {
    if (beams_.empty()) {
      beams_.push_back({network_.make_cache(), {}, {}, 0});
      return network_.language_logits(tape, network_.prefill(tape, prompt_, beams_.front().cache));
    }
    std::vector<GeneratingNetwork::Next> rows;
    for (Beam& beam : beams_) rows.push_back({&beam.cache, beam.ids.back()});
    return network_.language_logits(tape, network_.decode(tape, rows));
  }

  /// The likeliest continuations, best first: enough that `beams` of them do not end the text.
  std::vector<Candidate> continuations() {
    arena_.reset();
    engine::Tape tape(arena_, false);
    const engine::Value logits = read(tape);
    std::vector<Candidate> all;
    for (std::size_t b = 0; b < beams_.size(); ++b) {
      const std::span<float> row(logits.data + static_cast<std::int64_t>(b) * logits.cols,
                                 static_cast<std::size_t>(std::min(limit_, logits.cols)));
      engine::log_softmax_row(row.data(), static_cast<std::int64_t>(row.size()));
      std::vector<std::int32_t> seen = seen_;
      seen.insert(seen.end(), beams_[b].ids.begin(), beams_[b].ids.end());
      constrain(row, seen, static_cast<std::int64_t>(beams_[b].ids.size()), options_);
      for (std::size_t id = 0; id < row.size(); ++id) {
        if (std::isinf(row[id])) continue;
        all.push_back({b, static_cast<std::int32_t>(id), beams_[b].sum + row[id], row[id]});
      }
    }
    const std::size_t wanted = std::max<std::size_t>(2, 1 + options_.eos->size()) * width();
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(wanted, all.size()));
    std::partial_sort(all.begin(), end, all.end(), [](const Candidate& x, const Candidate& y) {
      if (x.sum != y.sum) return x.sum > y.sum;
      return x.beam != y.beam ? x.beam < y.beam : x.id < y.id;
    });
    all.erase(end, all.end());
    return all;
  }

  /// Sorts candidates into the next beams and finished texts; true where the search is over.
  bool keep_best(const std::vector<Candidate>& candidates) {
    std::vector<Beam> next;
    const std::size_t length = beams_.front().ids.size() + 1;
    for (std::size_t rank = 0; rank < candidates.size() && next.size() < width(); ++rank) {
      const Candidate& c = candidates[rank];
      Beam beam = beams_[c.beam];  // its pages are shared until one writes
      beam.ids.push_back(c.id);
      beam.logprobs.push_back(c.logprob);
      beam.sum = c.sum;
      if (std::find(options_.eos->begin(), options_.eos->end(), c.id) == options_.eos->end()) {
        next.push_back(std::move(beam));
      } else if (rank < width()) {  // an end below the best `beams` is no candidate
        finished_.add({std::move(beam.ids), std::move(beam.logprobs), "", FinishReason::eos}, c.sum, length);
      }
    }
    beams_ = std::move(next);
    return beams_.empty() || finished_.closed_to(candidates.front().sum, length);
  }

  std::size_t width() const { return static_cast<std::size_t>(options_.beams); }

  GeneratingNetwork& network_;
  std::span<const std::int32_t> prompt_;
  const GenerateOptions& options_;
  std::int64_t limit_ = 0;
  std::vector<std::int32_t> seen_;
  std::vector<Beam> beams_;
  Finished finished_;
  engine::Arena arena_;
};

}  // namespace

std::vector<Generation> beam_search(GeneratingNetwork& network, std::span<const std::int32_t> prompt,
                                    const GenerateOptions& options, const DecodeOptions& how) {
  check(options);
  BALLAST_CHECK(options.eos.has_value(), prompt.size());
  return Search(network, prompt, options, how).run();
}

}  // namespace ballast::lm
