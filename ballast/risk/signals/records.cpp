// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/signals/records.h"

#include <algorithm>

#include "ballast/base/json.h"
#include "ballast/text/preprocess.h"

namespace ballast::risk {
namespace {

using base::Json;

Json entities_json(const std::vector<Entity>& entities) {
  Json list = Json::array();
  for (const Entity& e : entities) {
    list.push_back(
        {{"text", e.text}, {"kind", e.kind}, {"start", e.start}, {"end", e.end}, {"canonical", e.canonical}});
  }
  return list;
}

Json evidence_json(const std::vector<Evidence>& evidence) {
  Json list = Json::array();
  for (const Evidence& e : evidence) {
    list.push_back({{"start", e.start}, {"end", e.end}, {"text", e.text}, {"weight", e.weight}});
  }
  return list;
}

Json signal_json(const Signal& s) {
  return {{"id", s.id},
          {"document_id", s.document_id},
          {"risk", s.risk},
          {"probability", s.probability},
          {"interval", s.interval},
          {"basel", s.basel},
          {"entities", entities_json(s.entities)},
          {"evidence", evidence_json(s.evidence)},
          {"model", s.model},
          {"created_at", s.created_at}};
}

std::vector<Evidence> parse_evidence(const std::string& json, const std::string& where) {
  std::vector<Evidence> list;
  for (const Json& e : base::parse_json(json, where)) {
    list.push_back({base::json_field<std::size_t>(e, "start", where), base::json_field<std::size_t>(e, "end", where),
                    base::json_field<std::string>(e, "text", where), base::json_field<double>(e, "weight", where)});
  }
  return list;
}

}  // namespace

std::string to_json_row(const DocumentRisk& risk, bool all) {
  Json signals = Json::array();
  for (const Signal& signal : risk.signals) {
    if (all || signal.listed) signals.push_back(signal_json(signal));
  }
  return base::dump_json({{"document_id", risk.document_id},
                          {"lang", risk.lang},
                          {"sentiment", risk.sentiment},
                          {"sentiment_probability", risk.sentiment_probability},
                          {"severity", risk.severity},
                          {"severity_probability", risk.severity_probability},
                          {"signals", signals}});
}

store::AssessedDocument to_record(const store::DocumentRecord& document, const DocumentRisk& risk, std::uint64_t seed) {
  store::AssessedDocument record;
  record.document = document;
  record.document.lang = risk.lang;
  record.assessment = {risk.document_id,          risk.model, risk.sentiment, risk.sentiment_probability, risk.severity,
                       risk.severity_probability, "",         risk.created_at};
  Json kinds = Json::object();
  const std::string entities = base::dump_json(entities_json(risk.entities));
  for (const Signal& s : risk.signals) {
    kinds[s.risk] = {s.probability, s.interval[0], s.interval[1]};
    if (!s.listed) continue;
    record.signals.push_back({s.id, s.document_id, s.risk, s.probability, s.interval[0], s.interval[1], s.basel,
                              entities, base::dump_json(evidence_json(s.evidence)), s.model, seed, s.created_at});
  }
  record.assessment.kinds = base::dump_json(kinds);
  for (const Entity& e : risk.entities) {
    record.entities.push_back(
        {e.text, e.kind, static_cast<std::int64_t>(e.start), static_cast<std::int64_t>(e.end), e.canonical});
  }
  return record;
}

DocumentRisk from_record(const store::AssessedDocument& stored) {
  DocumentRisk risk;
  const store::AssessmentRecord& a = stored.assessment;
  risk.document_id = a.document_id;
  // A document that was ingested before it was scanned is stored with the language that its source named, often none.
  const std::string& lang = stored.document.lang;
  risk.lang = lang.empty() ? text::language_name(text::detect_language(stored.document.text).language) : lang;
  risk.sentiment = a.sentiment;
  risk.sentiment_probability = a.sentiment_probability;
  risk.severity = a.severity;
  risk.severity_probability = a.severity_probability;
  risk.model = a.model;
  risk.created_at = a.created_at;
  for (const store::EntityRecord& e : stored.entities) {
    risk.entities.push_back(
        {e.text, e.kind, static_cast<std::size_t>(e.start), static_cast<std::size_t>(e.end), e.canonical});
  }
  const std::string where = "stored assessment of " + a.document_id;
  const Json kinds = base::parse_json(a.kinds, where);
  for (const auto& [kind, numbers] : kinds.items()) {
    Signal signal;
    signal.id = store::signal_id(a.document_id, kind, a.model);
    signal.document_id = a.document_id;
    signal.risk = kind;
    signal.probability = numbers.at(0).get<double>();
    signal.interval = {numbers.at(1).get<double>(), numbers.at(2).get<double>()};
    signal.entities = risk.entities;
    signal.model = a.model;
    signal.created_at = a.created_at;
    const auto listed = std::find_if(stored.signals.begin(), stored.signals.end(),
                                     [&](const store::SignalRecord& s) { return s.risk == kind; });
    if (listed != stored.signals.end()) {
      signal.listed = true;
      signal.basel = listed->basel;
      signal.evidence = parse_evidence(listed->evidence, where);
    }
    risk.signals.push_back(std::move(signal));
  }
  return risk;
}

}  // namespace ballast::risk
