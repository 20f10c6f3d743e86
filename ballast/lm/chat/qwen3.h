// SPDX-License-Identifier: Apache-2.0
// The chat format of Qwen 3.
#pragma once

#include <string>

#include "ballast/lm/chat.h"

namespace ballast::lm {

/// What Qwen 3's template writes: tools in the system text, thoughts of earlier rounds dropped, tool calls and their
/// answers. `messages` is a checked list.
std::string render_qwen3(const base::Json& messages, const ChatOptions& options);

/// JSON as Python's json.dumps writes it (", " and ": "), which templates' tojson means; keys keep their order.
std::string python_json(const base::Json& json);

}  // namespace ballast::lm
