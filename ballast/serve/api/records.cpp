// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/api/records.h"

#include "ballast/decide/decision.h"

namespace ballast::serve {

using base::Json;

Json or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

namespace {

Json parsed_or_null(const std::string& text, const std::string& where) {
  return text.empty() ? Json() : base::parse_json(text, where);
}

Json document_json(const store::DocumentRecord& d) {
  return {{"id", d.id},
          {"title", d.title},
          {"text", d.text},
          {"lang", d.lang},
          {"source", d.source},
          {"published_at", or_null(d.published_at)},
          {"created_at", d.created_at}};
}

}  // namespace

Json to_json(const store::AssessmentRecord& a) {
  return {{"model", a.model},
          {"sentiment", or_null(a.sentiment)},
          {"sentiment_probability", a.sentiment_probability},
          {"severity", a.severity},
          {"severity_probability", a.severity_probability},
          {"kinds", parsed_or_null(a.kinds, "assessment of " + a.document_id)},
          {"created_at", a.created_at}};
}

Json to_json(const store::ListedDocument& d) {
  Json json = document_json(d.document);
  json["assessment"] = d.assessment ? to_json(*d.assessment) : Json();
  return json;
}

Json to_json(const store::ListedSignal& s) {
  const std::string where = "signal " + s.signal.id;
  return {{"id", s.signal.id},
          {"document_id", s.signal.document_id},
          {"risk", s.signal.risk},
          {"probability", s.signal.probability},
          {"interval", {s.signal.lo, s.signal.hi}},
          {"basel", or_null(s.signal.basel)},
          {"severity", s.severity},
          {"severity_probability", s.severity_probability},
          {"sentiment", or_null(s.sentiment)},
          {"entities", parsed_or_null(s.signal.entities, where)},
          {"evidence", parsed_or_null(s.signal.evidence, where)},
          {"document", document_json(s.document)},
          {"feedback", s.feedback ? to_json(*s.feedback) : Json()},
          {"model", s.signal.model},
          {"created_at", s.signal.created_at}};
}

Json to_json(const store::EntityRecord& e) {
  return {{"text", e.text}, {"kind", e.kind}, {"start", e.start}, {"end", e.end}, {"canonical", e.canonical}};
}

Json to_json(const store::ListedEntity& e) {
  return {{"name", e.name},
          {"kind", e.kind},
          {"documents", e.documents},
          {"signals", e.signals},
          {"max_severity", e.max_severity},
          {"last_seen", or_null(e.last_seen)},
          {"risks", e.risks}};
}

Json to_json(const store::ListedDecision& one) {
  const store::DecisionRecord& d = one.decision;
  const std::string where = "decision " + d.id;
  const Json result = base::parse_json(d.result, where);
  const auto part = [&](const char* name) { return result.contains(name) ? result.at(name) : Json(); };
  return {{"id", d.id},
          {"kind", d.kind},
          {"subject", d.subject},
          {"outcome", part("outcome")},
          {"probability", part("probability")},
          {"interval", part("interval")},
          {"reasons", part("reasons")},
          {"model", d.model},
          {"model_hash", d.model_hash},
          {"policy_hash", or_null(d.policy_hash)},
          {"build", d.build},
          {"isa", d.isa},
          {"seed", d.seed},
          {"cost", parsed_or_null(d.cost, where)},
          {"created_at", d.created_at},
          {"override", one.override ? to_json(*one.override) : Json()}};
}

Json to_json(const store::AlertRecord& a) {
  return {{"id", a.id},
          {"kind", a.kind},
          {"severity", a.severity},
          {"title", a.title},
          {"subject_id", a.subject_id},
          {"document_id", or_null(a.document_id)},
          {"status", a.status},
          {"case_id", or_null(a.case_id)},
          {"acknowledged_by", or_null(a.acknowledged_by)},
          {"acknowledged_at", or_null(a.acknowledged_at)},
          {"note", or_null(a.note)},
          {"created_at", a.created_at}};
}

Json to_json(const store::FeedbackRecord& f) {
  return {{"id", f.id},
          {"subject_kind", f.subject_kind},
          {"subject_id", f.subject_id},
          {"verdict", f.verdict},
          {"risk", or_null(f.risk)},
          {"severity", f.severity < 0 ? Json() : Json(f.severity)},
          {"note", or_null(f.note)},
          {"actor", f.actor},
          {"at", f.created_at}};
}

Json to_json(const store::OverrideRecord& o) {
  return {{"id", o.id},
          {"decision_id", o.decision_id},
          {"outcome", o.outcome},
          {"reason", o.reason},
          {"status", o.status},
          {"proposed_by", o.proposed_by},
          {"proposed_at", o.created_at},
          {"decided_by", or_null(o.decided_by)},
          {"decided_at", or_null(o.decided_at)},
          {"note", or_null(o.note)}};
}

Json to_json(const store::JobRecord& j) {
  const std::string where = "job " + j.id;
  return {{"id", j.id},
          {"kind", j.kind},
          {"status", j.status},
          {"progress", parsed_or_null(j.progress, where)},
          {"result", parsed_or_null(j.result, where)},
          {"error", parsed_or_null(j.error, where)},
          {"created_by", j.created_by},
          {"created_at", j.created_at},
          {"started_at", or_null(j.started_at)},
          {"finished_at", or_null(j.finished_at)}};
}

Json to_json(const store::LossEventRecord& l) {
  return {{"id", l.id},
          {"occurred_on", l.occurred_on},
          {"type", l.type},
          {"category", or_null(l.category)},
          {"amount", l.amount},
          {"recovery", or_null(l.recovery)},
          {"currency", l.currency},
          {"description", l.description},
          {"created_at", l.created_at}};
}

Json to_json(const store::QuarantineRecord& q) {
  return {{"source", q.source}, {"line", q.line},       {"column", or_null(q.column)},
          {"reason", q.reason}, {"excerpt", q.excerpt}, {"created_at", q.created_at}};
}

Json to_json(const store::UserRecord& u) {
  return {{"name", u.name}, {"role", u.role}, {"disabled", u.disabled}, {"created_at", u.created_at}};
}

Json to_json(const store::KeyRecord& k) {
  return {{"id", k.id},
          {"name", k.name},
          {"role", k.role},
          {"created_at", k.created_at},
          {"last_used_at", or_null(k.last_used_at)},
          {"revoked_at", or_null(k.revoked_at)}};
}

Json to_json(const risk::DocumentRisk& risk, bool all) {
  Json json = base::parse_json(risk::to_json_row(risk, all), "scan");
  json["entities"] = Json::array();
  for (const risk::Entity& e : risk.entities) {
    json["entities"].push_back(
        {{"text", e.text}, {"kind", e.kind}, {"start", e.start}, {"end", e.end}, {"canonical", e.canonical}});
  }
  return json;
}

}  // namespace ballast::serve
