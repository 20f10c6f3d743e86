// SPDX-License-Identifier: Apache-2.0
// Attention and encoder layers, built from the engine's operations, against torch: outputs, weights and gradients
// within ten times torch's own float32 error (at least 1e-6), as the fixtures' README asks.
//
// attention() returns no weights and knows no key that is masked for one query only, but both can be said in its terms,
// which tests it harder than a plain call would. With `extra` columns a head, one for each key, v carries a one-hot of
// its key, so that the extra columns of y are the weights, with their gradients; and q · k can carry an additive mask.
// A query that sees some of the keys is a sequence of these keys, with that query in every row; its first row counts.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "ballast/engine/attention.h"
#include "ballast/engine/ops.h"
#include "tests/golden/module_fixture.h"

namespace ballast::engine {
namespace {

using Fixture = test::ModuleFixture;
using test::Modules;
using test::seed;
using test::Workbench;

struct Heads {
  std::int64_t count = 4, width = 8, extra = 0;
  std::int64_t wide() const { return width + extra; }
};

/// [rows, heads · width] taken from column `first` of x, times `factor`, widened by zeros to [rows, heads · wide].
Value widen(Workbench& w, Value x, std::int64_t first, const Heads& h, double factor) {
  std::vector<float> selection(static_cast<std::size_t>(x.cols * h.count * h.wide()));
  for (std::int64_t n = 0; n < h.count; ++n) {
    for (std::int64_t d = 0; d < h.width; ++d) {
      const std::int64_t from = first + n * h.width + d, to = n * h.wide() + d;
      selection[static_cast<std::size_t>(from * h.count * h.wide() + to)] = static_cast<float>(factor);
    }
  }
  return linear(w.tape, x, w.constant({x.cols, h.count * h.wide()}, selection), nullptr, Layout::in_out);
}

/// The way back: drops the extra columns.
Value narrow(Workbench& w, Value y, const Heads& h) {
  std::vector<float> selection(static_cast<std::size_t>(y.cols * h.count * h.width));
  for (std::int64_t n = 0; n < h.count; ++n) {
    for (std::int64_t d = 0; d < h.width; ++d) {
      selection[static_cast<std::size_t>((n * h.wide() + d) * h.count * h.width + n * h.width + d)] = 1;
    }
  }
  return linear(w.tape, y, w.constant({y.cols, h.count * h.width}, selection), nullptr, Layout::in_out);
}

/// Adds f(row, head, key) to the extra columns.
Value with_extra(Workbench& w, Value x, const Heads& h,
                 const std::function<double(std::int64_t, std::int64_t, std::int64_t)>& f) {
  const Value extra = w.zeros(x.rows, x.cols);
  for (std::int64_t i = 0; i < x.rows; ++i) {
    for (std::int64_t n = 0; n < h.count; ++n) {
      for (std::int64_t j = 0; j < h.extra; ++j) {
        extra.data[i * x.cols + n * h.wide() + h.width + j] = static_cast<float>(f(i, n, j));
      }
    }
  }
  return add(w.tape, x, extra);
}

/// Which keys (rows of k and v) each query row sees.
using Visible = std::vector<std::vector<std::int32_t>>;

Value attend(Workbench& w, Value q, Value k, Value v, const Heads& h, const Visible& visible) {
  std::vector<std::int32_t> queries, keys, offsets{0}, first;
  for (std::size_t i = 0; i < visible.size(); ++i) {
    first.push_back(offsets.back());
    for (const std::int32_t key : visible[i]) {
      queries.push_back(static_cast<std::int32_t>(i));
      keys.push_back(key);
    }
    offsets.push_back(static_cast<std::int32_t>(keys.size()));
  }
  const auto& kept = w.keep(keys);
  const Value y =
      attention(w.tape, {select_rows(w.tape, q, w.keep(queries))}, {select_rows(w.tape, k, kept)},
                {select_rows(w.tape, v, kept)}, h.count, h.wide(), w.keep(offsets), AttentionMask::bidirectional, 0);
  return select_rows(w.tape, y, w.keep(first));
}

/// The masks of a fixture as lists: true in a boolean mask, -inf in an additive one, forbids.
Visible visible_keys(std::int64_t batch, std::int64_t queries, std::int64_t keys,
                     const std::function<bool(std::int64_t, std::int64_t, std::int64_t)>& allowed) {
  Visible all;
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t i = 0; i < queries; ++i) {
      std::vector<std::int32_t>& list = all.emplace_back();
      for (std::int64_t j = 0; j < keys; ++j) {
        if (allowed(b, i, j)) list.push_back(static_cast<std::int32_t>(b * keys + j));
      }
    }
  }
  return all;
}

