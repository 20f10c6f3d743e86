// SPDX-License-Identifier: Apache-2.0
#include "ballast/lm/token_input.h"

#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/engine/loss.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;

void check_range(const std::vector<std::int64_t>& values, std::int64_t limit, const std::string& what,
                 const std::string& where, std::int64_t least = 0) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] >= least && values[i] < limit) continue;
    throw Error(ErrorCode::bad_input,
                what + "[" + std::to_string(i) + "] is " + std::to_string(values[i]) + ", expected 0 … " +
                    std::to_string(limit - 1),
                where);
  }
}

std::vector<std::int64_t> read_plane(const SafetensorsFile& file, const std::string& name,
                                     const std::vector<std::int64_t>& shape, const char* like = "input_ids") {
  const auto& tensors = file.tensors();
  const auto it = std::find_if(tensors.begin(), tensors.end(), [&](const TensorInfo& t) { return t.name == name; });
  if (it == tensors.end()) return {};
  if (it->shape != shape) {
    throw Error(ErrorCode::bad_input, "tensor \"" + name + "\" has shape " + it->shape_text() + ", unlike " + like,
                file.path().string());
  }
  std::vector<std::int64_t> values(static_cast<std::size_t>(it->count()));
  file.read_i64(name, values);
  return values;
}

void check_label_shape(const TensorInfo& t, std::vector<std::int64_t> expected, const std::string& where) {
  if (t.shape == expected) return;
  TensorInfo asked;
  asked.shape = std::move(expected);
  throw Error(ErrorCode::bad_input,
              "tensor \"labels\" has shape " + t.shape_text() + ", the model needs " + asked.shape_text(), where);
}

/// f32 [B, labels] for multi-label tasks, integers [B] for one class a sequence, integers [B, T] for language models.
void read_labels(const SafetensorsFile& file, const ModelConfig& config, TokenInput& in) {
  if (!file.has("labels")) return;
  const TensorInfo& t = file.info("labels");
  const std::string where = file.path().string();
  const auto outputs = static_cast<std::int64_t>(config.labels.size());
  if (config.head == HeadType::classification && t.dtype == DType::f32) {
    check_label_shape(t, {in.batch, outputs}, where);
    in.targets.resize(static_cast<std::size_t>(t.count()));
    file.read_f32(t.name, in.targets);
    return;
  }
  in.labels_per_token = config.head != HeadType::classification;
  if (config.is_seq2seq()) {
    if (t.shape.size() != 2 || t.shape[0] != in.batch || t.shape[1] == 0)
      check_label_shape(t, {in.batch, in.length}, where);
    in.decoder_length = t.shape[1];
  } else {
    check_label_shape(t, in.labels_per_token ? std::vector{in.batch, in.length} : std::vector{in.batch}, where);
  }
  in.labels.resize(static_cast<std::size_t>(t.count()));
  file.read_i64(t.name, in.labels);
  const std::int64_t limit = in.labels_per_token ? config.vocabulary : outputs;
  for (std::size_t i = 0; i < in.labels.size(); ++i) {
    if (in.labels[i] == engine::kIgnore || (in.labels[i] >= 0 && in.labels[i] < limit)) continue;
    throw Error(ErrorCode::bad_input,
                "labels[" + std::to_string(i) + "] is " + std::to_string(in.labels[i]) + ", expected 0 … " +
                    std::to_string(limit - 1) + " or -100",
                where);
  }
}

/// decoder_input_ids and their mask; without them the labels behind the start token, what is ignored as padding.
void read_decoder(const SafetensorsFile& file, const ModelConfig& config, TokenInput& in) {
  const std::string where = file.path().string();
  if (file.has("decoder_input_ids")) {
    const TensorInfo& t = file.info("decoder_input_ids");
    const bool fits = t.shape.size() == 2 && t.shape[0] == in.batch && t.shape[1] > 0 &&
                      (in.decoder_length == 0 || t.shape[1] == in.decoder_length);
    if (!fits) {
      throw Error(ErrorCode::bad_input,
                  "tensor \"decoder_input_ids\" has shape " + t.shape_text() + ", unlike input_ids or labels", where);
    }
    in.decoder_length = t.shape[1];
    in.decoder_ids = read_plane(file, t.name, t.shape);
    check_range(in.decoder_ids, config.vocabulary, "decoder_input_ids", where);
  } else if (in.labels.empty()) {
    throw Error(ErrorCode::bad_input, "has neither \"decoder_input_ids\" nor \"labels\"", where,
                "an encoder-decoder needs one of them");
  } else {
    for (std::size_t i = 0; i < in.labels.size(); ++i) {
      const bool first = static_cast<std::int64_t>(i) % in.decoder_length == 0;
      const std::int64_t id = first ? config.seq2seq.start_token : in.labels[i - 1];
      in.decoder_ids.push_back(id >= 0 ? id : std::max<std::int64_t>(0, config.pad_token));
    }
  }
  if (in.decoder_length > config.positions) {
    throw Error(ErrorCode::bad_input,
                "the decoder's input has " + std::to_string(in.decoder_length) + " positions, the model at most " +
                    std::to_string(config.positions),
                where);
  }
  in.decoder_mask = read_plane(file, "decoder_attention_mask", {in.batch, in.decoder_length}, "the decoder's input");
  if (in.decoder_mask.empty()) in.decoder_mask.assign(in.decoder_ids.size(), 1);
}

