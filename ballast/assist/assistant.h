// SPDX-License-Identifier: Apache-2.0
// Questions of customers to grounded answers: quoted from a knowledge base with the place of every quote, or "I don't
// know", or a person. No HTTP, no printing: plain structs.
//
//   assist::Assistant assistant(options);
//   assist::Conversation talk;
//   assist::Answer a = assistant.ask(talk, "How much does a lost card cost?");
//
// Personal data is masked before anything else sees the question; what is searched, recorded and handed over holds
// placeholders only.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/assist/knowledge.h"
#include "ballast/assist/search.h"
#include "ballast/text/personal_data.h"

namespace ballast::assist {

enum class Outcome {
  answered,     // quoted from the knowledge base
  unknown,      // the knowledge base does not say
  handed_over,  // goes to a person: the customer's own account, advice, or a wish for one
  refused,      // an attempt to steer the assistant
  greeting      // hello, thanks, goodbye
};
/// "answered", "unknown", "handed_over", "refused", "greeting".
const char* outcome_name(Outcome outcome);

/// Exact bytes [begin, end) of the source's text.
struct Citation {
  std::string source, anchor, heading, quote;
  std::size_t begin = 0, end = 0;
};

struct HandOver {
  std::string reason;   // "account", "advice", "asked"
  std::string summary;  // for the colleague who takes over: masked, in the language of the question
};

/// What a trained intent model says of the question.
struct IntentGuess {
  std::string label;  // "unknown" where the model refuses
  double probability = 0;
};

/// One question as it is answered, without personal data: the same fields and the same knowledge base give the same
/// answer.
struct Asked {
  std::string question;        // masked
  std::string previous;        // what the question before was understood as; empty: none
  std::string previous_topic;  // heading of the passage that answered it; empty: none
};

struct Answer {
  Outcome outcome = Outcome::unknown;
  std::string text;                      // what the customer reads; quotes carry [1], [2]
  std::string language;                  // "en" or "zh": that of the question
  std::vector<Citation> citations;       // [1] is the first
  std::vector<std::string> suggestions;  // where unknown: headings of up to three passages that come near
  double confidence = 0;                 // probability that the best passage answers the question
  std::string understood;                // the question with what a follow-up leaves out
  bool follow_up = false;
  std::optional<HandOver> hand_over;
  std::optional<IntentGuess> intent;
  std::vector<Hit> hits;         // the best passages, whatever the outcome
  std::vector<double> features;  // what the confidence was computed from, see confidence_features()
};

struct Turn {
  Asked asked;
  Answer answer;
};

/// One customer's turns. Holds what placeholders stand for in memory only.
struct Conversation {
  text::Masker masker;
  std::vector<Turn> turns;
};

/// Writes an answer from passages. The default quotes; a causal language model may write instead, under the check that
/// everything it says is covered by the passages.
class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;
  /// Text with [1], [2] … after what comes from passages[0], passages[1] …; empty: use the quotes.
  virtual std::string write(const std::string& question, const std::vector<Citation>& passages,
                            const std::string& language) = 0;
  /// Of what decides the text, for the record.
  virtual std::string identity() const = 0;
};

/// Share of the words of `text` that its cited quotes hold, the least over its sentences; 0 where a sentence with
/// content cites nothing, names a citation that is not there, or holds a number that its quotes do not. A writer's text
/// is used from kGrounded on.
double grounding(std::string_view text, const std::vector<Citation>& citations);
inline constexpr double kGrounded = 0.8;

struct AssistantOptions {
  std::vector<std::string> knowledge;  // files and folders; empty: the invented bank that comes with the program
  std::filesystem::path model;         // for the vectors; empty: words alone
  std::filesystem::path writer;         // a causal model that writes the answers from the passages; empty: they are quoted
  std::filesystem::path intents;       // an intent model of `ballast train --task classify`; empty: none
  SearchOptions search;
  double threshold = -1;  // answers from this confidence on; negative: the fitted one
  std::size_t hits = 5;
};

/// A logistic model of whether the best passage answers.
struct ConfidenceModel {
  double intercept = 0;
  std::vector<double> weights;
  double threshold = 0.5;
};
/// Fitted on data/assist_questions/develop.tsv by `ballast assist --fit` (see docs/assist.md).
const ConfidenceModel& default_confidence();

class Assistant {
 public:
  /// Throws what read_knowledge(), lm::Embedder::load(), lm::Generator::load() and lm::TextClassifier::load() throw.
  explicit Assistant(const AssistantOptions& options);
  ~Assistant();
  Assistant(Assistant&&) noexcept;
  Assistant& operator=(Assistant&&) noexcept;

  /// Masks the question, answers it and remembers the turn. Several conversations may ask at once.
  Answer ask(Conversation& conversation, std::string_view question) const;
  /// Answers without remembering; no personal data may be left in `asked`. Bit-identical when repeated.
  Answer answer(const Asked& asked) const;

  /// Replaces the quoting writer. Not while others ask.
  void set_writer(std::shared_ptr<AnswerWriter> writer);

  const KnowledgeBase& knowledge() const;
  const AssistantOptions& options() const;
  /// Name and hash of everything that decides: knowledge base, models, options.
  std::string identity() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast::assist
