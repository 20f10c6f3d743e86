// SPDX-License-Identifier: Apache-2.0
// Offers to customers: a catalogue of products, filtered by suitability first and ranked by expected value after; and
// what such a policy would have earned on customers whose answer is known.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::risk {

/// A condition on one column of the customer.
struct SuitabilityRule {
  std::string column;
  std::string test;                 // "=", "!=", "<", "<=", ">", ">=", "in", "not in"
  std::vector<std::string> values;  // one, or any number for the last two
};

struct Offer {
  std::string product;
  double value = 0;   // what an accepted offer earns
  double cost = 0;    // of making it
  std::string model;  // folder of the model of its acceptance; empty: the one that is given to all
  std::vector<SuitabilityRule> suitability;  // all must hold
};

/// [[offer]] tables of a TOML text: product, value, cost, model and suitability = [{column, test, value}]. Throws
/// bad_input naming `where` and the line.
std::vector<Offer> parse_offers(const std::string& text, const std::string& where);

/// The text of a customer's column; nothing where it is absent or missing.
using CustomerColumn = std::function<std::optional<std::string>(const std::string& column)>;

/// The first rule that does not hold; nothing where the offer suits. A missing value, or text where a number is
/// compared, never holds: what is not known about a customer cannot show that an offer suits.
const SuitabilityRule* failed_rule(const Offer& offer, const CustomerColumn& customer);
inline bool suitable(const Offer& offer, const CustomerColumn& customer) {
  return failed_rule(offer, customer) == nullptr;
}

struct Recommendation {
  std::size_t offer = 0;  // index into the catalogue
  double probability = 0, expected_value = 0;
};

/// Why an offer is not made.
enum class LeftOutKind { unsuitable, not_worth_it, beyond_the_limit };
const char* left_out_name(LeftOutKind kind);

struct LeftOut {
  std::size_t offer = 0;
  LeftOutKind kind = LeftOutKind::unsuitable;
  std::string en, zh;  // "age is 17, and the offer needs age >= 18"
};

struct Recommendations {
  std::vector<Recommendation> offers;  // the best first
  std::vector<LeftOut> left_out;       // in the catalogue's order
};

/// Suitability first: offers whose rules do not all hold are out, whatever they would earn. Of the others those with a
/// positive expected value = probability · value − cost, the highest first (equal ones in the catalogue's order), at
/// most `most` (0: all). `probabilities` are of acceptance, one an offer.
Recommendations recommend(std::span<const Offer> offers, std::span<const double> probabilities,
                          const CustomerColumn& customer, std::size_t most = 0);

}  // namespace ballast::risk
