// SPDX-License-Identifier: Apache-2.0
// The block formats of ggml (ggml-quants.c of the ggml project, MIT): layouts and reference roundings.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "ballast/base/error.h"
#include "ballast/base/half.h"
#include "ballast/lm/checkpoint/gguf.h"

namespace ballast::lm {
namespace {

constexpr int kSmall = 32;   // values of a Q8_0 or Q4_0 block
constexpr int kLarge = 256;  // of a K block

struct Named {
  GgufType type;
  const char* name;
  GgufBlock block;
};
constexpr Named kTypes[] = {{GgufType::f32, "F32", {1, 4}},         {GgufType::f16, "F16", {1, 2}},
                            {GgufType::bf16, "BF16", {1, 2}},       {GgufType::q8_0, "Q8_0", {kSmall, 34}},
                            {GgufType::q4_0, "Q4_0", {kSmall, 18}}, {GgufType::q4_k, "Q4_K", {kLarge, 144}},
                            {GgufType::q6_k, "Q6_K", {kLarge, 210}}};

const Named& named(GgufType type) {
  return *std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Named& n) { return n.type == type; });
}

std::uint16_t half_at(const std::uint8_t* p) {
  std::uint16_t bits;
  std::memcpy(&bits, p, 2);
  return bits;
}
float f16_at(const std::uint8_t* p) {
  return base::f32_from_f16(half_at(p));
}

/// d:f16 q:i8[32]; x = d q.
void decode_q8_0(const std::uint8_t* b, float* out) {
  const float d = f16_at(b);
  for (int i = 0; i < kSmall; ++i) out[i] = d * static_cast<float>(static_cast<std::int8_t>(b[2 + i]));
}

/// d:f16 q:u4[32], the first half in the low nibbles; x = d (q - 8).
void decode_q4_0(const std::uint8_t* b, float* out) {
  const float d = f16_at(b);
  for (int i = 0; i < kSmall / 2; ++i) {
    out[i] = d * static_cast<float>((b[2 + i] & 0xf) - 8);
    out[i + kSmall / 2] = d * static_cast<float>((b[2 + i] >> 4) - 8);
  }
}

/// Scale and minimum of sub-block j, six bits each, packed into twelve bytes.
void scale_and_minimum(int j, const std::uint8_t* q, float& scale, float& minimum) {
  if (j < 4) {
    scale = static_cast<float>(q[j] & 63);
    minimum = static_cast<float>(q[j + 4] & 63);
  } else {
    scale = static_cast<float>((q[j + 4] & 0xf) | ((q[j - 4] >> 6) << 4));
    minimum = static_cast<float>((q[j + 4] >> 4) | ((q[j] >> 6) << 4));
  }
}

/// d:f16 dmin:f16 scales:u8[12] q:u4[256]; eight sub-blocks of 32, x = d scale q - dmin minimum.
void decode_q4_k(const std::uint8_t* b, float* out) {
  const float d = f16_at(b), dmin = f16_at(b + 2);
  const std::uint8_t* q = b + 16;
  for (int j = 0; j < 8; j += 2, q += 32) {
    float scale[2], minimum[2];
    scale_and_minimum(j, b + 4, scale[0], minimum[0]);
    scale_and_minimum(j + 1, b + 4, scale[1], minimum[1]);
    for (int half = 0; half < 2; ++half) {
      const float factor = d * scale[half], offset = dmin * minimum[half];
      for (int i = 0; i < 32; ++i) {
        *out++ = factor * static_cast<float>(half == 0 ? q[i] & 0xf : q[i] >> 4) - offset;
      }
    }
  }
}

/// low:u4[256] high:u2[256] scales:i8[16] d:f16; sixteen sub-blocks of 16, x = d scale (q - 32).
void decode_q6_k(const std::uint8_t* b, float* out) {
  const float d = f16_at(b + 208);
  const std::uint8_t *low = b, *high = b + 128;
  const auto* scales = reinterpret_cast<const std::int8_t*>(b + 192);
  for (int n = 0; n < kLarge; n += 128, out += 128, low += 64, high += 32, scales += 8) {
    for (int i = 0; i < 32; ++i) {
      const int nibble[4] = {low[i] & 0xf, low[i + 32] & 0xf, low[i] >> 4, low[i + 32] >> 4};
      for (int part = 0; part < 4; ++part) {
        const int q = (nibble[part] | (((high[i] >> (2 * part)) & 3) << 4)) - 32;
        out[i + 32 * part] = d * static_cast<float>(scales[i / 16 + 2 * part]) * static_cast<float>(q);
      }
    }
  }
}

