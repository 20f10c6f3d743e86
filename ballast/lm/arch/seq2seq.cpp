// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/arch/seq2seq.h"

#include <algorithm>
#include <new>
#include <type_traits>

#include "ballast/base/error.h"

namespace ballast::lm {

using engine::Tape;
using engine::Value;

std::int64_t longest_sequence(const text::TokenBatch& batch) {
  std::int64_t longest = 1;
  for (std::size_t s = 0; s + 1 < batch.offsets.size(); ++s) {
    longest = std::max<std::int64_t>(longest, batch.offsets[s + 1] - batch.offsets[s]);
  }
  return longest;
}

engine::AttentionOptions Seq2SeqNetwork::cross_options() const {
  engine::AttentionOptions options = attention_options();
  options.mask = engine::AttentionMask::bidirectional;
  if (config_.type == ModelType::t5) options.scale = 1;
  return options;
}

Value Seq2SeqNetwork::attend_source(Tape& tape, const Capture::Attention& in, const text::TokenBatch& batch,
                                    Capture* capture) {
  if (capture != nullptr) capture->attentions.push_back(in);
  return engine::attention(tape, in.q, in.k, in.v, batch.offsets, batch.offsets,
                           encoder_options(longest_sequence(batch)));
}

Value Seq2SeqNetwork::decode_targets(Tape& tape, Value memory, const text::TokenBatch& source,
                                     const text::TokenBatch& target, DecoderCapture* capture) {
  BALLAST_CHECK(source.sequences() == target.sequences(), target.sequences());
  static_assert(std::is_trivially_destructible_v<Reading>, "the arena runs no destructors");
  const Reading& reading = *new (tape.arena().allocate(sizeof(Reading))) Reading{
      memory, &source, &target, decoder_options(longest_sequence(target)), cross_options()};
  const auto self = [&](std::size_t, const Capture::Attention& in, Value& y) {
    y = attend_targets(tape, reading, in, capture);
  };
  const auto cross = [&](std::size_t layer, Value q, Value& y) { y = attend_memory(tape, reading, layer, q, capture); };
  reading_ = &reading;
  const Value hidden = run_decoder(tape, target.ids, target.positions, self, cross, capture);
  reading_ = nullptr;
  return hidden;
}

Value Seq2SeqNetwork::attend_targets(Tape& tape, const Reading& reading, const Capture::Attention& in,
                                     DecoderCapture* capture) {
  if (capture != nullptr) capture->self.push_back(in);
  const auto& offsets = reading.target->offsets;
  return engine::attention(tape, in.q, in.k, in.v, offsets, offsets, reading.own);
}

Value Seq2SeqNetwork::attend_memory(Tape& tape, const Reading& reading, std::size_t layer, Value q,
                                    DecoderCapture* capture) {
  const Memory read = memory_keys(tape, layer, reading.memory);
  if (capture != nullptr) capture->cross.push_back({{q}, {read.k}, {read.v}});
  return engine::attention(tape, {q}, {read.k}, {read.v}, reading.target->offsets, reading.source->offsets,
                           reading.other);
}

std::vector<std::int32_t> Seq2SeqNetwork::shifted_right(std::span<const std::int32_t> labels) const {
  std::vector<std::int32_t> ids = {static_cast<std::int32_t>(config_.seq2seq.start_token)};
  for (std::size_t t = 0; t + 1 < labels.size(); ++t) {
    ids.push_back(labels[t] >= 0 ? labels[t] : static_cast<std::int32_t>(std::max<std::int64_t>(0, config_.pad_token)));
  }
  return ids;
}

Value Seq2SeqNetwork::prefill(Tape& tape, std::span<const std::int32_t> source, KeyValueCache& cache) {
  BALLAST_CHECK(cache.length() == 0, cache.length());
  text::TokenBatch batch;
  batch.add(source);
  const Value memory = encode(tape, batch);
  KeyValueCache keys = make_cache();
  for (std::int64_t layer = 0; layer < config_.seq2seq.decoder_layers; ++layer) {
    const Memory read = memory_keys(tape, static_cast<std::size_t>(layer), memory);
    keys.write(static_cast<std::size_t>(layer), {read.k}, {read.v}, 0, batch.tokens(), 0);
  }
  keys.advance(batch.tokens());
  cache.set_memory(std::make_shared<const KeyValueCache>(std::move(keys)));
  const Next first{&cache, static_cast<std::int32_t>(config_.seq2seq.start_token)};
  return decode(tape, {&first, 1});
}

Value Seq2SeqNetwork::decode(Tape& tape, std::span<const Next> rows) {
  const Step step = step_of(rows);
  const engine::AttentionOptions own = decoder_options(step.longest), other = cross_options();
  const auto self = [&](std::size_t layer, const Capture::Attention& in, Value& y) {
    y = attend_to_caches(tape, rows, step, layer, in, own);
  };
  const auto cross = [&](std::size_t layer, Value q, Value& y) {
    std::vector<engine::CachedKeys> views;
    for (const Next& row : rows) {
      const KeyValueCache* memory = row.cache->memory();
      BALLAST_CHECK(memory != nullptr, layer);
      views.push_back(memory->view(layer, memory->length()));
    }
    y = engine::attend_cached(tape, {q}, views, other);
  };
  const Value hidden = run_decoder(tape, step.ids, step.positions, self, cross, nullptr);
  for (const Next& row : rows) row.cache->advance(1);
  return hidden;
}

Value Seq2SeqNetwork::classify(Tape&, Value hidden, const text::TokenBatch&) {
  BALLAST_CHECK(false, hidden.rows);
  return hidden;
}

}  // namespace ballast::lm
