// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/generate/batch.h"

#include <algorithm>

#include "ballast/base/error.h"

namespace ballast::lm {
namespace {

constexpr std::size_t kMostTexts = 32;                             // that grow at once
constexpr std::size_t kBeginnings = 16;                            // prompts whose pages are kept
constexpr std::int64_t kBeginningBytes = std::int64_t{256} << 20;  // of all of them, shared pages counted twice
constexpr std::size_t kWorthSharing = 16;                          // tokens

}  // namespace

Generation Batch::grow(std::span<const std::int32_t> prompt, const GenerateOptions& options, const DecodeOptions& how) {
  Text text{Run(network_, prompt, options, how), network_.make_cache(), false, false, nullptr};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&text);
  while (!text.done) {
    if (led_) {
      news_.wait(lock);
      continue;
    }
    // Somebody has to do the steps: this thread, until its own text is finished.
    led_ = true;
    while (!text.done) {
      std::vector<Text*> fresh;
      while (!waiting_.empty() && growing_.size() + fresh.size() < kMostTexts) {
        fresh.push_back(waiting_.front());
        waiting_.pop_front();
      }
      std::vector<Text*> growing = growing_;
      lock.unlock();
      step(fresh, growing);
      lock.lock();
      growing.insert(growing.end(), fresh.begin(), fresh.end());
      growing_.clear();
      for (Text* t : growing) {
        t->done = t->finished;
        if (!t->done) growing_.push_back(t);
      }
      news_.notify_all();
    }
    led_ = false;
    news_.notify_all();
  }
  lock.unlock();
  if (text.error) std::rethrow_exception(text.error);
  return std::move(text.run.result());
}

void Batch::alone(const std::function<void()>& work) {
  std::unique_lock lock(mutex_);
  news_.wait(lock, [&] { return !led_ && growing_.empty(); });
  led_ = true;
  lock.unlock();
  std::exception_ptr error;
  try {
    work();
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  led_ = false;
  news_.notify_all();
  lock.unlock();
  if (error) std::rethrow_exception(error);
}

/// Reads the prompts of fresh texts and one token of each of the others.
void Batch::step(std::vector<Text*>& fresh, std::vector<Text*>& growing) {
  const auto fail = [](std::vector<Text*>& texts, const std::exception_ptr& error) {
    for (Text* text : texts) {
      if (text->finished) continue;
      text->error = error;
      text->finished = true;
    }
  };
  for (Text* text : fresh) {
    try {
      read_prompt(*text);
    } catch (...) {
      text->error = std::current_exception();
      text->finished = true;
    }
  }
  try {
    if (!growing.empty()) read_next(growing);
  } catch (...) {
    fail(growing, std::current_exception());
  }
}

void Batch::take(Text& text, std::span<float> logits) {
  try {
    if (!text.run.take(logits, network_.config().positions - text.cache.length())) text.finished = true;
  } catch (...) {  // of the text's own callback
    text.error = std::current_exception();
    text.finished = true;
  }
}

void Batch::read_prompt(Text& text) {
  arena_.reset();
  engine::Tape tape(arena_, false);
  const std::vector<std::int32_t>& prompt = text.run.prompt();
  const std::size_t shared = share_beginning(text);
  engine::Value hidden;
  if (shared == 0) {
    hidden = network_.prefill(tape, prompt, text.cache);
  } else {
    std::vector<GeneratingNetwork::Next> rows;
    for (std::size_t i = shared; i < prompt.size(); ++i) rows.push_back({&text.cache, prompt[i]});
    const engine::Value all = network_.decode(tape, rows);
    hidden = {all.data + (all.rows - 1) * all.cols, nullptr, 1, all.cols};
  }
  remember(text);
  const engine::Value logits = network_.language_logits(tape, hidden);
  take(text, {logits.data, static_cast<std::size_t>(logits.cols)});
}

void Batch::read_next(std::vector<Text*>& texts) {
  arena_.reset();
  engine::Tape tape(arena_, false);
  std::vector<GeneratingNetwork::Next> rows;
  for (Text* text : texts) rows.push_back({&text->cache, text->run.last()});
  const engine::Value logits = network_.language_logits(tape, network_.decode(tape, rows));
  for (std::size_t r = 0; r < texts.size(); ++r) {
    take(*texts[r], {logits.data + static_cast<std::int64_t>(r) * logits.cols, static_cast<std::size_t>(logits.cols)});
  }
}

/// Takes over the pages of the earlier prompt that begins most alike; returns the tokens it saves. The last token of
/// the prompt is always read, since its hidden state predicts the first new one.
std::size_t Batch::share_beginning(Text& text) {
  if (network_.config().is_seq2seq()) return 0;
  const std::vector<std::int32_t>& prompt = text.run.prompt();
  std::size_t best = 0;
  std::list<Beginning>::iterator from = beginnings_.end();
  for (auto b = beginnings_.begin(); b != beginnings_.end(); ++b) {
    const std::size_t most = std::min(b->ids.size(), prompt.size() - 1);
    const auto [end, other] =
        std::mismatch(prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(most), b->ids.begin());
    const auto same = static_cast<std::size_t>(end - prompt.begin());
    if (same > best) best = same, from = b;
  }
  if (best < kWorthSharing) return 0;
  text.cache = from->cache;
  text.cache.advance(static_cast<std::int64_t>(best) - text.cache.length());
  beginnings_.splice(beginnings_.begin(), beginnings_, from);
  shared_tokens_ += static_cast<std::int64_t>(best);
  return best;
}

void Batch::remember(const Text& text) {
  const std::vector<std::int32_t>& prompt = text.run.prompt();
  if (network_.config().is_seq2seq() || prompt.size() < kWorthSharing) return;
  for (auto b = beginnings_.begin(); b != beginnings_.end(); ++b) {
    if (b->ids != prompt) continue;
    beginnings_.splice(beginnings_.begin(), beginnings_, b);
    return;
  }
  beginnings_.push_front({prompt, text.cache});
  std::int64_t bytes = 0;
  std::size_t count = 0;
  for (auto b = beginnings_.begin(); b != beginnings_.end();) {
    bytes += b->cache.bytes();
    b = ++count > kBeginnings || (bytes > kBeginningBytes && count > 1) ? beginnings_.erase(b) : std::next(b);
  }
}

}  // namespace ballast::lm
