// SPDX-License-Identifier: Apache-2.0
// Every number of the text is a computed one: the text is taken apart, and each number must be found in the JSON.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <regex>
#include <set>

#include "ballast/decide/advice.h"
#include "ballast/decide/report.h"
#include "tests/unit/decide/advice/case.h"

namespace ballast::decide {
namespace {

using base::Json;

/// All numbers and strings of a document, the text itself left out.
void collect(const Json& json, std::vector<double>& numbers, std::set<std::string>& words) {
  if (json.is_number()) numbers.push_back(json.get<double>());
  if (json.is_string()) {
    words.insert(json.get<std::string>());
    char* end = nullptr;
    const std::string text = json.get<std::string>();
    const double value = std::strtod(text.c_str(), &end);
    if (end != text.c_str() && *end == '\0') numbers.push_back(value);
  }
  if (json.is_structured()) {
    for (const auto& [key, value] : json.items())
      if (key != "text") collect(value, numbers, words);
  }
}

/// Dates, then numbers with their sign, thousands and decimals.
std::vector<std::string> numbers_in(const std::string& text) {
  static const std::regex pattern("[0-9]{4}-[0-9]{2}-[0-9]{2}|-?[0-9][0-9,]*(\\.[0-9]+)?");
  std::vector<std::string> out;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
    std::string number = it->str();
    while (number.back() == ',') number.pop_back();
    out.push_back(number);
  }
  return out;
}

/// Shown with so many digits, is it this value, or a hundred times it (a share in percent)?
bool shows(const std::string& number, double value) {
  std::string plain = number;
  std::erase(plain, ',');
  const auto point = plain.find('.');
  const double digits = point == std::string::npos ? 0 : static_cast<double>(plain.size() - point - 1);
  const double unit = std::pow(10, -digits), shown = std::strtod(plain.c_str(), nullptr);
  return std::abs(shown - value) <= 0.5001 * unit || std::abs(shown - 100 * value) <= 0.5001 * unit;
}

/// What the text says beside computed figures: 95 % leaves a tail of 5 %, and scores are of 100 points.
const std::set<std::string> kConstants = {"5", "100"};

void expect_all_found(const std::string& text, const Json& json) {
  std::vector<double> numbers;
  std::set<std::string> words;
  collect(json, numbers, words);
  std::size_t seen = 0;
  for (const std::string& number : numbers_in(text)) {
    ++seen;
    if (words.contains(number) || kConstants.contains(number)) continue;
    EXPECT_TRUE(
        std::any_of(numbers.begin(), numbers.end(), [&](double v) { return shows(number, v) || shows(number, -v); }))
        << number << " in: " << text;
  }
  EXPECT_GT(seen, 0u) << text;
}

std::vector<Advice> cases() {
  std::vector<Advice> out;
  AdviceInputs in = test_case::inputs();
  in.hedges = "[duration]\ntarget = 0.25\n";
  out.push_back(advise(in));
  in.settings.objective = risk::Objective::mean_variance;
  in.profile += "[limits]\nexcluded = [\"MILD\"]\n[limits.classes]\nshares = 0.3\n";
  out.push_back(advise(in));
  in = test_case::inputs();
  in.settings.index = "";
  const auto column = static_cast<std::size_t>(in.recent.find("EURO"));
  for (std::size_t r = 0; r + 100 < in.recent.days.size(); ++r)
    in.recent.prices[r * in.recent.width() + column] = std::numeric_limits<double>::quiet_NaN();
  out.push_back(advise(in));
  in = test_case::inputs();
  in.profile.replace(in.profile.find("\"ten\""), 5, "\"year\"");
  out.push_back(advise(in));
  return out;
}

TEST(AdviceText, EveryNumberIsInTheJson) {
  for (const Advice& a : cases()) {
    const Json json = advice_json(a);
    for (const Language language : {Language::en, Language::zh}) {
      const AdviceText text = advice_text(a, language);
      ASSERT_GE(text.paragraphs.size(), 3u);
      std::string all;
      for (const std::string& p : text.paragraphs) all += p + "\n";
      expect_all_found(all, json);
    }
  }
}

TEST(AdviceText, TheFiguresBesideTheTextAreItsNumbers) {
  for (const Advice& a : cases()) {
    for (const Language language : {Language::en, Language::zh}) {
      const AdviceText text = advice_text(a, language);
      std::set<std::string> shown;
      for (const Figure& f : text.figures) {
        for (const std::string& n : numbers_in(f.shown)) shown.insert(n);
        EXPECT_TRUE(!f.value.is_number() || shows(f.shown, f.value.get<double>())) << f.name << " " << f.shown;
      }
      for (const std::string& p : text.paragraphs)
        for (const std::string& n : numbers_in(p)) EXPECT_TRUE(shown.contains(n)) << n << " in: " << p;
    }
  }
}

TEST(AdviceText, ANumberThatNobodyComputedIsNoticed) {
  const Json json = advice_json(cases().front());
  std::vector<double> numbers;
  std::set<std::string> words;
  collect(json, numbers, words);
  for (const std::string made_up : {"987,654.32", "77.7777"}) {
    EXPECT_FALSE(words.contains(made_up));
    EXPECT_TRUE(std::none_of(numbers.begin(), numbers.end(), [&](double v) { return shows(made_up, v); })) << made_up;
  }
}

TEST(Report, IsWholeEscapedAndInBothLanguages) {
  AdviceInputs in = test_case::inputs();
  in.profile.replace(in.profile.find("Client 7"), 8, "<b>Zhou & Co</b>");
  const Json json = advice_json(advise(in));
  ReportFacts facts{
      "abc",      "2026-01-01T00:00:00Z", "0.1.0", "made_up.csv", std::string(64, '0'), std::string(64, '1'), {},
      "too short"};
  for (const Language language : {Language::en, Language::zh}) {
    const std::string html = report_html(json, facts, language);
    EXPECT_EQ(html.find("<b>Zhou"), std::string::npos);
    EXPECT_NE(html.find("&lt;b&gt;Zhou &amp; Co&lt;/b&gt;"), std::string::npos);
    EXPECT_EQ(html.find("http://"), html.find("http://www.w3.org/2000/svg"));  // loads nothing
    EXPECT_EQ(html.find("nan"), std::string::npos);
    EXPECT_NE(html.find(language == Language::zh ? "调整前后配置" : "Allocation before and after"), std::string::npos);
    EXPECT_NE(html.find("too short"), std::string::npos);
    EXPECT_NE(html.find("</html>"), std::string::npos);
  }
}

}  // namespace
}  // namespace ballast::decide
