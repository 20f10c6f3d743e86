// SPDX-License-Identifier: Apache-2.0
// Signals and the entities that they name, why a model says so, and what people say of it.
#include <fmt/format.h>

#include <algorithm>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/lm/attention_maps.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/auth/secrets.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/desks.h"

namespace ballast::serve {
namespace {

using namespace schema;

constexpr std::int64_t kSimilar = 5;

store::SignalFilter filter_of(const Request& request) {
  store::SignalFilter filter;
  filter.risks = words_asked(request, "risk");
  filter.min_probability = number_asked(request, "min_probability", 0);
  filter.min_severity = static_cast<int>(number_asked(request, "min_severity", 0));
  filter.entity = request.asked("entity", "");
  filter.words = request.asked("q", "");
  filter.document_id = request.asked("document_id", "");
  filter.span = span_of(request);
  const std::string order = request.asked("order", "newest");
  filter.order = order == "probability" ? store::SignalOrder::probability
                 : order == "severity"  ? store::SignalOrder::severity
                                        : store::SignalOrder::newest;
  return filter;
}

store::ListedSignal find_signal(store::Lists& lists, const std::string& id, const std::string& as_of) {
  store::SignalFilter filter;
  filter.id = id;
  auto found = lists.signals(filter, {1, "", as_of});
  if (found.items.empty()) throw Problem(404, "there is no such signal");
  return std::move(found.items.front());
}

Response one_signal(App& app, const Request& request) {
  const auto store = app.stores.lend();
  store::Lists lists(*store);
  const auto signal = find_signal(lists, request.parameter("id"), as_of_of(request));
  Json json = to_json(signal);
  Json similar = Json::array();
  for (const Json& entity : json["entities"]) {
    if (!similar.empty()) break;
    store::SignalFilter filter;
    filter.risks = {signal.signal.risk};
    filter.entity = entity.value("canonical", "");
    if (filter.entity.empty() || entity.value("kind", "") == "date" || entity.value("kind", "") == "money") continue;
    for (const auto& other : lists.signals(filter, {kSimilar + 1, "", ""}).items) {
      if (other.signal.id != signal.signal.id && similar.size() < kSimilar) similar.push_back(to_json(other));
    }
  }
  json["similar"] = std::move(similar);
  return json_response(json);
}

Response attribution(App& app, const Request& request) {
  const auto& model = app.desks->classifier();
  const auto store = app.stores.lend();
  store::Lists lists(*store);
  const auto signal = find_signal(lists, request.parameter("id"), "");
  const auto& heads = model->heads();
  const auto head = std::find_if(heads.begin(), heads.end(), [](const lm::Head& h) { return h.name == "risk"; });
  const auto label = std::find(head->labels.begin(), head->labels.end(), signal.signal.risk);
  if (label == head->labels.end()) throw Problem(409, "the model in service does not know this kind of risk");
  Json tokens = Json::array();
  const std::string& words = signal.document.text;
  for (const lm::Attribution& a : model->attribute(words, static_cast<std::size_t>(head - heads.begin()),
                                                   static_cast<std::size_t>(label - head->labels.begin()))) {
    tokens.push_back(
        {{"start", a.start}, {"end", a.end}, {"text", words.substr(a.start, a.end - a.start)}, {"weight", a.weight}});
  }
  return json_response({{"risk", signal.signal.risk}, {"model", model->identity()}, {"tokens", tokens}});
}

Response attention(App& app, const Request& request) {
  app.desks->classifier();
  const Json body = request.json();
  const lm::AttentionMaps maps = lm::attention_maps(app.options.risk_model, body["text"].get<std::string>());
  const std::int64_t layer = body.value("layer", -1), head = body.value("head", -1);
  if (layer >= maps.layers || head >= maps.heads) {
    throw Problem(400, fmt::format("the model has {} layers of {} heads", maps.layers, maps.heads), "body.layer");
  }
  Json items = Json::array();
  const auto n = static_cast<std::int64_t>(maps.tokens.size());
  for (std::int64_t l = 0; l < maps.layers; ++l) {
    for (std::int64_t h = 0; h < maps.heads; ++h) {
      if ((layer >= 0 && l != layer) || (head >= 0 && h != head)) continue;
      Json rows = Json::array();
      for (std::int64_t from = 0; from < n; ++from) {
        Json row = Json::array();
        for (std::int64_t to = 0; to < n; ++to) row.push_back(maps.at(l, h, from, to));
        rows.push_back(std::move(row));
      }
      items.push_back({{"layer", l}, {"head", h}, {"weights", std::move(rows)}});
    }
  }
  return json_response({{"tokens", maps.tokens}, {"layers", maps.layers}, {"heads", maps.heads}, {"items", items}});
}

store::FeedbackRecord feedback_of(const Json& body, const std::string& kind, const std::string& id,
                                  const Request& request) {
  store::FeedbackRecord f;
  f.id = random_token(8);
  f.subject_kind = kind, f.subject_id = id;
  f.verdict = body["verdict"];
  f.risk = body.value("risk", body.value("label", "")), f.severity = body.value("severity", -1),
  f.note = body.value("note", "");
  f.actor = request.principal.name, f.created_at = base::utc_now();
  if (f.verdict == "correct" && f.risk.empty() && f.severity < 0 && f.note.empty()) {
    throw Problem(400, "a correction says what is right", "body.risk", "risk, label, severity or a note");
  }
  return f;
}

Response give_feedback(App& app, const Request& request) {
  const auto store = app.stores.lend();
  if (!store->find_signal(request.parameter("id"))) throw Problem(404, "there is no such signal");
  const auto feedback = feedback_of(request.json(), "signal", request.parameter("id"), request);
  store::Work(*store).put_feedback(feedback);
  app.hub.publish("feedback", "feedback", to_json(feedback));
  return json_response(to_json(feedback), 201);
}

Response give_other_feedback(App& app, const Request& request) {
  const Json body = request.json();
  const std::string kind = body["subject_kind"], id = body["subject_id"];
  const auto store = app.stores.lend();
  const bool there = kind == "signal"     ? store->find_signal(id).has_value()
                     : kind == "decision" ? store->find_decision(id).has_value()
                                          : true;
  if (!there) throw Problem(404, "there is no such " + kind, "body.subject_id");
  const auto feedback = feedback_of(body, kind, id, request);
  store::Work(*store).put_feedback(feedback);
  return json_response(to_json(feedback), 201);
}

Response list_entities(App& app, const Request& request) {
  store::EntityFilter filter;
  filter.words = request.asked("q", ""), filter.kind = request.asked("kind", "");
  filter.span = span_of(request);
  const auto store = app.stores.lend();
  return list_response(request,
                       [&](const store::Page& page) { return to_page(store::Lists(*store).entities(filter, page)); });
}

Response one_entity(App& app, const Request& request) {
  const auto store = app.stores.lend();
  store::Lists lists(*store);
  store::EntityFilter filter;
  filter.name = request.parameter("name");
  Json json;
  for (const char* kind : {"", "money", "date"}) {
    filter.kind = kind;
    const auto found = lists.entities(filter, {1, "", as_of_of(request)});
    if (!found.items.empty()) {
      json = to_json(found.items.front());
      break;
    }
  }
  if (json.is_null()) throw Problem(404, "nothing names this");
  store::SignalFilter signals;
  signals.entity = filter.name;
  json["signals_newest"] = Json::array();
  for (const auto& signal : lists.signals(signals, {20, "", as_of_of(request)}).items) {
    json["signals_newest"].push_back(to_json(signal));
  }
  return json_response(json);
}

Json feedback_schema(bool with_subject) {
  std::vector<std::pair<std::string, Json>> fields = {
      {"verdict", word({"accept", "correct", "reject"})},
      {"risk?", word({"market", "credit", "operational", "liquidity", "policy", "business"})},
      {"severity?", integer(0, 3)},
      {"note?", text(2000)}};
  if (with_subject) {
    fields.insert(
        fields.begin(),
        {{"label?", text(200)}, {"subject_kind", word({"signal", "decision", "answer"})}, {"subject_id", text(64)}});
  }
  return object(fields);
}

void add_entities(App& app) {
  const QueryParameter as_of{"as_of", text(40), "what was known then"};
  app.routes.add({Method::get,
                  "/v1/entities",
                  Role::viewer,
                  Lane::quick,
                  "signals",
                  "Who and what is named, most signals first",
                  list_parameters({{"q", text(200), ""},
                                   {"kind", text(40), "company, ticker … ; money and dates only where asked for"},
                                   {"from", text(40), ""},
                                   {"to", text(40), ""}}),
                  {},
                  list_of(ref("EntityCounts")),
                  200,
                  "application/json",
                  [&app](Request& r) { return list_entities(app, r); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/entities/{name}",
                  Role::viewer,
                  Lane::quick,
                  "signals",
                  "One of them with its newest signals",
                  {as_of},
                  {},
                  open_object({{"name", text()}, {"signals_newest", array(ref("Signal"))}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return one_entity(app, r); },
                  {}});
}

}  // namespace

void add_signals(App& app) {
  app.routes.add({Method::get,
                  "/v1/signals",
                  Role::viewer,
                  Lane::quick,
                  "signals",
                  "Signals of risk",
                  list_parameters({{"risk", text(200), "kinds, with commas between them"},
                                   {"min_probability", number(0, 1), ""},
                                   {"min_severity", integer(0, 3), ""},
                                   {"entity", text(200), "that the document names"},
                                   {"document_id", text(200), ""},
                                   {"q", text(200), "words in title or text"},
                                   {"from", text(40), "published or stored"},
                                   {"to", text(40), ""},
                                   {"order", word({"newest", "probability", "severity"}), ""}}),
                  {},
                  list_of(ref("Signal")),
                  200,
                  "application/json",
                  [&app](Request& r) {
                    const auto store = app.stores.lend();
                    const auto filter = filter_of(r);
                    return list_response(r, [&](const store::Page& page) {
                      return to_page(store::Lists(*store).signals(filter, page));
                    });
                  },
                  {}});
  app.routes.add({Method::get,
                  "/v1/signals/{id}",
                  Role::viewer,
                  Lane::quick,
                  "signals",
                  "A signal with similar ones",
                  {{"as_of", text(40), "what was known then"}},
                  {},
                  ref("SignalDetail"),
                  200,
                  "application/json",
                  [&app](Request& r) { return one_signal(app, r); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/signals/{id}/attribution",
                  Role::viewer,
                  Lane::compute,
                  "signals",
                  "What each token added to the score, computed now",
                  {},
                  {},
                  object({{"risk", text()}, {"model", text()}, {"tokens", array(ref("TokenWeight"))}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return attribution(app, r); },
                  {}});
  app.routes.name_schema("TokenWeight",
                         object({{"start", integer()}, {"end", integer()}, {"text", text()}, {"weight", number()}}));
  app.routes.add(
      {Method::post,
       "/v1/attention",
       Role::viewer,
       Lane::compute,
       "signals",
       "The true attention weights over a text",
       {},
       object({{"text", text(2000)}, {"layer?", integer(0, 1000)}, {"head?", integer(0, 1000)}}),
       object({{"tokens", array(text())}, {"layers", integer()}, {"heads", integer()}, {"items", array(any())}}),
       200,
       "application/json",
       [&app](Request& r) { return attention(app, r); },
       {}});
  app.routes.add({Method::post,
                  "/v1/signals/{id}/feedback",
                  Role::analyst,
                  Lane::quick,
                  "signals",
                  "Accept, correct or reject",
                  {},
                  feedback_schema(false),
                  ref("Feedback"),
                  201,
                  "application/json",
                  [&app](Request& r) { return give_feedback(app, r); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/feedback",
                  Role::analyst,
                  Lane::quick,
                  "signals",
                  "The same about a decision or an answer",
                  {},
                  feedback_schema(true),
                  ref("Feedback"),
                  201,
                  "application/json",
                  [&app](Request& r) { return give_other_feedback(app, r); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/feedback",
                  Role::viewer,
                  Lane::quick,
                  "signals",
                  "What people said",
                  list_parameters({{"subject_kind", word({"signal", "decision", "answer"}), ""},
                                   {"verdict", word({"accept", "correct", "reject"}), ""}}),
                  {},
                  list_of(ref("Feedback")),
                  200,
                  "application/json",
                  [&app](Request& r) {
                    const auto store = app.stores.lend();
                    return list_response(r, [&](const store::Page& page) {
                      return to_page(
                          store::Lists(*store).feedback(r.asked("subject_kind", ""), r.asked("verdict", ""), page));
                    });
                  },
                  {}});
  add_entities(app);
}

}  // namespace ballast::serve
