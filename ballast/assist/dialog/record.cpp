// SPDX-License-Identifier: Apache-2.0
#include "ballast/assist/record.h"

#include <filesystem>

namespace ballast::assist {

using base::Json;

namespace {

Json citations_json(const Answer& answer) {
  Json out = Json::array();
  for (const Citation& c : answer.citations) {
    out.push_back({{"source", c.source},
                   {"anchor", c.anchor},
                   {"heading", c.heading},
                   {"quote", c.quote},
                   {"start", c.begin},
                   {"end", c.end}});
  }
  return out;
}

Json outcome_json(const Answer& answer) {
  Json out = {{"outcome", outcome_name(answer.outcome)},
              {"text", answer.text},
              {"language", answer.language},
              {"citations", citations_json(answer)},
              {"suggestions", answer.suggestions}};
  if (answer.hand_over)
    out["hand_over"] = {{"reason", answer.hand_over->reason}, {"summary", answer.hand_over->summary}};
  if (answer.intent) out["intent"] = {{"label", answer.intent->label}, {"probability", answer.intent->probability}};
  return out;
}

}  // namespace

Json answer_json(const Answer& answer, const Assistant& assistant) {
  Json out = outcome_json(answer);
  out["confidence"] = answer.confidence;
  out["understood"] = answer.understood;
  out["follow_up"] = answer.follow_up;
  Json hits = Json::array();
  for (const Hit& h : answer.hits) {
    hits.push_back({{"place", assistant.knowledge().passages[h.passage].place()},
                    {"score", h.score},
                    {"bm25", h.words},
                    {"cosine", h.vectors},
                    {"coverage", h.coverage}});
  }
  out["passages"] = hits;
  return out;
}

decide::Decision answer_record(const Assistant& assistant, const Asked& asked, const Answer& answer,
                               const std::string& subject) {
  const AssistantOptions& o = assistant.options();
  // Replay must find them again from another folder.
  Json knowledge = Json::array();
  for (const std::string& source : o.knowledge)
    knowledge.push_back(std::filesystem::absolute(source).lexically_normal().string());
  decide::Decision d;
  d.kind = "answer";
  d.subject = subject;
  d.inputs = {{"question", asked.question},
              {"previous", asked.previous},
              {"previous_topic", asked.previous_topic},
              {"knowledge", knowledge},
              {"knowledge_hash", assistant.knowledge().hash},
              {"model", o.model.empty() ? "none" : o.model.string()},
              {"intents", o.intents.string()},
              {"threshold", o.threshold}};
  if (!o.writer.empty()) d.inputs["writer"] = std::filesystem::absolute(o.writer).lexically_normal().string();
  d.model = "assist";
  d.model_hash = assistant.identity();
  d.seed = 0;  // nothing is drawn
  d.outcome = outcome_json(answer);
  d.probability = answer.confidence;
  const char* const names[] = {"coverage", "heading", "unseen", "cosine", "lead", "strength"};
  const char* const words[] = {"share of the question's words, by rarity, that the passage holds",
                               "share that its heading holds",
                               "share that no passage holds",
                               "cosine of the vectors",
                               "lead over the second passage",
                               "BM25 of the passage over the weight of the question"};
  const ConfidenceModel& model = default_confidence();
  for (std::size_t i = 0; i < answer.features.size(); ++i)
    d.reasons.push_back({names[i], words[i], answer.features[i] * model.weights[i]});
  return d;
}

Asked asked_of(const decide::Decision& record) {
  const std::string where = "decision " + record.id;
  const auto field = [&](const char* name) { return base::json_field<std::string>(record.inputs, name, where); };
  return {field("question"), field("previous"), field("previous_topic")};
}

}  // namespace ballast::assist
