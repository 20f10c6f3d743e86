// SPDX-License-Identifier: Apache-2.0
// What is known of a model before its weights are read. A GGUF file in place of a model folder: weights decoded to f32,
// the configuration and the tokenizer from its metadata.
#pragma once

#include <filesystem>
#include <optional>

#include "ballast/lm/config.h"
#include "ballast/text/tokenizer.h"

namespace ballast::lm {

/// True for a file whose name ends in .gguf.
bool is_gguf(const std::filesystem::path& model);

/// The tokenizer inside the file; none where it is of a kind that Ballast does not have. Throws not_found or bad_input.
std::optional<text::Tokenizer> gguf_tokenizer(const std::filesystem::path& model);

/// The configuration of a model folder or a .gguf file. Throws as read_config.
ModelConfig open_config(const std::filesystem::path& model);

/// Whether it is a decoder that continues texts: a folder, an adapter's folder or a .gguf file. False for anything
/// else.
bool is_language_model(const std::filesystem::path& model);

/// The tokenizer of a model folder, of a tokenizer's files, or inside a .gguf file. Throws as text::Tokenizer::load.
text::Tokenizer open_tokenizer(const std::filesystem::path& model);

}  // namespace ballast::lm
