// SPDX-License-Identifier: Apache-2.0
// What `ballast demo` reads: five days of news, announcements and complaints about firms that do not exist, in English
// and Chinese, written for the demonstration and kept out of training and evaluation data.
#pragma once

#include <string_view>

namespace ballast::apps {

/// A CSV with the columns id, published_at, text. One row has no text, so that the quarantine has something to show.
std::string_view demo_feed();

/// A CSV with the columns name, aliases (separated by |), kind.
std::string_view demo_watch_list();

}  // namespace ballast::apps
