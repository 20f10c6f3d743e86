// SPDX-License-Identifier: Apache-2.0
// A verdict as a record: what was asked, what was answered and why, by which model, policy and build. A desk fills in a
// Decision, keep() stores it before anyone sees it, and later it can be explained, and repeated and compared bit for
// bit.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/store/store.h"

namespace ballast::decide {

struct Reason {
  std::string code, text;
  double contribution = 0;  // the base value plus all contributions is the score
};

struct Cost {
  double seconds = 0;
  std::int64_t tokens = 0;
  std::int64_t peak_memory = 0;  // bytes
};

struct Decision {
  std::string id;             // see seal()
  std::string kind, subject;  // "credit" about an applicant, "trade" about an instrument …
  base::Json inputs;          // all that the verdict was computed from; a person's data, erasable
  std::string inputs_hash;    // stays when the inputs are erased
  std::string model, model_hash, policy_hash;
  std::string build, isa;
  std::uint64_t seed = 42;
  base::Json outcome;  // "approve", or an object with amount, rate …
  std::optional<double> probability;
  std::optional<std::array<double, 2>> interval;  // 90 %
  std::vector<Reason> reasons;
  Cost cost;
  std::string created_at;  // RFC 3339, UTC
};

/// JSON with the keys of every object in byte order and no white space: equal values give equal bytes. Numbers are the
/// shortest text that reads back to the same double.
std::string canonical_json(const base::Json& value);

/// Fills in inputs_hash = SHA-256 of the canonical inputs, created_at where empty, and the id: the first 16 hexadecimal
/// digits of SHA-256 over kind, subject, inputs_hash, model_hash, policy_hash, build, isa and seed. The same question
/// to the same build is the same decision.
void seal(Decision& decision);

/// The record of DESIGN's vocabulary, one object.
base::Json decision_json(const Decision& decision);

/// Seals and stores, all in one transaction. Call it before a verdict is shown. A decision that is there already keeps
/// its first record.
void keep(store::Store& store, std::span<Decision> decisions);
/// Nothing where there is no such id.
std::optional<Decision> find(store::Store& store, const std::string& id);

struct Difference {
  std::string field, was, now;  // as JSON
};

/// What a repeated decision says otherwise: every field but id, cost and created_at; doubles compare bit for bit.
std::vector<Difference> differences(const Decision& was, const Decision& now);

}  // namespace ballast::decide
