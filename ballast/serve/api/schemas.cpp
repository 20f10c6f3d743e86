// SPDX-License-Identifier: Apache-2.0
// The named schemas: what the objects of the API look like.
#include "ballast/serve/app.h"

namespace ballast::serve {
namespace {

using namespace schema;

Json maybe(Json s) {
  return nullable(std::move(s));
}

Json interval() {
  return array(number());
}

void add_found(Routes& r) {
  r.name_schema("Assessment", object({{"model", text()},
                                      {"sentiment", maybe(text())},
                                      {"sentiment_probability", number(0, 1)},
                                      {"severity", integer(0, 3)},
                                      {"severity_probability", number(0, 1)},
                                      {"kinds", any()},
                                      {"created_at", text()}}));
  r.name_schema(
      "Entity",
      object({{"text", text()}, {"kind", text()}, {"start", integer()}, {"end", integer()}, {"canonical", text()}}));
  r.name_schema("Evidence", object({{"start", integer()}, {"end", integer()}, {"text", text()}, {"weight", number()}}));
  const std::vector<std::pair<std::string, Json>> document = {{"id", text()},        {"title", text()},
                                                              {"text", text()},      {"lang", text()},
                                                              {"source", text()},    {"published_at", maybe(text())},
                                                              {"created_at", text()}};
  r.name_schema("DocumentText", object(document));
  auto with = document;
  with.emplace_back("assessment", maybe(ref("Assessment")));
  r.name_schema("Document", object(with));
  with.emplace_back("signals", array(ref("Signal")));
  with.emplace_back("entities", array(ref("Entity")));
  r.name_schema("DocumentDetail", object(with));
  std::vector<std::pair<std::string, Json>> signal = {{"id", text()},
                                                      {"document_id", text()},
                                                      {"risk", text()},
                                                      {"probability", number(0, 1)},
                                                      {"interval", interval()},
                                                      {"basel", maybe(text())},
                                                      {"severity", integer(0, 3)},
                                                      {"severity_probability", number(0, 1)},
                                                      {"sentiment", maybe(text())},
                                                      {"entities", array(ref("Entity"))},
                                                      {"evidence", array(ref("Evidence"))},
                                                      {"document", ref("DocumentText")},
                                                      {"feedback", maybe(ref("Feedback"))},
                                                      {"model", text()},
                                                      {"created_at", text()}};
  r.name_schema("Signal", object(signal));
  signal.emplace_back("similar", array(ref("Signal")));
  r.name_schema("SignalDetail", object(signal));
  r.name_schema("Scanned", open_object({{"document_id", text()},
                                        {"lang", text()},
                                        {"severity", integer(0, 3)},
                                        {"signals", array(any())},
                                        {"entities", array(ref("Entity"))}}));
  r.name_schema("EntityCounts", object({{"name", text()},
                                        {"kind", text()},
                                        {"documents", integer()},
                                        {"signals", integer()},
                                        {"max_severity", integer()},
                                        {"last_seen", maybe(text())},
                                        {"risks", map_of(integer())}}));
}

void add_done(Routes& r) {
  r.name_schema("Feedback", object({{"id", text()},
                                    {"subject_kind", text()},
                                    {"subject_id", text()},
                                    {"verdict", text()},
                                    {"risk", maybe(text())},
                                    {"severity", maybe(integer())},
                                    {"note", maybe(text())},
                                    {"actor", text()},
                                    {"at", text()}}));
  r.name_schema("Alert", object({{"id", text()},
                                 {"kind", text()},
                                 {"severity", integer()},
                                 {"title", text()},
                                 {"subject_id", text()},
                                 {"document_id", maybe(text())},
                                 {"status", word({"open", "acknowledged", "closed"})},
                                 {"case_id", maybe(text())},
                                 {"acknowledged_by", maybe(text())},
                                 {"acknowledged_at", maybe(text())},
                                 {"note", maybe(text())},
                                 {"created_at", text()}}));
  r.name_schema("Case", open_object({{"id", text()},
                                     {"kind", text()},
                                     {"subject", text()},
                                     {"status", word({"open", "closed"})},
                                     {"assignee", any()},
                                     {"created_at", text()},
                                     {"events", array(any())}}));
  r.name_schema("Override", object({{"id", text()},
                                    {"decision_id", text()},
                                    {"outcome", text()},
                                    {"reason", text()},
                                    {"status", word({"proposed", "approved", "refused"})},
                                    {"proposed_by", text()},
                                    {"proposed_at", text()},
                                    {"decided_by", maybe(text())},
                                    {"decided_at", maybe(text())},
                                    {"note", maybe(text())}}));
  const std::vector<std::pair<std::string, Json>> decision = {
      {"id", text()},      {"kind", text()},   {"subject", text()}, {"outcome", any()},     {"probability", any()},
      {"interval", any()}, {"reasons", any()}, {"model", text()},   {"model_hash", text()}, {"policy_hash", any()},
      {"build", text()},   {"isa", text()},    {"seed", integer()}, {"cost", any()},        {"created_at", text()}};
  auto with = decision;
  with.emplace_back("override", maybe(ref("Override")));
  r.name_schema("Decision", object(with));
  r.name_schema("DecisionDetail", open_object({{"id", text()}, {"kind", text()}, {"created_at", text()}}));
  r.name_schema("Job", object({{"id", text()},
                               {"kind", text()},
                               {"status", word({"queued", "running", "done", "failed", "cancelled"})},
                               {"progress", any()},
                               {"result", any()},
                               {"error", any()},
                               {"created_by", text()},
                               {"created_at", text()},
                               {"started_at", maybe(text())},
                               {"finished_at", maybe(text())}}));
  r.name_schema("Loss", object({{"id", text()},
                                {"occurred_on", text()},
                                {"type", text()},
                                {"category", maybe(text())},
                                {"amount", text()},
                                {"recovery", maybe(text())},
                                {"currency", text()},
                                {"description", text()},
                                {"created_at", text()}}));
  r.name_schema("Quarantined", object({{"source", text()},
                                       {"line", integer()},
                                       {"column", maybe(text())},
                                       {"reason", text()},
                                       {"excerpt", text()},
                                       {"created_at", text()}}));
}

}  // namespace

void add_schemas(Routes& r) {
  r.name_schema("Problem", open_object({{"type", text()},
                                        {"title", text()},
                                        {"status", integer()},
                                        {"detail", text()},
                                        {"instance?", text()},
                                        {"where?", text()},
                                        {"hint?", text()},
                                        {"request_id?", text()}}));
  r.name_schema("User", object({{"name", text()}, {"role", text()}, {"disabled", boolean()}, {"created_at", text()}}));
  r.name_schema("Key", open_object({{"id", text()},
                                    {"name", text()},
                                    {"role", text()},
                                    {"created_at", text()},
                                    {"last_used_at", maybe(text())},
                                    {"revoked_at", maybe(text())}}));
  r.name_schema("Session", open_object({{"mode", word({"open", "session", "key", "none"})},
                                        {"user", maybe(text())},
                                        {"role", text()},
                                        {"csrf", maybe(text())},
                                        {"version", text()},
                                        {"features", map_of(boolean())}}));
  add_found(r);
  add_done(r);
}

}  // namespace ballast::serve
