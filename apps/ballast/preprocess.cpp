// SPDX-License-Identifier: Apache-2.0
// `ballast preprocess`: lines of text to what each step of preparation makes of them.
#include "ballast/text/preprocess.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "lines.h"
#include "verb.h"

namespace ballast::apps {
namespace {

struct PreprocessArguments {
  std::vector<std::string> steps = {"clean", "language", "sentences", "words", "stop", "stem"};
  std::string form = "nfc";
};

text::PreprocessOptions options_of_preprocess(const PreprocessArguments& arguments) {
  text::PreprocessOptions o{false, false, false, false, false, false, {}};
  const std::pair<const char*, bool*> known[] = {{"clean", &o.clean},         {"language", &o.language},
                                                 {"sentences", &o.sentences}, {"words", &o.words},
                                                 {"stop", &o.stop},           {"stem", &o.stem}};
  for (const std::string& step : arguments.steps) {
    bool found = false;
    for (const auto& [name, flag] : known) {
      if (step != name) continue;
      *flag = found = true;
    }
    if (!found) {
      throw base::Error(base::ErrorCode::usage, "no step is called \"" + step + "\"", "--steps",
                        "known: clean, language, sentences, words, stop, stem");
    }
  }
  o.cleaning.form = arguments.form == "nfkc"  ? text::Normalization::nfkc
                    : arguments.form == "nfc" ? text::Normalization::nfc
                                              : text::Normalization::none;
  return o;
}

base::Json span_texts(const std::vector<text::Span>& spans, const std::string& text) {
  base::Json out = base::Json::array();
  for (const text::Span& s : spans) out.push_back({{"start", s.begin}, {"end", s.end}, {"text", s.of(text)}});
  return out;
}

std::string as_json_preprocess(const text::Preprocessed& p, const text::PreprocessOptions& o) {
  base::Json out;
  out["text"] = p.text;
  if (o.language) {
    out["language"] = text::language_name(p.language.language);
    out["language_confidence"] = p.language.confidence;
  }
  if (o.sentences) out["sentences"] = span_texts(p.sentences, p.text);
  if (o.words) out["words"] = span_texts(p.words, p.text);
  if (o.stop || o.stem) out["terms"] = p.terms;
  return base::dump_json(out) + "\n";
}

std::string as_text(const text::Preprocessed& p, const text::PreprocessOptions& o) {
  std::string out = fmt::format("text       {}\n", p.text);
  if (o.language) {
    out += fmt::format("language   {} ({:.2f})\n", text::language_name(p.language.language), p.language.confidence);
  }
  for (std::size_t i = 0; i < p.sentences.size(); ++i)
    out += fmt::format("sentence {} {}\n", i + 1, p.sentences[i].of(p.text));
  if (o.words) {
    out += "words     ";
    for (const text::Span& s : p.words) out += fmt::format(" {} |", s.of(p.text));
    if (!p.words.empty()) out.resize(out.size() - 2);
    out += "\n";
  }
  if (o.stop || o.stem) out += fmt::format("terms      {}\n", fmt::join(p.terms, " | "));
  return out + "\n";
}

void run_preprocess(const PreprocessArguments& arguments, const Common& common) {
  const text::PreprocessOptions options = options_of_preprocess(arguments);
  map_lines({}, [&](const std::string& line, std::size_t, std::int64_t) {
    const text::Preprocessed result = text::preprocess(line, options);
    return common.json ? as_json_preprocess(result, options) : as_text(result, options);
  });
}

}  // namespace

void add_preprocess(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("preprocess", "The visible steps of text preparation");
  const auto arguments = std::make_shared<PreprocessArguments>();
  verb->add_option("--steps", arguments->steps, "Any of clean,language,sentences,words,stop,stem (default: all)")
      ->delimiter(',');
  verb->add_option("--form", arguments->form, "Unicode form that cleaning brings the text to")
      ->check(CLI::IsMember({"none", "nfc", "nfkc"}))
      ->capture_default_str();
  add_common(*verb, common, "echo '央行下调存款准备金率0.5个百分点。' | ballast preprocess --steps clean,words,stop");
  verb->callback([arguments, &common] { run_preprocess(*arguments, common); });
}

}  // namespace ballast::apps