/// [batch, heads, time, width] to [batch · time, heads · width] and back.
std::vector<float> heads_inside(const std::vector<float>& x, const std::vector<std::int64_t>& s, bool back = false) {
  std::vector<float> y(x.size());
  std::size_t from = 0;
  for (std::int64_t b = 0; b < s[0]; ++b) {
    for (std::int64_t n = 0; n < s[1]; ++n) {
      for (std::int64_t t = 0; t < s[2]; ++t) {
        for (std::int64_t d = 0; d < s[3]; ++d, ++from) {
          const auto to = static_cast<std::size_t>(((b * s[2] + t) * s[1] + n) * s[3] + d);
          (back ? y[from] : y[to]) = back ? x[to] : x[from];
        }
      }
    }
  }
  return y;
}

/// Output columns or weight columns of a widened y, as [batch, heads, time, columns].
std::vector<float> columns_of(const Value& y, const Heads& h, std::int64_t batch, bool weights, const float* from) {
  const std::int64_t count = weights ? h.extra : h.width, first = weights ? h.width : 0, time = y.rows / batch;
  std::vector<float> out;
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t n = 0; n < h.count; ++n) {
      for (std::int64_t t = 0; t < time; ++t) {
        const float* row = from + (b * time + t) * y.cols + n * h.wide() + first;
        out.insert(out.end(), row, row + count);
      }
    }
  }
  return out;
}

/// Adds [batch, heads, time, columns] to the gradients of the output or weight columns.
void seed_columns(Tape& tape, const Value& y, const Heads& h, std::int64_t batch, bool weights,
                  const std::vector<float>& g) {
  const std::int64_t count = weights ? h.extra : h.width, first = weights ? h.width : 0, time = y.rows / batch;
  ASSERT_EQ(static_cast<std::int64_t>(g.size()), batch * h.count * time * count);
  std::size_t i = 0;
  float* dy = tape.gradient(y);
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t n = 0; n < h.count; ++n) {
      for (std::int64_t t = 0; t < time; ++t) {
        for (std::int64_t c = 0; c < count; ++c) {
          dy[(b * time + t) * y.cols + n * h.wide() + first + c] += g[i++];
        }
      }
    }
  }
}

class Sdpa : public Modules, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Masks, Sdpa, ::testing::Values("none", "causal", "additive", "keys"),
                         [](const auto& c) { return std::string(c.param); });

TEST_P(Sdpa, OutputWeightsAndGradients) {
  const Fixture fixture(std::string("sdpa_") + GetParam());
  const auto sq = fixture.shape("in.q"), sk = fixture.shape("in.k");
  const std::int64_t batch = sq[0], queries = sq[2], keys = sk[2];
  const Heads h{sq[1], sq[3], keys};
  Workbench w(fixture);
  const auto leaf = [&](const std::string& name, const std::vector<std::int64_t>& s) {
    const std::vector<float> values = heads_inside(fixture.floats(name), s);
    Value x = w.tape.make(s[0] * s[2], s[1] * s[3]);
    std::copy(values.begin(), values.end(), x.data);
    return x;
  };
  const Value q = leaf("in.q", sq), k = leaf("in.k", sk), v = leaf("in.v", sk);

  std::vector<float> mask(static_cast<std::size_t>(batch * queries * keys));
  if (fixture.has("in.mask")) {  // [queries, keys], [batch, 1, queries, keys] or [batch, 1, 1, keys]
    const std::vector<float> given = fixture.floats("in.mask");
    const bool each_batch = fixture.shape("in.mask").size() == 4, each_query = given.size() % (queries * keys) == 0;
    for (std::int64_t i = 0; i < batch * queries * keys; ++i) {
      const std::int64_t b = each_batch ? i / (queries * keys) : 0, t = each_query ? i / keys % queries : 0;
      const std::int64_t from = (b * (each_query ? queries : 1) + t) * keys + i % keys;
      mask[static_cast<std::size_t>(i)] = given[static_cast<std::size_t>(from)];
    }
  }
  const auto masked = [&](std::int64_t row, std::int64_t j) { return mask[static_cast<std::size_t>(row * keys + j)]; };
  // attention() scales by the width it sees.
  const double wide = std::sqrt(static_cast<double>(h.wide())), narrow_root = std::sqrt(static_cast<double>(h.width));
  const auto one_hot = [&](std::int64_t i, std::int64_t, std::int64_t j) { return i % keys == j ? 1.0 : 0.0; };
  const Value qw = with_extra(w, widen(w, q, 0, h, wide / narrow_root), h, [&](auto i, auto, auto j) {
    return std::isfinite(masked(i, j)) ? wide * masked(i, j) : 0.0;
  });
  const Value kw = with_extra(w, widen(w, k, 0, h, 1), h, one_hot);
  const Value vw = with_extra(w, widen(w, v, 0, h, 1), h, one_hot);
  Value y;
  if (std::string(GetParam()) == "causal") {
    const auto& offsets = w.keep({0, static_cast<std::int32_t>(queries), static_cast<std::int32_t>(2 * queries)});
    y = attention(w.tape, {qw}, {kw}, {vw}, h.count, h.wide(), offsets, AttentionMask::causal, 0);
  } else {
    y = attend(w, qw, kw, vw, h, visible_keys(batch, queries, keys, [&](auto b, auto i, auto j) {
                 return std::isfinite(masked(b * queries + i, j));
               }));
  }
  fixture.expect("out.output", columns_of(y, h, batch, false, y.data));
  fixture.expect("out.weights", columns_of(y, h, batch, true, y.data));
  seed_columns(w.tape, y, h, batch, false, fixture.floats("gout.output"));
  seed_columns(w.tape, y, h, batch, true, fixture.floats("gout.weights"));
  w.tape.backward();
  fixture.expect("grad.in.q", heads_inside(test::grad_of(q), sq, true));
  fixture.expect("grad.in.k", heads_inside(test::grad_of(k), sk, true));
  fixture.expect("grad.in.v", heads_inside(test::grad_of(v), sk, true));
}

