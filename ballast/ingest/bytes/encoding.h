// SPDX-License-Identifier: Apache-2.0
// Which encoding bytes are in, and turning them into UTF-8. A byte that cannot be decoded becomes the byte 0xFF (which
// no valid text holds) and its place in the source is remembered, so that the row around it can be set aside.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ballast::ingest {

struct Detected {
  std::string name;     // "UTF-8", "UTF-16LE", "UTF-16BE", "GB18030"
  std::size_t bom = 0;  // bytes to skip
};

/// Judges a file by its first bytes: byte-order mark; NUL bytes (UTF-16); valid UTF-8; else GB18030 where uchardet or
/// the share of GB 2312 pairs says so; else UTF-8 with damage.
Detected detect_encoding(std::string_view sample);

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Appends the decoding of `bytes` to `out`. `last`: nothing follows, so that a half character is an error.
  virtual void decode(std::string_view bytes, bool last, std::string& out) = 0;
  /// Source offset of what was decoded to offset `decoded`; exact for undecodable bytes.
  virtual std::uint64_t source_offset(std::uint64_t decoded) const = 0;
};

/// `name` as Detected gives it or any that ICU knows; throws usage for others. `bom` bytes were skipped.
std::unique_ptr<Decoder> make_decoder(const std::string& name, std::size_t bom);

}  // namespace ballast::ingest
