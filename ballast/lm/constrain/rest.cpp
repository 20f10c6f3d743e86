// SPDX-License-Identifier: Apache-2.0
// How many bytes a text needs at least until it is complete.
#include <algorithm>

#include "ballast/lm/constrain/phases.h"
#include "ballast/lm/json_schema.h"

namespace ballast::lm {

/// Of a value as a part of others; small enough that a million of them do not overflow.
std::int64_t JsonGrammar::shortest_of(std::int32_t node) const {
  return std::min(nodes_[static_cast<std::size_t>(node)].shortest, kNeverComplete / 4000000);
}

/// Bytes of the required members from `from` on and of the closing brace.
std::int64_t JsonGrammar::rest_of_members(const Node& n, std::int32_t from, bool comma) const {
  std::int64_t sum = 1;
  for (auto i = static_cast<std::size_t>(from); i < n.members.size(); ++i) {
    if (!n.members[i].required) continue;
    sum += static_cast<std::int64_t>(n.members[i].key.size()) + shortest_of(n.members[i].value) + (comma ? 1 : 0);
    comma = true;
  }
  return sum;
}

std::int64_t JsonGrammar::rest_of(const Frame& f) const {
  using namespace phase;
  const Node& n = nodes_[static_cast<std::size_t>(f.node)];
  const auto shortest_part = [&] { return shortest_of(n.parts[0]); };
  switch (n.kind) {
    case Kind::literal:
      return static_cast<std::int64_t>(n.literal.size()) - f.at;
    case Kind::string: {
      const std::int64_t open = std::max<std::int64_t>(0, n.least - f.count) + 1;
      return f.phase == kQuote       ? open + 1
             : f.phase == kEscape    ? open + 1
             : f.phase == kCharacter ? open + f.more
                                     : open;
    }
    case Kind::excerpt: {
      if (f.phase == kQuote) return n.shortest;
      // Exactly what stands there: the rest of this character and of those that must follow, if there are so many.
      auto at = static_cast<std::size_t>(f.at);
      std::int64_t count = f.count;
      while (!n.starts[at]) ++at;
      while (count < n.least && at < n.literal.size()) {
        do ++at;
        while (!n.starts[at]);
        ++count;
      }
      return count < n.least ? kNeverComplete : static_cast<std::int64_t>(at) - f.at + 1;
    }
    case Kind::number:
      return ends_here(f) ? 0 : 1;
    case Kind::object:
      if (f.phase == kOpen) return n.shortest;
      if (f.phase == kKey || f.phase == kColon) {
        const Member& m = n.members[static_cast<std::size_t>(f.count)];
        const std::int64_t key = f.phase == kKey ? static_cast<std::int64_t>(m.key.size()) - f.at : 0;
        return key + shortest_of(m.value) + rest_of_members(n, f.count + 1, true);
      }
      if (f.phase == kComma) {
        // Something must follow the comma: what is required, or the shortest of what is not.
        std::int64_t best = kNeverComplete;
        for (auto i = static_cast<std::size_t>(f.count); i < n.members.size(); ++i) {
          const Member& m = n.members[i];
          best = std::min(best, static_cast<std::int64_t>(m.key.size()) + shortest_of(m.value) +
                                    rest_of_members(n, static_cast<std::int32_t>(i) + 1, true));
          if (m.required) break;
        }
        return best;
      }
      return rest_of_members(n, f.count, f.phase == kValue);
    case Kind::map:
      if (f.phase == kOpen) return 2;
      if (f.phase == kKey) return (f.at == 0 ? 3 : 2) + shortest_part() + 1;
      if (f.phase == kColon) return (f.at == 2 ? 1 : 0) + shortest_part() + 1;
      return f.phase == kComma ? 4 + shortest_part() + 1 : 1;
    case Kind::array: {
      if (f.phase == kOpen) return n.shortest;
      const std::int64_t missing = std::max<std::int64_t>(n.least - f.count, f.phase == kComma ? 1 : 0);
      if (missing == 0) return 1;
      return missing * (shortest_part() + 1) + (f.phase == kValue ? 1 : 0);
    }
    case Kind::any:
      return n.shortest;
  }
  return kNeverComplete;
}

std::int64_t JsonGrammar::shortest(const State& state) const {
  std::int64_t best = kNeverComplete;
  for (const Stack& stack : state) {
    std::int64_t sum = 0;
    for (const Frame& f : stack) sum = std::min(kNeverComplete, sum + rest_of(f));
    best = std::min(best, sum);
  }
  return best;
}

}  // namespace ballast::lm