/// Keys that `fixture`'s masks leave to each query of self-attention over [batch, time].
Visible self_masks(const Fixture& fixture, const std::string& square, const std::string& padding, std::int64_t batch,
                   std::int64_t time) {
  std::vector<std::int64_t> pad, forbidden;
  if (fixture.has(padding)) pad = fixture.integers(padding);
  if (fixture.has(square)) forbidden = fixture.integers(square);
  return visible_keys(batch, time, time, [&](auto b, auto i, auto j) {
    return (pad.empty() || pad[static_cast<std::size_t>(b * time + j)] == 0) &&
           (forbidden.empty() || forbidden[static_cast<std::size_t>(i * time + j)] == 0);
  });
}

class SelfAttention : public Modules, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Cases, SelfAttention,
                         ::testing::Values("mha_self", "mha_self_causal", "mha_self_keypad", "mha_self_causal_keypad",
                                           "mha_nobias", "mha_seq_first"),
                         [](const auto& c) { return std::string(c.param); });

TEST_P(SelfAttention, OutputWeightsAndGradients) {
  const Fixture fixture(GetParam());
  Workbench w(fixture);
  const bool time_first = std::string(GetParam()) == "mha_seq_first";
  const auto shape = fixture.shape("in.query");
  const std::int64_t batch = shape[time_first ? 1 : 0], time = shape[time_first ? 0 : 1], all = shape[2];
  const Heads h{4, all / 4, time};
  Value x = w.input("query");
  std::vector<std::int32_t> turn;  // row (b, t) of ours is row (t, b) of theirs
  for (std::int32_t i = 0; i < batch * time; ++i) {
    const auto b = static_cast<std::int32_t>(i / time), t = static_cast<std::int32_t>(i % time);
    turn.push_back(time_first ? t * static_cast<std::int32_t>(batch) + b : i);
  }
  x = select_rows(w.tape, x, w.keep(turn));
  const Value qkv = linear(w.tape, x, w.weight("in_proj_weight"), w.weight_if_any("in_proj_bias"), Layout::out_in);
  const double factor = std::sqrt(static_cast<double>(h.wide()) / static_cast<double>(h.width));
  const Value q = widen(w, qkv, 0, h, factor), k = widen(w, qkv, all, h, 1);
  const Value v =
      with_extra(w, widen(w, qkv, 2 * all, h, 1), h, [&](auto i, auto, auto j) { return i % time == j ? 1.0 : 0.0; });
  const bool plain_causal = std::string(GetParam()) == "mha_self_causal";
  Value y;
  if (plain_causal || !fixture.has("in.key_padding_mask")) {
    const auto& offsets = w.keep({0, static_cast<std::int32_t>(time), static_cast<std::int32_t>(2 * time)});
    y = attention(w.tape, {q}, {k}, {v}, h.count, h.wide(), offsets,
                  plain_causal ? AttentionMask::causal : AttentionMask::bidirectional, 0);
  } else {
    y = attend(w, q, k, v, h, self_masks(fixture, "in.attn_mask", "in.key_padding_mask", batch, time));
  }
  Value out =
      linear(w.tape, narrow(w, y, h), w.weight("out_proj.weight"), w.weight_if_any("out_proj.bias"), Layout::out_in);
  std::vector<std::int32_t> back(turn.size());
  for (std::size_t i = 0; i < turn.size(); ++i) back[static_cast<std::size_t>(turn[i])] = static_cast<std::int32_t>(i);
  out = select_rows(w.tape, out, w.keep(back));
  fixture.expect("out.output", test::data_of(out));
  fixture.expect("out.weights", columns_of(y, h, batch, true, y.data));
  seed(w.tape, out, fixture.floats("gout.output"));
  seed_columns(w.tape, y, h, batch, true, fixture.floats("gout.weights"));
  w.expect_gradients();
}

