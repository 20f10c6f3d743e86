// SPDX-License-Identifier: Apache-2.0
// The rules language: parsed once, then asked row by row.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "ballast/base/error.h"
#include "ballast/risk/operations_rules.h"

namespace ballast::risk {

struct RuleCondition::Node {
  enum class Kind { both, either, no, compare, among } kind = Kind::compare;
  struct Value {
    std::string text;
    bool column = false;
  };
  std::string column, comparison;
  std::vector<Value> values;
  std::vector<std::shared_ptr<const Node>> parts;
};

namespace {

using base::Error;
using base::ErrorCode;
using Node = RuleCondition::Node;
using NodePtr = std::shared_ptr<const Node>;

constexpr int kDeepest = 50;  // nested parentheses

std::optional<double> as_number(const std::string& text) {
  char* end = nullptr;
  const double x = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || std::isnan(x)) return std::nullopt;
  return x;
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& where, std::vector<std::string>& columns)
      : text_(text), where_(where), columns_(columns) {}

  NodePtr parse() {
    NodePtr all = condition(0);
    if (!peek().empty()) refuse("the end");
    return all;
  }

 private:
  [[noreturn]] void refuse(const std::string& expected) const {
    throw Error(ErrorCode::bad_input, fmt::format("expected {} at character {} of \"{}\"", expected, at_ + 1, text_),
                where_);
  }

  static bool in_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
  }

  /// The next token, without taking it; empty at the end.
  std::string peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    if (at_ == text_.size()) return "";
    std::size_t end = at_ + 1;
    const char c = text_[at_];
    if (c == '\'') {
      end = text_.find('\'', end);
      if (end == std::string_view::npos) refuse("a closing quote");
      ++end;
    } else if (in_word(c) || c == '-') {
      while (end < text_.size() && (in_word(text_[end]) || ((text_[end] == '-' || text_[end] == '+') &&
                                                            (text_[end - 1] == 'e' || text_[end - 1] == 'E')))) {
        ++end;
      }
    } else if (end < text_.size() && text_[end] == '=' && std::string_view("<>=!").find(c) != std::string_view::npos) {
      ++end;
    }
    return std::string(text_.substr(at_, end - at_));
  }

  std::string take() {
    std::string token = peek();
    at_ += token.size();
    return token;
  }

  bool take_if(std::string_view token) {
    if (peek() != token) return false;
    take();
    return true;
  }

  NodePtr joined(Node::Kind kind, std::string_view word, int depth) {
    std::vector<NodePtr> parts = {kind == Node::Kind::either ? joined(Node::Kind::both, "and", depth)
                                                             : negation(depth)};
    while (take_if(word)) {
      parts.push_back(kind == Node::Kind::either ? joined(Node::Kind::both, "and", depth) : negation(depth));
    }
    if (parts.size() == 1) return parts.front();
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->parts = std::move(parts);
    return node;
  }

  NodePtr condition(int depth) {
    if (depth > kDeepest) refuse("fewer parentheses");
    return joined(Node::Kind::either, "or", depth);
  }

  NodePtr negation(int depth) {
    if (take_if("not")) {
      auto node = std::make_shared<Node>();
      node->kind = Node::Kind::no;
      if (depth > kDeepest) refuse("fewer negations");
      node->parts = {negation(depth + 1)};
      return node;
    }
    if (!take_if("(")) return comparison();
    NodePtr inside = condition(depth + 1);
    if (!take_if(")")) refuse("\")\"");
    return inside;
  }

  std::string column() {
    const std::string name = peek();
    if (name.empty() || !in_word(name.front()) || as_number(name)) refuse("a column");
    take();
    if (std::find(columns_.begin(), columns_.end(), name) == columns_.end()) columns_.push_back(name);
    return name;
  }

  Node::Value value() {
    const std::string token = peek();
    if (!token.empty() && token.front() == '\'') {
      take();
      return {token.substr(1, token.size() - 2), false};
    }
    if (as_number(token)) return {take(), false};
    return {column(), true};
  }

  NodePtr comparison() {
    auto node = std::make_shared<Node>();
    node->column = column();
    if (take_if("in")) {
      node->kind = Node::Kind::among;
      if (!take_if("[")) refuse("\"[\"");
      do {
        node->values.push_back(value());
      } while (take_if(","));
      if (!take_if("]")) refuse("\"]\"");
      return node;
    }
    const std::string word = peek();
    if (word != "<" && word != "<=" && word != ">" && word != ">=" && word != "==" && word != "!=") {
      refuse("a comparison");
    }
    node->comparison = take();
    node->values.push_back(value());
    return node;
  }

  std::string_view text_;
  const std::string& where_;
  std::vector<std::string>& columns_;
  std::size_t at_ = 0;
};

bool compare(const std::string& left, const std::string& how, const std::string& right) {
  const auto a = as_number(left), b = as_number(right);
  const int order = a && b ? (*a < *b ? -1 : *a > *b) : left.compare(right);
  if (how == "<") return order < 0;
  if (how == "<=") return order <= 0;
  if (how == ">") return order > 0;
  if (how == ">=") return order >= 0;
  return how == "==" ? order == 0 : order != 0;
}

bool holds(const Node& node, const FieldOf& row) {
  const auto part_holds = [&](const NodePtr& part) { return holds(*part, row); };
  if (node.kind == Node::Kind::both) return std::all_of(node.parts.begin(), node.parts.end(), part_holds);
  if (node.kind == Node::Kind::either) return std::any_of(node.parts.begin(), node.parts.end(), part_holds);
  if (node.kind == Node::Kind::no) return !holds(*node.parts.front(), row);
  const std::optional<std::string> left = row(node.column);
  if (!left || left->empty()) return false;
  const std::string how = node.kind == Node::Kind::among ? "==" : node.comparison;
  return std::any_of(node.values.begin(), node.values.end(), [&](const Node::Value& value) {
    const std::optional<std::string> right = value.column ? row(value.text) : value.text;
    return right && (!right->empty() || !value.column) && compare(*left, how, *right);
  });
}

}  // namespace

RuleCondition RuleCondition::parse(std::string_view text, const std::string& where) {
  RuleCondition condition;
  condition.root_ = Parser(text, where, condition.columns_).parse();
  return condition;
}

bool RuleCondition::holds(const FieldOf& row) const {
  return risk::holds(*root_, row);
}
const std::vector<std::string>& RuleCondition::columns() const {
  return columns_;
}

RuleVerdict apply_rules(std::span<const TransactionRule> rules, const FieldOf& row) {
  RuleVerdict verdict;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].condition.holds(row)) continue;
    verdict.points += rules[i].points;
    verdict.rules.push_back(i);
    if (rules[i].action == "block" || verdict.action == "pass") verdict.action = rules[i].action;
  }
  return verdict;
}

}  // namespace ballast::risk
