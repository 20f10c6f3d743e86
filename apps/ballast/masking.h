// SPDX-License-Identifier: Apache-2.0
// Personal data masked before training, and the report of it that stands in training.json.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ballast/base/json.h"
#include "ballast/ingest/record.h"
#include "ballast/store/store.h"
#include "verb.h"

namespace ballast::apps {

struct MaskingReport {
  std::int64_t texts = 0, touched = 0;         // touched: texts in which something was masked
  std::map<std::string, std::int64_t> places;  // by kind
};

/// Masks each text by itself: the first name of every text is [NAME_1], so that a placeholder says nothing about a
/// person from one text to the next.
void mask_texts(std::vector<std::string>& texts, MaskingReport& report);

/// {"masked": true, "texts", "touched", "places": {kind: count}}; {"masked": false} without --mask-personal-data.
base::Json masking_json(bool masked, const MaskingReport& report);
void say_masking(const Common& common, const MaskingReport& report);

/// A row that was set aside, as the store keeps it: personal data in excerpt and reason is masked first, since the
/// audit trail takes both into an entry that nobody can change.
store::QuarantineRecord quarantine_record(const ingest::Quarantined& row, const std::string& at);

}  // namespace ballast::apps
