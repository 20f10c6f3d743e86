// SPDX-License-Identifier: Apache-2.0
// The grammar at work: one byte after the other through a set of stacks.
#include <algorithm>

#include "ballast/lm/constrain/phases.h"
#include "ballast/lm/json_schema.h"

namespace ballast::lm {
namespace {

constexpr std::int32_t kMostDigits = 15, kMostExponent = 2;

bool is_decimal(unsigned char byte) {
  return byte >= '0' && byte <= '9';
}

}  // namespace

void JsonGrammar::enter(const Stack& below, std::int32_t node, State& out) const {
  const Node& n = nodes_[static_cast<std::size_t>(node)];
  if (n.kind == Kind::any) {
    for (const std::int32_t part : n.parts) enter(below, part, out);
    return;
  }
  Stack stack = below;
  Frame frame;
  frame.node = node;
  stack.push_back(frame);
  out.push_back(std::move(stack));
}

JsonGrammar::State JsonGrammar::start() const {
  State out;
  enter({}, root_, out);
  return out;
}

JsonGrammar::State JsonGrammar::next(const State& state, unsigned char byte) const {
  State out;
  for (const Stack& stack : state) {
    if (!stack.empty()) read(stack, byte, out);
  }
  // Ways that have become the same (an excerpt that stands in two places and has ended, say) are one.
  if (out.size() > 1) {
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
  }
  return out;
}

void JsonGrammar::read(const Stack& stack, unsigned char byte, State& out) const {
  const Node& n = nodes_[static_cast<std::size_t>(stack.back().node)];
  switch (n.kind) {
    case Kind::literal: {
      Stack s = stack;
      Frame& f = s.back();
      if (static_cast<unsigned char>(n.literal[static_cast<std::size_t>(f.at)]) != byte) return;
      if (++f.at == static_cast<std::int32_t>(n.literal.size())) s.pop_back();
      out.push_back(std::move(s));
      return;
    }
    case Kind::string:
      return read_string(stack, byte, out);
    case Kind::excerpt:
      return read_excerpt(stack, byte, out);
    case Kind::number:
      return read_number(stack, byte, out);
    case Kind::object:
      return read_object(stack, byte, out);
    case Kind::map:
    case Kind::array:
      return read_list(stack, byte, out);
    case Kind::any:
      return;  // enter() leaves none on a stack
  }
}

void JsonGrammar::read_string(Stack stack, unsigned char byte, State& out) const {
  using namespace phase;
  Frame& f = stack.back();
  const Node& n = nodes_[static_cast<std::size_t>(f.node)];
  switch (f.phase) {
    case kQuote:
      if (byte != '"') return;
      f.phase = kContent;
      break;
    case kEscape:
      if (std::string_view("\"\\/bfnrt").find(static_cast<char>(byte)) == std::string_view::npos) return;
      f.phase = kContent;
      break;
    case kCharacter:
      if (byte < f.low || byte > f.high) return;
      f.low = 0x80, f.high = 0xbf;
      if (--f.more == 0) f.phase = kContent, f.low = f.high = 0;
      break;
    default:
      if (byte == '"') {
        if (f.count < n.least) return;
        stack.pop_back();
        break;
      }
      if (byte < 0x20 || (n.most >= 0 && f.count >= n.most)) return;
      if (byte >= 0x80) {  // Unicode 15, table 3-7: well-formed UTF-8
        if (byte < 0xc2 || byte > 0xf4) return;
        f.phase = kCharacter;
        f.more = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        f.low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
        f.high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
      } else if (byte == '\\') {
        f.phase = kEscape;
      }
      // Unlimited strings all look the same once they are long enough: their masks are found once.
      if (n.most >= 0 || f.count < n.least) ++f.count;
  }
  out.push_back(std::move(stack));
}

/// `at` is the place in the text, `count` the characters taken; within a character the quote does not end the string.
void JsonGrammar::read_excerpt(Stack stack, unsigned char byte, State& out) const {
  using namespace phase;
  Frame& f = stack.back();
  const Node& n = nodes_[static_cast<std::size_t>(f.node)];
  if (f.phase == kQuote) {
    if (byte != '"') return;
    // One stack for every place where the excerpt may begin.
    for (std::size_t at = 0; at < n.starts.size(); ++at) {
      if (!n.starts[at]) continue;
      Stack s = stack;
      s.back().phase = kContent;
      s.back().at = static_cast<std::int32_t>(at);
      out.push_back(std::move(s));
    }
    return;
  }
  const auto at = static_cast<std::size_t>(f.at);
  if (byte == '"' && n.starts[at] && f.count >= n.least) {
    stack.pop_back();
    return out.push_back(std::move(stack));
  }
  if (at >= n.literal.size() || static_cast<unsigned char>(n.literal[at]) != byte) return;
  if (n.starts[at]) {
    if (n.most >= 0 && f.count >= n.most) return;
    ++f.count;
  }
  ++f.at;
  out.push_back(std::move(stack));
}

void JsonGrammar::read_number(Stack stack, unsigned char byte, State& out) const {
  using namespace phase;
  Frame& f = stack.back();
  const Node& n = nodes_[static_cast<std::size_t>(f.node)];
  const auto go = [&](std::uint8_t phase, std::int32_t count) {
    f.phase = phase;
    f.count = count;
    out.push_back(std::move(stack));
  };
  const bool digit = is_decimal(byte);
  if (n.unit) {  // 0, 1, 0.ddd, 1.0…: `at` is the whole part
    if (f.phase == kSign && (byte == '0' || byte == '1')) {
      f.phase = kZero;
      f.at = byte - '0';
      return out.push_back(std::move(stack));
    }
    if (f.phase == kZero && byte == '.') {
      f.phase = kPoint;
      return out.push_back(std::move(stack));
    }
    if ((f.phase == kPoint || f.phase == kFraction) && digit && f.count < kMostDigits && (f.at == 0 || byte == '0')) {
      f.phase = kFraction;
      ++f.count;
      return out.push_back(std::move(stack));
    }
  } else if (f.phase == kSign && byte == '-') {
    return go(kFirst, 0);
  } else if ((f.phase == kSign || f.phase == kFirst) && digit) {
    return go(byte == '0' ? kZero : kWhole, 1);
  } else if (f.phase == kWhole && digit) {
    if (f.count < kMostDigits) go(kWhole, f.count + 1);
    return;
  } else if ((f.phase == kZero || f.phase == kWhole) && byte == '.' && !n.integer) {
    return go(kPoint, 0);
  } else if ((f.phase == kPoint || f.phase == kFraction) && digit) {
    if (f.count < kMostDigits) go(kFraction, f.count + 1);
    return;
  } else if ((f.phase == kZero || f.phase == kWhole || f.phase == kFraction) && (byte == 'e' || byte == 'E') &&
             !n.integer) {
    return go(kExponent, 0);
  } else if (f.phase == kExponent && (byte == '-' || byte == '+')) {
    return go(kExponentSign, 0);
  } else if ((f.phase == kExponent || f.phase == kExponentSign || f.phase == kPower) && digit) {
    if (f.count < kMostExponent) go(kPower, f.count + 1);
    return;
  }
  // No part of the number: it may have ended, and what holds it reads on.
  if (!ends_here(f)) return;
  stack.pop_back();
  if (!stack.empty()) read(stack, byte, out);
}

void JsonGrammar::read_object(Stack stack, unsigned char byte, State& out) const {
  using namespace phase;
  Frame& f = stack.back();
  const Node& n = nodes_[static_cast<std::size_t>(f.node)];
  const auto members = static_cast<std::int32_t>(n.members.size());
  const auto member = [&](std::int32_t i) -> const Member& { return n.members[static_cast<std::size_t>(i)]; };
  if (f.phase == kOpen) {
    if (byte != '{') return;
    f.phase = kOpened;
    return out.push_back(std::move(stack));
  }
  if (f.phase == kKey) {
    const std::string& key = member(f.count).key;
    if (static_cast<unsigned char>(key[static_cast<std::size_t>(f.at)]) != byte) return;
    if (++f.at == static_cast<std::int32_t>(key.size())) f.phase = kColon;
    return out.push_back(std::move(stack));
  }
  if (f.phase == kColon) {
    const std::int32_t value = member(f.count).value;
    if (byte == ' ' && f.at > 0) {  // `at` marks that no space has come yet
      f.at = 0;
      return out.push_back(std::move(stack));
    }
    f.phase = kValue;
    f.at = 0;
    ++f.count;  // the members up to here are done or left out
    State inside;
    enter(stack, value, inside);
    for (const Stack& s : inside) read(s, byte, out);
    return;
  }
  const bool end_allowed =
      std::all_of(n.members.begin() + f.count, n.members.end(), [](const Member& m) { return !m.required; });
  if (byte == '}' && f.phase != kComma && end_allowed) {
    stack.pop_back();
    return out.push_back(std::move(stack));
  }
  if (f.phase == kValue) {
    if (byte != ',' || f.count >= members) return;
    f.phase = kComma;
    f.at = 1;
    return out.push_back(std::move(stack));
  }
  if (byte == ' ' && f.phase == kComma && f.at > 0) {
    f.at = 0;
    return out.push_back(std::move(stack));
  }
  if (byte != '"') return;
  for (std::int32_t i = f.count; i < members; ++i) {
    Stack s = stack;
    s.back().phase = kKey;
    s.back().count = i;
    s.back().at = 1;
    out.push_back(std::move(s));
    if (member(i).required) break;
  }
}

/// Arrays, and objects whose keys are free.
void JsonGrammar::read_list(Stack stack, unsigned char byte, State& out) const {
  using namespace phase;
  Frame& f = stack.back();
  const Node& n = nodes_[static_cast<std::size_t>(f.node)];
  const bool map = n.kind == Kind::map;
  const auto element = [&] {
    if (n.most >= 0 && f.count >= n.most) return;
    if (n.most >= 0 || f.count < n.least) ++f.count;
    f.phase = kValue;
    f.at = 0;
    State inside;
    enter(stack, n.parts[0], inside);
    for (const Stack& s : inside) read(s, byte, out);
  };
  if (f.phase == kOpen) {
    if (byte != (map ? '{' : '[')) return;
    f.phase = kOpened;
    return out.push_back(std::move(stack));
  }
  if (f.phase == kKey) {  // a free key: letters, digits, signs; short, so that it ends
    if (byte == '"' && f.at > 0) {
      f.phase = kColon;
      f.at = 2;  // the colon comes first
    } else if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\' && f.at < 64) {
      ++f.at;
    } else {
      return;
    }
    return out.push_back(std::move(stack));
  }
  if (f.phase == kColon) {
    if (f.at == 2) {
      if (byte != ':') return;
      f.at = 1;
      return out.push_back(std::move(stack));
    }
    if (byte == ' ' && f.at == 1) {
      f.at = 0;
      return out.push_back(std::move(stack));
    }
    return element();
  }
  if (byte == (map ? '}' : ']') && f.phase != kComma && f.count >= n.least) {
    stack.pop_back();
    return out.push_back(std::move(stack));
  }
  if (f.phase == kValue) {
    if (byte != ',' || (n.most >= 0 && f.count >= n.most)) return;
    f.phase = kComma;
    f.at = 1;
    return out.push_back(std::move(stack));
  }
  if (byte == ' ' && f.phase == kComma && f.at > 0) {
    f.at = 0;
    return out.push_back(std::move(stack));
  }
  if (!map) return element();
  if (byte != '"' || (n.most >= 0 && f.count >= n.most)) return;
  f.phase = kKey;
  f.at = 0;
  out.push_back(std::move(stack));
}

bool JsonGrammar::ends_here(const Frame& f) const {
  using namespace phase;
  if (nodes_[static_cast<std::size_t>(f.node)].kind != Kind::number) return false;
  return f.phase == kZero || f.phase == kWhole || f.phase == kFraction || f.phase == kPower;
}

bool JsonGrammar::complete(const State& state) const {
  return std::any_of(state.begin(), state.end(), [&](const Stack& stack) {
    return stack.empty() || (stack.size() == 1 && ends_here(stack.back()));
  });
}

}  // namespace ballast::lm
