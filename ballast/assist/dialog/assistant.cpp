// SPDX-License-Identifier: Apache-2.0
#include "ballast/assist/assistant.h"

#include <algorithm>

#include "ballast/assist/dialog/causal_writer.h"
#include "ballast/assist/dialog/parts.h"
#include "ballast/base/hash.h"
#include "ballast/base/json.h"
#include "ballast/lm/classifier.h"

namespace ballast::assist {
namespace {

constexpr double kPreviousTerms = 0.35;  // weight of what the question before brings to a follow-up
constexpr double kAside = 0.2;
constexpr std::size_t kLongestQuestion = 4000;  // bytes

/// "And how long?" has no word of its own but asks for a time.
void add_asked_for(const std::string& question, Query& query) {
  const auto says = [&](std::string_view words) { return question.find(words) != std::string::npos; };
  const auto add = [&](std::string_view words) {
    for (QueryTerm& term : query_of(words).terms) query.terms.push_back(std::move(term));
  };
  if (says("long") || says("when") || says("When") || says("fast")) add("time day");
  if (says("多久") || says("时候") || says("多长")) add("时间 工作日");
  if (says("much") || says("cost")) add("fee");
  if (says("多少")) add("费用");
}

/// A question that leans on the one before brings its terms along at less weight.
Query combined(const std::string& question, const std::string& previous) {
  Query query = query_of(question);
  for (QueryTerm& term : query_of(previous).terms) {
    const bool there =
        std::any_of(query.terms.begin(), query.terms.end(), [&](const auto& t) { return t.term == term.term; });
    if (there) continue;
    term.weight *= kPreviousTerms;
    query.terms.push_back(std::move(term));
  }
  if (terms_of(question).words.empty()) add_asked_for(question, query);
  query.text = previous + " " + question;
  return query;
}

std::string cut(std::string text) {
  if (text.size() <= kLongestQuestion) return text;
  std::size_t end = kLongestQuestion;
  while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

struct Assistant::State {
  explicit State(const AssistantOptions& o)
      : options(o),
        knowledge(o.knowledge.empty() ? read_knowledge_files(default_knowledge()) : read_knowledge(o.knowledge)),
        index(knowledge, o.model, o.search) {
    if (!o.intents.empty()) intents = std::make_unique<lm::TextClassifier>(lm::TextClassifier::load(o.intents));
    if (!o.writer.empty()) writer = causal_writer(o.writer);
    for (const Passage& p : knowledge.passages) {
      has_en = has_en || p.language == "en";
      has_zh = has_zh || p.language == "zh";
    }
    if (!o.model.empty()) model_hash = base::sha256_file(o.model / "model.safetensors").substr(0, 12);
  }

  double threshold() const { return options.threshold < 0 ? default_confidence().threshold : options.threshold; }

  AssistantOptions options;
  KnowledgeBase knowledge;
  SearchIndex index;
  std::unique_ptr<lm::TextClassifier> intents;
  std::shared_ptr<AnswerWriter> writer;
  std::string model_hash;
  bool has_en = false, has_zh = false;
};

namespace {

Citation cite(const Passage& passage, const text::Span& stretch) {
  return {passage.source,
          passage.anchor,
          passage.heading,
          std::string(stretch.of(passage.text)),
          passage.begin + stretch.begin,
          passage.begin + stretch.end};
}

/// What the customer may have meant: only passages that hold a fair part of the question.
std::vector<std::string> near_headings(const std::vector<Hit>& hits, const KnowledgeBase& base) {
  constexpr double kFair = 0.3;
  constexpr std::size_t kShown = 3;
  std::vector<std::string> out;
  for (const Hit& h : hits) {
    const std::string& heading = base.passages[h.passage].heading;
    const std::size_t own = heading.rfind(" > ");
    const std::string shown = own == std::string::npos ? heading : heading.substr(own + 3);
    if (h.coverage < kFair || shown.empty() || std::find(out.begin(), out.end(), shown) != out.end()) continue;
    out.push_back(shown);
    if (out.size() == kShown) break;
  }
  return out;
}

std::optional<IntentGuess> intent_of(const lm::TextClassifier* model, const std::string& question) {
  if (model == nullptr) return std::nullopt;
  const std::string_view text = question;
  const lm::Prediction p = model->predict(std::span(&text, 1)).front();
  for (std::size_t h = 0; h < model->heads().size(); ++h) {
    if (model->heads()[h].kind != lm::HeadKind::multiclass) continue;
    return IntentGuess{std::string(lm::answer(model->heads()[h], p.heads[h])),
                       p.heads[h].probabilities[lm::likeliest(p.heads[h])]};
  }
  return std::nullopt;
}

}  // namespace

Assistant::Assistant(const AssistantOptions& options) : state_(std::make_unique<State>(options)) {}
Assistant::~Assistant() = default;
Assistant::Assistant(Assistant&&) noexcept = default;
Assistant& Assistant::operator=(Assistant&&) noexcept = default;

void Assistant::set_writer(std::shared_ptr<AnswerWriter> writer) {
  state_->writer = std::move(writer);
}
const KnowledgeBase& Assistant::knowledge() const {
  return state_->knowledge;
}
const AssistantOptions& Assistant::options() const {
  return state_->options;
}

std::string Assistant::identity() const {
  const State& s = *state_;
  base::Json all = {{"knowledge", s.knowledge.hash},
                    {"model", s.model_hash},
                    {"intents", s.intents ? s.intents->identity() : ""},
                    {"threshold", s.threshold()},
                    {"search",
                     {s.options.search.k1, s.options.search.b, s.options.search.heading_weight,
                      s.options.search.rank_offset, s.options.search.vector_weight}}};
  if (s.writer != nullptr) all["writer"] = s.writer->identity();
  return "assist@" + base::sha256_hex(base::dump_json(all)).substr(0, 12);
}

Answer Assistant::answer(const Asked& given) const {
  const State& s = *state_;
  Asked asked = given;
  asked.question = cut(asked.question);
  Answer out;
  out.language = language_of(asked.question);
  out.understood = asked.question;
  const Route route = route_of(asked.question);
  if (route == Route::steering || route == Route::greeting) {
    out.outcome = route == Route::steering ? Outcome::refused : Outcome::greeting;
    out.text = reply(out.outcome, "", out.language);
    return out;
  }
  out.intent = intent_of(s.intents.get(), asked.question);

  Query query = query_of(asked.question);
  out.follow_up = !asked.previous.empty() && leans_on_previous(asked.question);
  if (out.follow_up) {
    query = combined(asked.question, asked.previous + " " + asked.previous_topic);
    out.understood = asked.previous + " / " + asked.question;
  }
  // Where the knowledge base has nothing in the language of the question, the other one has to do.
  const bool spoken = out.language == "zh" ? s.has_zh : s.has_en;
  if (spoken) query.language = out.language;
  out.hits = s.index.search(query, s.options.hits);
  out.features = confidence_features(out.hits, s.knowledge, query, s.index);
  out.confidence = out.hits.empty() ? 0 : confidence_of(out.features, default_confidence());
  // What goes to a person anyway is answered beside it only where the general rule is clear.
  const bool sure = !out.hits.empty() && out.confidence >= s.threshold() + (route == Route::knowledge ? 0 : kAside);
  if (sure && route != Route::person && route != Route::advice) {
    const Passage& best = s.knowledge.passages[out.hits.front().passage];
    out.citations.push_back(cite(best, best_stretch(best, query, s.index)));
  }
  std::string quoted;
  for (std::size_t i = 0; i < out.citations.size(); ++i) {
    if (i > 0) quoted += "\n";
    quoted.append(out.citations[i].quote).append(" [").append(std::to_string(i + 1)).append("]");
  }
  if (route == Route::knowledge) {
    out.outcome = sure ? Outcome::answered : Outcome::unknown;
    if (!sure) out.suggestions = near_headings(out.hits, s.knowledge);
    out.text = sure ? quoted : reply(Outcome::unknown, "", out.language) + did_you_mean(out.suggestions, out.language);
    if (sure && s.writer != nullptr) {
      const std::string written = s.writer->write(out.understood, out.citations, out.language);
      if (grounding(written, out.citations) >= kGrounded) out.text = written;
    }
    return out;
  }
  const std::string reason = route == Route::advice ? "advice" : route == Route::person ? "asked" : "account";
  out.outcome = Outcome::handed_over;
  out.hand_over = HandOver{reason, summary_of(asked, out, reason)};
  out.text = reply(out.outcome, reason, out.language);
  if (!quoted.empty()) out.text.append("\n").append(in_general(out.language)).append(quoted);
  return out;
}

Answer Assistant::ask(Conversation& conversation, std::string_view question) const {
  Turn turn;
  turn.asked.question = conversation.masker.mask(question).text;
  // The last turn that was about something.
  for (auto t = conversation.turns.rbegin(); t != conversation.turns.rend(); ++t) {
    if (t->answer.outcome == Outcome::greeting || t->answer.outcome == Outcome::refused) continue;
    turn.asked.previous = t->answer.follow_up ? t->asked.previous + " " + t->asked.question : t->asked.question;
    if (!t->answer.citations.empty()) turn.asked.previous_topic = t->answer.citations.front().heading;
    break;
  }
  turn.answer = answer(turn.asked);
  conversation.turns.push_back(turn);
  return turn.answer;
}

}  // namespace ballast::assist
