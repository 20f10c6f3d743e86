// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/chat_scorer.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>

#include "ballast/base/error.h"
#include "ballast/lm/chat.h"
#include "ballast/lm/classifier.h"
#include "ballast/lm/generate.h"
#include "ballast/lm/gguf_model.h"
#include "ballast/lm/json_schema.h"
#include "ballast/lm/model_info.h"

namespace ballast::risk {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

constexpr std::array<const char*, 6> kRiskKinds = {"market",    "credit", "operational",
                                                   "liquidity", "policy", "business"};
constexpr std::array<const char*, 3> kMoods = {"negative", "neutral", "positive"};
constexpr std::int64_t kAnswerTokens = 512;
constexpr std::int64_t kQuoteCharacters = 80;
constexpr double kThreshold = 0.5;
// Part of the model's name in the store: another wording would be another model.
constexpr const char* kWording = "+zero-shot-1";

constexpr const char* kSystem =
    "You are a financial risk analyst. Read the text and list the risks it reports, in English or Chinese alike. "
    "Kinds of risk: market (prices, rates, currencies), credit (default, ratings, solvency of borrowers), operational "
    "(fraud, errors, systems, legal events), liquidity (funding, withdrawals, trading halts), policy (law, regulation, "
    "central banks, sanctions), business (earnings, demand, strategy, labour). For each risk give its probability from "
    "0 to 1 and quote the words of the text that show it. severity: 0 none, 1 watch, 2 material, 3 critical. "
    "sentiment: "
    "of the text for the companies in it. A text without risk has an empty list. Answer with JSON only.";

Json conversation(std::string_view text) {
  return Json::array(
      {{{"role", "system"}, {"content", kSystem}}, {{"role", "user"}, {"content", "Text:\n" + std::string(text)}}});
}

/// A part of the text that fits into the model.
struct Window {
  std::size_t begin = 0, end = 0;
};

/// Halves at the white space (or character) nearest to the middle until each part fits.
void cut_windows(const ChatModel& model, std::string_view text, Window w, std::vector<Window>& out) {
  if (model.fits(conversation(text.substr(w.begin, w.end - w.begin)))) return out.push_back(w);
  std::size_t middle = w.begin + (w.end - w.begin) / 2;
  const std::size_t space = text.substr(0, w.end).find_first_of(" \n", middle);
  if (space != std::string_view::npos && space < middle + (w.end - w.begin) / 4) middle = space + 1;
  while (middle < w.end && (static_cast<unsigned char>(text[middle]) & 0xc0) == 0x80) ++middle;
  if (middle == w.begin || middle >= w.end) {
    throw Error(ErrorCode::bad_input, "the model's positions have no room for the question and an answer",
                model.identity);
  }
  cut_windows(model, text, {w.begin, middle}, out);
  cut_windows(model, text, {middle, w.end}, out);
}

void add_signal(const Json& signal, std::string_view piece, std::size_t offset, TextScores& scores) {
  const auto risk = base::json_field<std::string>(signal, "risk", "answer");
  const auto probability = base::json_field<double>(signal, "probability", "answer");
  const auto quote = base::json_field<std::string>(signal, "quote", "answer");
  const auto kind =
      static_cast<std::size_t>(std::find(kRiskKinds.begin(), kRiskKinds.end(), risk) - kRiskKinds.begin());
  if (kind == kRiskKinds.size() || probability < 0 || probability > 1) {
    throw Error(ErrorCode::bad_input, "names a risk \"" + risk + "\" of probability " + std::to_string(probability),
                "the model's answer");
  }
  const std::size_t at = piece.find(quote);
  if (quote.empty() || at == std::string_view::npos) return;  // a quote that is not in the text is no evidence
  TextScores::Kind& known = scores.kinds[kind];
  known.probability = std::max(known.probability, probability);
  known.weights.push_back({offset + at, offset + at + quote.size(), std::max(probability, 0.01)});
}

void read_answer(const std::string& text, std::string_view piece, std::size_t offset, TextScores& scores) {
  const Json json = base::parse_json(text, "the model's answer");
  for (const Json& signal : base::json_field<Json>(json, "signals", "the model's answer")) {
    add_signal(signal, piece, offset, scores);
  }
  const auto severity = base::json_field<std::int64_t>(json, "severity", "the model's answer");
  const auto sentiment = base::json_field<std::string>(json, "sentiment", "the model's answer");
  const auto mood = static_cast<std::size_t>(std::find(kMoods.begin(), kMoods.end(), sentiment) - kMoods.begin());
  if (severity < 0 || severity > 3 || mood == kMoods.size()) {
    throw Error(ErrorCode::bad_input, "has a severity or a sentiment of its own making", "the model's answer");
  }
  // The worst window speaks for the text; on equal terms the first one.
  auto& severities = scores.severity;
  const auto worst = std::find(severities.begin(), severities.end(), 1.0) - severities.begin();
  if (scores.sentiment.empty() || severity > worst) {
    severities.assign(4, 0.0);
    severities[static_cast<std::size_t>(severity)] = 1;
    scores.sentiment.assign(3, 0.0);
    scores.sentiment[mood] = 1;
  }
}

TextScores scores_of(const ChatModel& model, std::string_view text) {
  TextScores scores;
  for (const char* kind : kRiskKinds) scores.kinds.push_back({kind, 0, kThreshold, {0, 1}});
  std::vector<Window> windows;
  cut_windows(model, text, {0, text.size()}, windows);
  for (const Window& w : windows) {
    const std::string_view piece = text.substr(w.begin, w.end - w.begin);
    read_answer(model.ask(conversation(piece), signal_schema(piece)), piece, w.begin, scores);
  }
  return scores;
}

}  // namespace

