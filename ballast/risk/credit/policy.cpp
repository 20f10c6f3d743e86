// SPDX-License-Identifier: Apache-2.0
// The policy file: TOML in, checked numbers out.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/ingest/record.h"
#include "ballast/risk/credit_terms.h"
#include "ballast/risk/toml_fields.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;

/// Takes the members of one table, remembers their names, and complains about the others.
class Section {
 public:
  Section(const toml::table& root, std::string name, std::string where)
      : name_(std::move(name)), where_(std::move(where)) {
    if (name_.empty()) {
      table_ = &root;
    } else if (root.contains(name_)) {
      table_ = root[name_].as_table();
      if (table_ == nullptr) fail("", "is not a table");
    }
  }

  void number(const char* key, double& value, double low, double high) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto given = node->value<double>();
    if (!given || !node->is_number()) fail(key, "is not a number");
    if (!(*given >= low && *given <= high)) fail(key, fmt::format("is {}, expected {} to {}", *given, low, high));
    value = *given;
  }
  void integer(const char* key, int& value, int low, int high) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    if (!node->is_integer()) fail(key, "is not a whole number");
    const auto given = *node->value<std::int64_t>();
    if (given < low || given > high) fail(key, fmt::format("is {}, expected {} to {}", given, low, high));
    value = static_cast<int>(given);
  }
  void text(const char* key, std::string& value) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    if (!node->is_string()) fail(key, "is not a text in quotes");
    value = *node->value<std::string>();
  }
  void boolean(const char* key, bool& value) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    if (!node->is_boolean()) fail(key, "is neither true nor false");
    value = *node->value<bool>();
  }
  /// Call when everything was asked for. `tables` are other names that may stand there.
  void finish(const std::vector<std::string>& tables = {}) {
    if (table_ == nullptr) return;
    std::vector<std::string> all = known_;
    all.insert(all.end(), tables.begin(), tables.end());
    for (const auto& [key, node] : *table_) {
      const std::string name(key.str());
      if (std::find(all.begin(), all.end(), name) == all.end()) {
        throw Error(ErrorCode::bad_input, "unknown name \"" + path(name) + "\"", where_,
                    "the nearest is \"" + ingest::nearest_name(name, all) + "\"");
      }
    }
  }
  [[noreturn]] void fail(const std::string& key, const std::string& problem) const {
    throw Error(ErrorCode::bad_input, path(key) + " " + problem, where_);
  }

 private:
  const toml::node* take(const char* key) {
    known_.emplace_back(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }
  std::string path(const std::string& key) const {
    return name_.empty() ? key : key.empty() ? name_ : name_ + "." + key;
  }
  std::string name_, where_;
  const toml::table* table_ = nullptr;
  std::vector<std::string> known_;
};

}  // namespace

CreditPolicy parse_policy(const std::string& text, const std::string& where) {
  const toml::table root = parse_toml(text, where);
  CreditPolicy p;
  p.hash = base::sha256_hex(text);
  Section top(root, "", where);
  top.text("name", p.name);
  top.text("currency", p.currency);
  if (p.currency.size() != 3 ||
      !std::all_of(p.currency.begin(), p.currency.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
    top.fail("currency", "is \"" + p.currency + "\", expected an ISO 4217 code such as EUR");
  }
  top.finish({"verdict", "loss", "price", "amount", "stages"});
  Section verdict(root, "verdict", where);
  verdict.number("approve_pd", p.approve_pd, 0, 1);
  verdict.number("decline_pd", p.decline_pd, 0, 1);
  verdict.boolean("refer_uncertain", p.refer_uncertain);
  verdict.finish();
  if (p.approve_pd > p.decline_pd) verdict.fail("approve_pd", "is above verdict.decline_pd");
  Section loss(root, "loss", where);
  loss.number("lgd", p.lgd, 0, 1);
  loss.text("lgd_column", p.lgd_column);
  loss.number("conversion", p.conversion, 0, 1);
  loss.text("undrawn_column", p.undrawn_column);
  loss.finish();
  Section price(root, "price", where);
  price.number("funding", p.funding, -0.05, 1);
  price.number("cost", p.cost, 0, 1);
  price.number("margin", p.margin, 0, 1);
  price.number("hurdle", p.hurdle, 0, 1);
  price.number("max_rate", p.max_rate, 0, 10);
  price.finish();
  Section amount(root, "amount", where);
  amount.text("column", p.amount_column);
  amount.number("default", p.default_amount, 0, 1e12);
  amount.number("min", p.min_amount, 0, 1e12);
  amount.number("max", p.max_amount, 0, 1e12);
  amount.number("max_expected_loss", p.max_expected_loss, 0, 1e12);
  amount.text("income_column", p.income_column);
  amount.number("max_instalment_share", p.max_instalment_share, 0, 1);
  amount.text("term_column", p.term_column);
  amount.integer("default_term_months", p.default_term_months, 1, 600);
  amount.finish();
  if (p.amount_column.empty() && !(p.default_amount > 0)) amount.fail("column", "or amount.default is needed");
  if (p.min_amount > p.max_amount) amount.fail("min", "is above amount.max");
  Section stages(root, "stages", where);
  stages.text("days_past_due_column", p.days_past_due_column);
  stages.text("origination_pd_column", p.origination_pd_column);
  stages.integer("stage_2_days", p.stages.stage_2_days, 1, 1000);
  stages.integer("stage_3_days", p.stages.stage_3_days, 1, 1000);
  stages.number("pd_ratio", p.stages.pd_ratio, 1, 1000);
  stages.number("pd_increase", p.stages.pd_increase, 0, 1);
  stages.finish();
  return p;
}

CreditPolicy read_policy(const std::filesystem::path& file) {
  return parse_policy(base::read_file(file), file.string());
}

}  // namespace ballast::risk
