// SPDX-License-Identifier: Apache-2.0
// The customer assistant: each turn is a decision before it is answered; transcripts are read from the store.
#include "ballast/assist/assistant.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>

#include "ballast/assist/record.h"
#include "ballast/base/clock.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/auth/secrets.h"
#include "ballast/serve/http/problem.h"

namespace ballast::serve {
namespace {

using namespace schema;

constexpr std::size_t kMostConversations = 1000;  // kept in memory; the oldest ends first
constexpr std::size_t kMostTurns = 200;           // of one conversation
constexpr std::int64_t kTurnsListed = 500;        // of the store, a page
constexpr std::int64_t kPagesListed = 20;
constexpr std::string_view kSubject = "conversation ";

struct Talk {
  std::mutex busy;
  assist::Conversation conversation;
};

/// Conversations that go on. What placeholders stand for lives here only, and ends with the process.
class Talks {
 public:
  std::pair<std::string, std::shared_ptr<Talk>> begin() {
    const std::lock_guard lock(mutex_);
    if (order_.size() >= kMostConversations) {
      talks_.erase(order_.front());
      order_.pop_front();
    }
    order_.push_back(random_token(8));
    return {order_.back(), talks_[order_.back()] = std::make_shared<Talk>()};
  }
  std::shared_ptr<Talk> find(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = talks_.find(id);
    return found == talks_.end() ? nullptr : found->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Talk>> talks_;
  std::deque<std::string> order_;
};

struct AssistDesk {
  explicit AssistDesk(const assist::AssistantOptions& options) : assistant(options) {}
  assist::Assistant assistant;
  Talks talks;
};

/// A greeting is answered, and what was refused goes to nobody.
const char* outcome_status(const std::string& outcome) {
  if (outcome == "handed_over") return "handover";
  return outcome == "unknown" || outcome == "refused" ? "unknown" : "answered";
}

/// The answer of a stored turn as the API shows it.
Json shown(const std::string& conversation, const Json& outcome, const std::string& decision_id) {
  Json citations = Json::array();
  for (const Json& c : outcome["citations"]) {
    citations.push_back({{"document", c["source"]},
                         {"title", c["heading"]},
                         {"section", c["anchor"]},
                         {"start", c["start"]},
                         {"end", c["end"]},
                         {"text", c["quote"]}});
  }
  Json intent = nullptr, hand_over = nullptr;
  if (outcome.contains("intent")) {
    intent = {{"name", outcome["intent"]["label"]}, {"probability", outcome["intent"]["probability"]}};
  }
  if (outcome.contains("hand_over")) hand_over = outcome["hand_over"];
  return {{"conversation", conversation},
          {"answer", outcome["text"]},
          {"language", outcome["language"]},
          {"outcome", outcome["outcome"]},
          {"status", outcome_status(outcome["outcome"].get<std::string>())},
          {"citations", std::move(citations)},
          {"suggestions", outcome["suggestions"]},
          {"intent", std::move(intent)},
          {"handover", std::move(hand_over)},
          {"decision_id", decision_id}};
}

Response chat(App& app, AssistDesk& desk, const Request& request) {
  const base::Stopwatch watch;
  const Json body = request.json();
  const std::string message = body["message"];
  if (message.find_first_not_of(" \t\r\n") == std::string::npos) throw Problem(400, "is empty", "body.message");
  std::string id = body.value("conversation", "");
  std::shared_ptr<Talk> talk = id.empty() ? nullptr : desk.talks.find(id);
  if (!id.empty() && !talk) {
    throw Problem(404, "there is no such conversation, or it has ended", "body.conversation",
                  "leave it out to begin one");
  }
  if (!talk) std::tie(id, talk) = desk.talks.begin();
  const std::lock_guard one_at_a_time(talk->busy);
  assist::Conversation& conversation = talk->conversation;
  if (conversation.turns.size() >= kMostTurns) throw Problem(409, "the conversation is full", "body.conversation");
  const assist::Answer answer = desk.assistant.ask(conversation, message);
  decide::Decision record = assist::answer_record(desk.assistant, conversation.turns.back().asked, answer,
                                                  fmt::format("{}{} turn {}", kSubject, id, conversation.turns.size()));
  record.cost.seconds = watch.seconds();
  app.keep(record);
  const Json json = shown(id, record.outcome, record.id);
  const std::string* accept = request.header("accept");
  if (accept == nullptr || accept->find("text/event-stream") == std::string::npos) return json_response(json);
  Response response;  // quoting takes milliseconds: the whole answer is the first and only piece
  response.content_type = "text/event-stream";
  response.body = fmt::format("event: delta\ndata: {}\n\nevent: done\ndata: {}\n\n",
                              base::dump_json({{"text", json["answer"]}}), base::dump_json(json));
  return response;
}

/// "conversation ID turn N" taken apart; empty where the subject is another.
std::string conversation_of(const std::string& subject) {
  if (!subject.starts_with(kSubject)) return "";
  const std::string rest = subject.substr(kSubject.size());
  return rest.substr(0, rest.rfind(" turn "));
}

/// Stored turns, the newest first, until `take` has enough.
void each_turn(App& app, const std::function<bool(const store::DecisionRecord&)>& take) {
  const auto store = app.stores.lend();
  store::DecisionFilter filter;
  filter.kinds = {"answer"};
  store::Page page;
  page.limit = kTurnsListed;
  for (std::int64_t pages = 0; pages < kPagesListed; ++pages) {
    const auto listed = store::Lists(*store).decisions(filter, page);
    for (const auto& item : listed.items) {
      const auto record = store->find_decision(item.decision.id);
      if (record && !take(*record)) return;
    }
    if (listed.next.empty()) return;
    page.cursor = listed.next;
  }
}

Response conversations(App& app, const Request& request) {
  std::vector<std::string> order;
  std::map<std::string, Json> found;
  each_turn(app, [&](const store::DecisionRecord& record) {
    const std::string id = conversation_of(record.subject);
    if (id.empty()) return true;
    const auto [at, added] = found.try_emplace(id, Json{{"id", id}, {"updated_at", record.created_at}, {"turns", 0}});
    if (added) order.push_back(id);
    at->second["created_at"] = record.created_at;  // the last one seen is the first turn
    at->second["turns"] = at->second["turns"].get<int>() + 1;
    const Json inputs = Json::parse(record.inputs, nullptr, false);
    at->second["title"] = inputs.is_object() ? inputs.value("question", "") : "";
    return true;
  });
  Json items = Json::array();
  for (const std::string& id : order) items.push_back(found[id]);
  return whole_list(request, std::move(items));
}

Response transcript(App& app, const Request& request) {
  const std::string id = request.parameter("id");
  std::vector<Json> messages;
  each_turn(app, [&](const store::DecisionRecord& record) {
    if (conversation_of(record.subject) != id) return true;
    const Json result = base::parse_json(record.result, "decision " + record.id);
    const Json inputs = Json::parse(record.inputs, nullptr, false);
    const Json answer = shown(id, result["outcome"], record.id);
    messages.push_back(
        {{"role", "assistant"}, {"text", answer["answer"]}, {"at", record.created_at}, {"answer", answer}});
    messages.push_back({{"role", "customer"},
                        {"text", inputs.is_object() ? inputs.value("question", "") : ""},
                        {"at", record.created_at},
                        {"answer", nullptr}});
    return !record.subject.ends_with(" turn 1");
  });
  if (messages.empty()) throw Problem(404, "there is no such conversation");
  std::reverse(messages.begin(), messages.end());
  return json_response({{"id", id}, {"messages", messages}});
}

}  // namespace

void add_assist(App& app) {
  assist::AssistantOptions options;
  options.knowledge = app.options.knowledge;
  options.intents = app.options.intents;
  options.writer = app.options.writer;
  const auto desk = std::make_shared<AssistDesk>(options);
  const Json answer = open_object({{"conversation", text()}, {"answer", text()}, {"status", text()}});
  app.routes.add({Method::post,
                  "/v1/assist/chat",
                  Role::analyst,
                  Lane::compute,
                  "assist",
                  "A customer's question: an answer with citations, \"I don't know\", or a hand-over",
                  {},
                  object({{"message", text(4000)}, {"conversation?", text(100)}, {"language?", word({"en", "zh"})}}),
                  answer,
                  200,
                  "application/json",
                  [&app, desk](Request& r) { return chat(app, *desk, r); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/assist/conversations",
                  Role::viewer,
                  Lane::quick,
                  "assist",
                  "Conversations, the one with the newest turn first",
                  {{"format", word({"json", "csv"}), ""}},
                  {},
                  list_of(open_object({{"id", text()}, {"title", text()}})),
                  200,
                  "application/json",
                  [&app](Request& r) { return conversations(app, r); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/assist/conversations/{id}",
                  Role::viewer,
                  Lane::quick,
                  "assist",
                  "One conversation, without personal data",
                  {},
                  {},
                  open_object({{"id", text()}, {"messages", array(any())}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return transcript(app, r); },
                  {}});
}

}  // namespace ballast::serve