Json signal_schema(std::string_view text) {
  const Json quote = {{"type", "string"}, {"x-excerpt-of", text}, {"minLength", 1}, {"maxLength", kQuoteCharacters}};
  const Json signal = {{"type", "object"},
                       {"properties",
                        {{"risk", {{"enum", kRiskKinds}}},
                         {"quote", quote},
                         {"probability", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}}}},
                       {"required", {"risk", "quote", "probability"}},
                       {"additionalProperties", false}};
  return {{"type", "object"},
          {"properties",
           {{"signals", {{"type", "array"}, {"items", signal}, {"maxItems", kRiskKinds.size()}}},
            {"severity", {{"enum", {0, 1, 2, 3}}}},
            {"sentiment", {{"enum", kMoods}}}}},
          {"required", {"signals", "severity", "sentiment"}},
          {"additionalProperties", false}};
}

ChatModel open_chat_model(const std::filesystem::path& path) {
  const auto generator = std::make_shared<lm::Generator>(lm::Generator::load(path));
  std::optional<lm::ChatTemplate> form;
  try {
    form = lm::ChatTemplate::load(path);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::not_found) throw;  // a model that was taught no conversations is asked in plain words
  }
  const auto prompt_of = [form](const Json& messages) {
    if (form) {
      lm::ChatOptions options;
      options.thinking = false;  // the schema leaves no room for thoughts
      return form->render(messages, options);
    }
    std::string prompt;
    for (const Json& message : messages) prompt += message["content"].get<std::string>() + "\n\n";
    return prompt + "JSON:\n";
  };
  const bool special = !form.has_value();
  ChatModel model;
  model.identity = lm::model_identity(path) + kWording;
  model.fits = [=](const Json& messages) {
    return generator->tokens(prompt_of(messages), special) + kAnswerTokens <= generator->positions();
  };
  model.ask = [=](const Json& messages, const Json& schema) {
    lm::GenerateOptions options;
    options.max_new_tokens = kAnswerTokens;
    options.add_special = special;
    options.schema = lm::JsonGrammar::compile(schema, "signal schema");
    return generator->generate(prompt_of(messages), options).text;
  };
  return model;
}

Scorer make_chat_scorer(ChatModel model) {
  Scorer scorer;
  scorer.model = model.identity;
  const auto turn = std::make_shared<std::mutex>();  // a conversation at a time
  scorer.score = [chat = std::move(model), turn](std::span<const std::string_view> texts) {
    const std::lock_guard lock(*turn);
    std::vector<TextScores> scores;
    for (const std::string_view text : texts) scores.push_back(scores_of(chat, text));
    return scores;
  };
  return scorer;
}

Scorer open_scorer(const std::filesystem::path& model) {
  const bool language =
      lm::is_gguf(model) || (!std::filesystem::exists(model / "classifier.json") && lm::is_language_model(model));
  if (language) return make_chat_scorer(open_chat_model(model));
  return make_scorer(std::make_shared<const lm::TextClassifier>(lm::TextClassifier::load(model)));
}

}  // namespace ballast::risk
