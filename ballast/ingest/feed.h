// SPDX-License-Identifier: Apache-2.0
// News feeds: RSS 0.9x, 1.0 and 2.0, and Atom, as items.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ballast::ingest {

struct FeedItem {
  std::string id;  // guid or id; else the link; else the title
  std::string title, text, link;
  std::string published_at;  // RFC 3339 in UTC; empty where the feed gives no date that can be read
};

/// Items in the order of the feed; markup in descriptions is taken out. Throws bad_input naming `where` for what is no
/// feed, is broken beyond reading or larger than 64 MiB. No external entity is ever fetched.
std::vector<FeedItem> read_feed(std::string_view bytes, const std::string& where);

/// "Tue, 10 Jun 2003 04:00:00 GMT", "2003-12-13T18:30:02+01:00" to RFC 3339 in UTC; empty for anything else.
std::string feed_time(std::string_view text);

}  // namespace ballast::ingest
