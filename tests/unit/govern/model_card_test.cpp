// SPDX-License-Identifier: Apache-2.0
#include "ballast/govern/model_card.h"

#include <gmock/gmock.h>

namespace ballast::govern {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

/// What a credit run writes down, as far as a card reads it.
base::Json credit_document() {
  return base::Json::parse(R"({
    "champion": "boosted", "rows": 700, "default_rate": 0.3,
    "training": {"label": "label", "bad": "bad", "protected": ["sex"], "allowed": [], "drop": [], "folds": 5, "seed": 42,
                 "fairness_limit": null, "data": [{"file": "a|b <c>.csv", "sha256": "abc"}]},
    "candidates": [
      {"name": "scorecard", "auc": 0.78, "auc_interval": [0.74, 0.82], "brier": 0.17, "log_loss": 0.5, "ece": 0.01,
       "ece_chance_95": 0.04, "auc_difference": -0.01, "p_value": 0.4},
      {"name": "boosted", "auc": 0.79, "auc_interval": [0.75, 0.83], "brier": 0.165, "log_loss": 0.49, "ece": 0.06,
       "ece_chance_95": 0.04, "reliability": [{"rows": 70, "mean_pd": 0.1, "observed": 0.12},
                                              {"rows": 70, "mean_pd": 0.6, "observed": 0.7}]}],
    "fairness": [{"column": "sex", "thresholds": [{"threshold": 0.3, "groups": [
        {"group": "f", "rows": 200, "approval_rate": 0.4, "adverse_impact": 0.6, "judged": true},
        {"group": "x", "rows": 5, "approval_rate": 0.1, "adverse_impact": 0.2, "judged": false}]}],
      "calibration": [{"group": "f", "mean_pd": 0.3, "observed": 0.5, "p_value": 0.001}]}],
    "warnings": [], "ranges": {"income": [900, 5000]},
    "schema": [{"name": "income", "kind": "numeric"}, {"name": "use", "kind": "categorical", "had_missing": true,
                "levels": ["car", "home"]}]})");
}

CardInputs credit_inputs() {
  CardInputs in;
  in.model.kind = "credit";
  in.model.name = "german";
  in.model.hash = "0123";
  in.model.document = credit_document();
  in.model.figures = {{"auc", 0.79}};
  in.build = "0.1.0+abc";
  in.made_at = "2026-11-26T00:00:00Z";
  return in;
}

TEST(ModelCard, StandsUnderTheHeadingsThatSupervisorsUse) {
  const std::string text = card_markdown(make_model_card(credit_inputs()));
  std::size_t at = 0;
  for (const char* heading : {"## Open points", "## 1. Purpose and scope", "## 2. Data", "## 3. Conceptual soundness",
                              "## 4. Development evidence", "## 5. Outcomes analysis", "## 6. Ongoing monitoring",
                              "## 7. Limitations", "## 8. Governance"}) {
    const std::size_t found = text.find(heading, at);
    ASSERT_NE(found, std::string::npos) << heading;
    at = found;
  }
  EXPECT_THAT(text, HasSubstr("| boosted (champion) | 0.790 [0.750, 0.830] |"));
  EXPECT_THAT(text, HasSubstr("| a\\|b <c>.csv | abc |"));  // a bar in a name does not end the cell
  EXPECT_THAT(text, HasSubstr("| income | numeric | 900 to 5000 | no |\n| use | categorical | car; home | yes |"));
}

TEST(ModelCard, ThePageEscapesWhatComesFromOutside) {
  const std::string page = card_html(make_model_card(credit_inputs()));
  EXPECT_THAT(page, HasSubstr("a|b &lt;c&gt;.csv"));
  EXPECT_THAT(page, Not(HasSubstr("<c>")));
  EXPECT_THAT(page, HasSubstr("<polyline"));  // reliability of the champion
}

TEST(ModelCard, ObjectsToWhatAValidatorWouldObjectTo) {
  const auto points = card_objections(credit_inputs());
  EXPECT_THAT(points, Contains(HasSubstr("No result on rows that training never saw")));
  EXPECT_THAT(points, Contains(HasSubstr("not calibrated out of fold: ECE 0.060, by chance up to 0.040")));
  EXPECT_THAT(points, Contains(HasSubstr("not rank significantly better than scorecard")));
  EXPECT_THAT(points, Contains(HasSubstr("sex \"f\" is approved at 0.60")));
  EXPECT_THAT(points, Contains(HasSubstr("PDs of sex \"f\" do not fit")));
  EXPECT_THAT(points, Contains(HasSubstr("700 rows only")));
  EXPECT_THAT(points, Contains(HasSubstr("not in the inventory")));
  EXPECT_THAT(points, Each(Not(HasSubstr("\"x\""))));  // too few to judge
}

TEST(ModelCard, AnOwnerWhoPromotedHisModelIsNamed) {
  CardInputs in = credit_inputs();
  store::ModelRecord record;
  record.role = "champion", record.owner = "ann", record.promoted_by = "ann", record.tier = "1";
  record.limits = R"(["auc>=0.7"])", record.evidence = "[]";
  in.record = record;
  EXPECT_THAT(card_objections(in), Contains(HasSubstr("nobody independent")));
  in.record->promoted_by = "bo";
  EXPECT_THAT(card_objections(in), Each(Not(HasSubstr("nobody independent"))));
  EXPECT_THAT(card_markdown(make_model_card(in)), HasSubstr("| limits, enforced at promotion | auc>=0.7 |"));
}

TEST(ModelCard, ProvenanceGoesInAsItIs) {
  CardInputs in = credit_inputs();
  EXPECT_THAT(card_objections(in), Contains(HasSubstr("licence of the data are not said")));
  in.provenance = CardProvenance{"P.md", "ff", "# head\n\nLicence: CC BY\n|---|\n"};
  EXPECT_THAT(card_objections(in), Each(Not(HasSubstr("licence"))));
  EXPECT_THAT(card_markdown(make_model_card(in)), HasSubstr("by P.md (SHA-256 ff):\n\n- Licence: CC BY\n\n"));
}

TEST(ModelCard, AFolderWithoutARunIsNoReasonToFail) {
  CardInputs in;
  in.model.kind = "language";
  in.model.name = "m";
  in.model.folder = "/nowhere";
  in.model.document = base::Json::object();
  EXPECT_THAT(card_objections(in), Contains(HasSubstr("No training.json")));
  EXPECT_THAT(card_markdown(make_model_card(in)), HasSubstr("## 8. Governance"));
}

}  // namespace
}  // namespace ballast::govern
