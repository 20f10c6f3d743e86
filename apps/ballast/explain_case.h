// SPDX-License-Identifier: Apache-2.0
// What would have changed an application's outcome, and training cases like it.
#pragma once

#include <string>
#include <vector>

#include "ballast/decide/credit_desk.h"
#include "verb.h"

namespace ballast::apps {

struct CaseOptions {
  std::string changes, language = "en";
  std::vector<std::string> training;
  int near = 5;
};
void add_case_options(CLI::App& verb, CaseOptions& options);

/// Prints both, as far as they are asked for.
void explain_application(const decide::CreditDesk& desk, const ingest::Record& application, const CaseOptions& options,
                         const Common& common);

void add_explain_case(CLI::App& explain, Common& common);

}  // namespace ballast::apps