// The way models do it: padded rows are not there at all. The rows that are left must come out as torch's.
TEST_F(Modules, PaddedBatchesPackedEndToEnd) {
  for (const std::string name : {"mha_self_keypad", "mha_self_causal_keypad"}) {
    const Fixture fixture(name);
    Workbench w(fixture);
    const std::vector<std::int64_t> pad = fixture.integers("in.key_padding_mask");
    const std::int64_t time = fixture.shape("in.query")[1], all = 16;
    std::vector<std::int32_t> rows, offsets{0};
    for (std::size_t i = 0; i < pad.size(); ++i) {
      if (pad[i] == 0) rows.push_back(static_cast<std::int32_t>(i));
      if (static_cast<std::int64_t>(i + 1) % time == 0) offsets.push_back(static_cast<std::int32_t>(rows.size()));
    }
    const Value x = select_rows(w.tape, w.input("query"), rows);
    const Value qkv = linear(w.tape, x, w.weight("in_proj_weight"), &w.weight("in_proj_bias"), Layout::out_in);
    const AttentionMask mask = fixture.has("in.attn_mask") ? AttentionMask::causal : AttentionMask::bidirectional;
    const Value y = attention(w.tape, {qkv, 0}, {qkv, all}, {qkv, 2 * all}, 4, 4, offsets, mask, 0);
    const Value out = linear(w.tape, y, w.weight("out_proj.weight"), &w.weight("out_proj.bias"), Layout::out_in);
    const std::vector<float> theirs = fixture.floats("out.output");
    std::vector<float> expected;
    for (const std::int32_t r : rows)
      expected.insert(expected.end(), theirs.begin() + r * all, theirs.begin() + (r + 1) * all);
    EXPECT_TRUE(test::near(test::data_of(out), expected, fixture.tolerance("out.output"))) << name;
  }
}

class EncoderLayer : public Modules, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Cases, EncoderLayer,
                         ::testing::Values("postnorm_gelu", "prenorm_gelu", "postnorm_relu", "prenorm_relu",
                                           "postnorm_relu_nomask"),
                         [](const auto& c) { return std::string(c.param); });

TEST_P(EncoderLayer, OutputAndGradients) {
  const std::string name = GetParam();
  const Fixture fixture("encoder_layer_" + name);
  Workbench w(fixture);
  const auto shape = fixture.shape("in.src");
  const std::int64_t batch = shape[0], time = shape[1], all = shape[2];
  const Heads h{4, all / 4, 0};
  const Activation activation = name.find("gelu") != std::string::npos ? Activation::gelu_erf : Activation::relu;
  const auto norm = [&](Value x, const std::string& n) {
    return layer_norm(w.tape, x, w.weight(n + ".weight"), w.weight(n + ".bias"), 1e-5f);
  };
  const auto self_attention = [&](Value x) {
    const Value qkv =
        linear(w.tape, x, w.weight("self_attn.in_proj_weight"), &w.weight("self_attn.in_proj_bias"), Layout::out_in);
    Value y;
    if (fixture.has("in.src_mask")) {
      y = attend(w, widen(w, qkv, 0, h, 1), widen(w, qkv, all, h, 1), widen(w, qkv, 2 * all, h, 1), h,
                 self_masks(fixture, "in.src_mask", "in.src_key_padding_mask", batch, time));
    } else {
      const auto& offsets = w.keep({0, static_cast<std::int32_t>(time), static_cast<std::int32_t>(2 * time)});
      y = attention(w.tape, {qkv, 0}, {qkv, all}, {qkv, 2 * all}, h.count, h.width, offsets,
                    AttentionMask::bidirectional, 0);
    }
    return linear(w.tape, y, w.weight("self_attn.out_proj.weight"), &w.weight("self_attn.out_proj.bias"),
                  Layout::out_in);
  };
  const auto feed_forward = [&](Value x) {
    const Value up =
        linear(w.tape, x, w.weight("linear1.weight"), &w.weight("linear1.bias"), Layout::out_in, activation);
    return linear(w.tape, up, w.weight("linear2.weight"), &w.weight("linear2.bias"), Layout::out_in);
  };
  Value x = w.input("src");
  if (name.starts_with("prenorm")) {
    x = add(w.tape, x, self_attention(norm(x, "norm1")));
    x = add(w.tape, x, feed_forward(norm(x, "norm2")));
  } else {
    x = norm(add(w.tape, x, self_attention(x)), "norm1");
    x = norm(add(w.tape, x, feed_forward(x)), "norm2");
  }
  fixture.expect("out.output", test::data_of(x));
  seed(w.tape, x, fixture.floats("gout.output"));
  w.expect_gradients();
}

}  // namespace
}  // namespace ballast::engine