void encode_q8_0(const float* x, std::uint8_t* b) {
  float most = 0;
  for (int i = 0; i < kSmall; ++i) most = std::max(most, std::abs(x[i]));
  const float d = most / 127, inverse = d != 0 ? 1 / d : 0;
  const std::uint16_t bits = base::f16_from_f32(d);
  std::memcpy(b, &bits, 2);
  for (int i = 0; i < kSmall; ++i)
    b[2 + i] = static_cast<std::uint8_t>(static_cast<std::int8_t>(std::round(x[i] * inverse)));
}

void encode_q4_0(const float* x, std::uint8_t* b) {
  float most = 0;  // of the largest magnitude, with its sign
  for (int i = 0; i < kSmall; ++i) {
    if (std::abs(x[i]) > std::abs(most)) most = x[i];
  }
  const float d = most / -8, inverse = d != 0 ? 1 / d : 0;
  const std::uint16_t bits = base::f16_from_f32(d);
  std::memcpy(b, &bits, 2);
  const auto level = [&](float v) { return std::clamp(static_cast<int>(v * inverse + 8.5f), 0, 15); };
  for (int i = 0; i < kSmall / 2; ++i) {
    b[2 + i] = static_cast<std::uint8_t>(level(x[i]) | (level(x[i + kSmall / 2]) << 4));
  }
}

}  // namespace

const char* gguf_type_name(GgufType type) {
  return named(type).name;
}

GgufType gguf_type_from_name(const std::string& name) {
  std::string upper = name, known;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  for (const Named& n : kTypes) {
    if (upper == n.name) return n.type;
    known += (known.empty() ? "" : ", ") + std::string(n.name);
  }
  throw base::Error(base::ErrorCode::usage, "unknown type \"" + name + "\"", "--type", "known: " + known);
}

GgufBlock gguf_block(GgufType type) {
  return named(type).block;
}

void gguf_decode(GgufType type, std::span<const std::byte> blocks, std::span<float> out) {
  const GgufBlock block = gguf_block(type);
  const std::size_t count = out.size() / static_cast<std::size_t>(block.values);
  BALLAST_CHECK(blocks.size() == count * block.bytes, blocks.size());
  const auto* b = reinterpret_cast<const std::uint8_t*>(blocks.data());
  float* to = out.data();
  for (std::size_t i = 0; i < count; ++i, b += block.bytes, to += block.values) {
    switch (type) {
      case GgufType::f32:
        std::memcpy(to, b, 4);
        break;
      case GgufType::f16:
        *to = f16_at(b);
        break;
      case GgufType::bf16:
        *to = base::f32_from_bf16(half_at(b));
        break;
      case GgufType::q8_0:
        decode_q8_0(b, to);
        break;
      case GgufType::q4_0:
        decode_q4_0(b, to);
        break;
      case GgufType::q4_k:
        decode_q4_k(b, to);
        break;
      case GgufType::q6_k:
        decode_q6_k(b, to);
        break;
    }
  }
}

std::vector<std::byte> gguf_encode(GgufType type, std::span<const float> values) {
  const GgufBlock block = gguf_block(type);
  BALLAST_CHECK(values.size() % static_cast<std::size_t>(block.values) == 0, values.size());
  const std::size_t count = values.size() / static_cast<std::size_t>(block.values);
  std::vector<std::byte> out(count * block.bytes);
  auto* b = reinterpret_cast<std::uint8_t*>(out.data());
  const float* x = values.data();
  for (std::size_t i = 0; i < count; ++i, b += block.bytes, x += block.values) {
    if (type == GgufType::f32) {
      std::memcpy(b, x, 4);
    } else if (type == GgufType::f16 || type == GgufType::bf16) {
      const std::uint16_t bits = type == GgufType::f16 ? base::f16_from_f32(*x) : base::bf16_from_f32(*x);
      std::memcpy(b, &bits, 2);
    } else if (type == GgufType::q8_0) {
      encode_q8_0(x, b);
    } else {
      BALLAST_CHECK(type == GgufType::q4_0, static_cast<std::int64_t>(type));
      encode_q4_0(x, b);
    }
  }
  return out;
}

}  // namespace ballast::lm