/// RoBERTa counts the tokens that are no padding, and puts padding at the position before the first.
void count_positions(const ModelConfig& config, TokenInput& in) {
  for (std::int64_t b = 0; b < in.batch; ++b) {
    std::int64_t next = 0;
    for (std::int64_t t = 0; t < in.length; ++t) {
      const bool padding = in.ids[static_cast<std::size_t>(b * in.length + t)] == config.pad_token;
      in.positions.push_back(padding ? -1 : next++);
    }
  }
}

}  // namespace

TokenInput read_token_input(const std::filesystem::path& path, const ModelConfig& config) {
  const SafetensorsFile file(path);
  const std::string where = path.string();
  TokenInput in;
  for (const TensorInfo& t : file.tensors()) {
    if (t.name != "input_ids") continue;
    if (t.shape.size() != 2 || t.count() == 0) {
      throw Error(ErrorCode::bad_input, "tensor \"input_ids\" has shape " + t.shape_text() + ", expected [B, T]",
                  where);
    }
    in.batch = t.shape[0];
    in.length = t.shape[1];
    in.ids.resize(static_cast<std::size_t>(t.count()));
    file.read_i64(t.name, in.ids);
  }
  if (in.ids.empty()) throw Error(ErrorCode::bad_input, "has no tensor \"input_ids\"", where);
  const std::vector<std::int64_t> shape{in.batch, in.length};
  in.mask = read_plane(file, "attention_mask", shape);
  in.positions = read_plane(file, "position_ids", shape);
  in.types = read_plane(file, "token_type_ids", shape);
  if (in.mask.empty()) in.mask.assign(in.ids.size(), 1);
  if (in.types.empty()) in.types.assign(in.ids.size(), 0);
  const bool counted = config.type == ModelType::roberta;
  if (counted) {
    for (std::int64_t& position : in.positions) position -= config.position_offset;  // the file's are rows
    if (in.positions.empty()) count_positions(config, in);
  }
  if (in.positions.empty()) {
    for (std::size_t i = 0; i < in.ids.size(); ++i) {
      in.positions.push_back(static_cast<std::int64_t>(i) % in.length);
    }
  }
  check_range(in.ids, config.vocabulary, "input_ids", where);
  check_range(in.positions, config.positions, "position_ids", where, counted ? -1 : 0);
  if (config.types > 0) check_range(in.types, config.types, "token_type_ids", where);
  if (config.types == 0 && file.has("token_type_ids")) {
    throw Error(ErrorCode::unsupported, "token_type_ids are not supported for this architecture", where);
  }
  for (std::int64_t b = 0; b < in.batch; ++b) {
    bool any = false;
    for (std::int64_t t = 0; t < in.length; ++t) any = any || in.visible(b, t);
    if (!any) throw Error(ErrorCode::bad_input, "attention_mask hides all of row " + std::to_string(b), where);
  }
  read_labels(file, config, in);
  if (config.is_seq2seq()) read_decoder(file, config, in);
  return in;
}

text::TokenBatch pack_visible(const TokenInput& in, std::int64_t first, std::int64_t last,
                              std::vector<std::int64_t>* rows) {
  text::TokenBatch batch;
  for (std::int64_t b = first; b < last; ++b) {
    for (std::int64_t t = 0; t < in.length; ++t) {
      if (!in.visible(b, t)) continue;
      const auto at = static_cast<std::size_t>(b * in.length + t);
      batch.ids.push_back(static_cast<std::int32_t>(in.ids[at]));
      batch.positions.push_back(static_cast<std::int32_t>(in.positions[at]));
      batch.types.push_back(static_cast<std::int32_t>(in.types[at]));
      if (rows != nullptr) rows->push_back(b * in.length + t);
    }
    batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size()));
  }
  return batch;
}

text::TokenBatch pack_decoder(const TokenInput& in, std::vector<std::int64_t>* rows) {
  text::TokenBatch batch;
  for (std::int64_t b = 0; b < in.batch; ++b) {
    for (std::int64_t u = 0; u < in.decoder_length; ++u) {
      const auto at = static_cast<std::size_t>(b * in.decoder_length + u);
      if (in.decoder_mask[at] == 0) continue;
      batch.ids.push_back(static_cast<std::int32_t>(in.decoder_ids[at]));
      batch.positions.push_back(static_cast<std::int32_t>(u));
      batch.types.push_back(0);
      if (rows != nullptr) rows->push_back(static_cast<std::int64_t>(at));
    }
    batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size()));
  }
  return batch;
}

}  // namespace ballast::lm
