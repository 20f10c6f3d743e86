// SPDX-License-Identifier: Apache-2.0
// Names in Latin letters: runs of capitalised words that a title, a cue ("account holder", "kind regards") or a list of
// given names and surnames makes a person, unless firm words stand around them.
#include <unicode/uchar.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ballast/text/personal/name_lists.h"
#include "ballast/text/personal/view.h"

namespace ballast::text {
namespace {

constexpr std::uint32_t kCaseless = UREGEX_CASE_INSENSITIVE;
constexpr std::int32_t kCueUnits = 40;
constexpr std::size_t kLongestName = 4;

struct WordToken {
  std::int32_t begin = 0, end = 0;
  std::string word;  // lower case, without 's
  bool capital = false, all_capitals = false, initial = false, possessive = false, starts_sentence = false;
};

bool is_letter(char16_t c) {
  return u_isalpha(c) && !is_han(c);
}
bool joins(char16_t c) {
  return c == u'\'' || c == u'’' || c == u'-';
}

std::vector<WordToken> tokens_of(const View& view) {
  std::vector<WordToken> tokens;
  bool starts = true;
  for (std::int32_t i = 0; i < view.size();) {
    if (!is_letter(view.at(i))) {
      const char16_t c = view.at(i++);
      if (c == u'.' || c == u'!' || c == u'?' || c == u'\n' || c == u':') starts = true;
      if (u_isdigit(c) || is_han(c)) starts = false;
      continue;
    }
    WordToken t;
    t.begin = i;
    t.starts_sentence = starts;
    starts = false;
    while (is_letter(view.at(i)) || (joins(view.at(i)) && is_letter(view.at(i + 1)))) ++i;
    t.end = i;
    if (t.end - t.begin > 2 && (view.at(t.end - 1) | 0x20) == u's' && joins(view.at(t.end - 2)) &&
        view.at(t.end - 2) != u'-') {
      t.possessive = true;
      t.end -= 2;
    }
    t.capital = u_isupper(view.at(t.begin));
    t.initial = t.capital && t.end - t.begin == 1;
    t.all_capitals = t.end - t.begin > 1;
    for (std::int32_t k = t.begin; k < t.end; ++k) t.all_capitals = t.all_capitals && !u_islower(view.at(k));
    icu::UnicodeString lower = view.units().tempSubStringBetween(t.begin, t.end);
    lower.toLower().findAndReplace(u"’", u"'");
    lower.toUTF8String(t.word);
    tokens.push_back(std::move(t));
  }
  return tokens;
}

bool known_given(const WordToken& t) {
  return given_names().contains(t.word) && !ambiguous_given_names().contains(t.word);
}
bool maybe_given(const WordToken& t) {
  return given_names().contains(t.word) || ambiguous_given_names().contains(t.word);
}
bool vietnamese(const WordToken& t) {
  static const WordSet kSurnames = {"nguyen", "tran", "pham", "hoang", "phan", "dang", "bui"};
  return kSurnames.contains(t.word);
}

/// Tokens [first, last) written as one name could be: capitalised, one space apart, initials with their dots.
struct Run {
  std::size_t first = 0, last = 0;
  std::size_t size() const { return last - first; }
};

bool adjacent(const View& view, const WordToken& a, const WordToken& b) {
  if (a.possessive) return false;
  const std::int32_t gap = b.begin - a.end;
  return (gap == 1 && view.at(a.end) == u' ') || (a.initial && gap == 2 && view.at(a.end) == u'.');
}

bool is_particle(const WordToken& t) {
  static const WordSet kParticles = {"de",  "da",  "di", "del", "van", "von", "der",
                                     "den", "bin", "al", "el",  "la",  "le"};
  return !t.capital && kParticles.contains(t.word);
}

Run run_at(const View& view, const std::vector<WordToken>& tokens, std::size_t first) {
  Run run{first, first + 1};
  while (run.last < tokens.size() && run.size() < kLongestName &&
         adjacent(view, tokens[run.last - 1], tokens[run.last])) {
    const WordToken& next = tokens[run.last];
    std::size_t after = run.last;  // past "van der"
    while (after < std::min(run.last + 2, tokens.size() - 1) && is_particle(tokens[after]) &&
           adjacent(view, tokens[after], tokens[after + 1]))
      ++after;
    const bool carries_on = is_particle(next) && tokens[after].capital;
    if ((!next.capital && !carries_on) || (!next.initial && never_names().contains(next.word))) break;
    ++run.last;
  }
  if (run.size() > 1 && tokens[run.last - 1].word == "i") --run.last;  // "Gulnara Bekmukhambetova I lost"
  return run;
}

/// "HDFC", "MBA", "X", "South Carolina", "St. Louis": no names, whatever stands before them.
bool is_abbreviation_or_place(const View& view, const std::vector<WordToken>& tokens, const Run& run) {
  bool capitals = false, known = true;
  for (std::size_t i = run.first; i < run.last; ++i) {
    capitals = capitals || tokens[i].all_capitals;
    known = known && (tokens[i].initial || maybe_given(tokens[i]) || surnames_en().contains(tokens[i].word));
  }
  if ((capitals && (!known || run.size() == 1)) || (run.size() == 1 && tokens[run.first].initial)) return true;
  static const WordSet kPlaces = {"st",   "saint", "south", "north", "new",  "east",
                                  "west", "port",  "fort",  "san",   "santa"};
  if (run.first == 0 || !tokens[run.first - 1].capital || !kPlaces.contains(tokens[run.first - 1].word)) return false;
  return tokens[run.first].begin - tokens[run.first - 1].end <= 2 && view.at(tokens[run.first].begin - 1) == u' ';
}

/// "Sterling Partners Ltd", "Procter & Gamble", "Victoria's Secret", "Grace Holloway Trust".
bool is_firm(const View& view, const std::vector<WordToken>& tokens, const Run& run) {
  for (std::size_t i = run.first + 1; i < run.last; ++i) {
    if (not_after_names().contains(tokens[i].word)) return true;
  }
  const WordToken& last = tokens[run.last - 1];
  if (run.last < tokens.size()) {
    const WordToken& next = tokens[run.last];
    const bool close = next.begin - last.end <= (last.possessive ? 3 : 1);
    if (close && next.capital && not_after_names().contains(next.word)) return true;
    if (last.possessive && next.capital && next.begin - last.end == 3) return true;
  }
  if (view.at(last.end + (last.possessive ? 2 : 0) + 1) == u'&' || view.at(tokens[run.first].begin - 2) == u'&')
    return true;
  for (std::size_t i = run.first; i + 1 < run.last; ++i) {
    if (named_firms().contains(tokens[i].word + "_" + tokens[i + 1].word)) return true;
  }
  return false;
}

enum class Cue { none, self, introduction, weak, strong };

Cue cue_before(const View& view, std::int32_t begin) {
  static const Pattern kStrong(
      R"(\b(?:(?:mr|mrs|ms|miss|mx|dr|prof)\.?|professor|sir|madam|judge|justice|dear|name(?: is|['’]s)|in the name of|account name|account holder(?: is)?|payee|beneficiary|applicant|claimant|creditor|debtor|guarantor|care of|c/o|signed(?: by)?|approved by|regards|sincerely|faithfully|truly|(?:chauffeur|chairman|chairwoman|chief executive|ceo)|(?:my|his|her|their|our|the) (?:wife|husband|brother|sister|mother|father|mum|mom|dad|son|daughter|driver|accountant|lawyer|boss|colleague|friend|partner|tenant|landlord|neighbour|cat|dog|customer|client))[:,]? ?$)",
      kCaseless);
  static const Pattern kWeak(
      R"(\b(?:from|customer|client|contact|attention|attn\.?|ask for|spoke (?:with|to)|inform|tell|president|chair|minister|governor|treasurer|appointed|hired|names|remove|told|to|by|with)[:,]? ?$)",
      kCaseless);
  static const Pattern kSelf(R"(\b(?:i am|i['’]m) $)", kCaseless);
  static const Pattern kIntroduction(R"((?:\b(?:this is|it['’]s|it is)|\bi,) $)", kCaseless);
  const std::int32_t from = std::max(0, begin - kCueUnits);
  if (kStrong.within(view, from, begin)) return Cue::strong;
  if (kSelf.within(view, from, begin)) return Cue::self;
  if (kIntroduction.within(view, from, begin)) return Cue::introduction;
  return kWeak.within(view, from, begin) ? Cue::weak : Cue::none;
}

bool speaks_after(const View& view, std::int32_t end) {
  static const Pattern kAfter(R"(^,? (?:here|speaking|calling)\b)", kCaseless);
  return kAfter.within(view, end, std::min(view.size(), end + 12));
}

/// "Wilhelmina Quistgaard" after "I am", though on no list: two words or more, none of which says what somebody is,
/// where from, or how they feel. After "this is" the sentence must also stop there, or say that somebody speaks.
bool introduced(const View& view, const std::vector<WordToken>& tokens, const Run& run, Cue cue) {
  static constexpr std::string_view kWordEndings[] = {"tion", "sion", "ment",  "ness", "ful",  "less",
                                                      "able", "ible", "ous",   "ity",  "ism",  "ship",
                                                      "ance", "ence", "ology", "ing",  "ally", "ified"};
  std::size_t words = 0;
  for (std::size_t i = run.first; i < run.last; ++i) {
    const WordToken& t = tokens[i];
    if (t.initial || is_particle(t)) continue;
    ++words;
    const bool name = maybe_given(t) || surnames_en().contains(t.word);
    if (t.all_capitals || t.possessive || introduced_words().contains(t.word) || not_after_names().contains(t.word))
      return false;
    for (const std::string_view ending : kWordEndings) {
      if (!name && t.word.size() > ending.size() + 2 && t.word.ends_with(ending)) return false;
    }
    if (!name && t.word.size() >= 7 && t.word.ends_with("ed")) return false;  // "Disappointed"
  }
  if (words < 2) return false;
  if (cue == Cue::self) return true;
  static const Pattern kStops(R"(^(?:[,.!;]|$|\n| (?:again|from)\b))", kCaseless);
  const std::int32_t end = tokens[run.last - 1].end;
  return cue == Cue::introduction && kStops.within(view, end, std::min(view.size(), end + 8));
}

/// "I am Roman Catholic", "This is Black Friday": a name by the lists, but said of something else.
bool said_of_something(const View& view, const std::vector<WordToken>& tokens, const Run& run, Cue cue) {
  const WordToken& last = tokens[run.last - 1];
  if (known_given(tokens[run.first])) return false;
  if (run.size() > 1)
    return (cue == Cue::self || cue == Cue::introduction) && introduced_words().contains(last.word) &&
           !surnames_en().contains(last.word);
  return cue != Cue::strong && run.last < tokens.size() && tokens[run.last].capital &&
         never_names().contains(tokens[run.last].word) && !tokens[run.last].initial &&
         adjacent(view, last, tokens[run.last]);
}

/// Whether the lists say that the run is a person; `said` where a cue stands before it.
bool listed(const std::vector<WordToken>& tokens, const Run& run, bool said) {
  static const WordSet kWordSurnames = {"hill",  "banks",  "park",  "green",  "white",  "black", "long",  "price",
                                        "fox",   "king",   "west",  "wells",  "gray",   "rose",  "stone", "wood",
                                        "woods", "young",  "bell",  "knight", "marsh",  "mills", "moss",  "do",
                                        "mason", "fisher", "baker", "cook",   "potter", "page",  "short", "cross",
                                        "ward",  "lane",   "hall",  "ford",   "bishop", "ray",   "lim",   "cross"};
  const WordToken& first = tokens[run.first];
  const WordToken& last = tokens[run.last - 1];
  if (run.size() == 1)
    return known_given(first) || (said && (maybe_given(first) || surnames_en().contains(first.word)));
  if (known_given(first) || (maybe_given(first) && (said || surnames_en().contains(last.word)))) return true;
  if (vietnamese(first)) return true;
  const WordToken& second = tokens[run.first + 1];
  if (surnames_pinyin().contains(first.word) && is_pinyin(second.word)) return true;
  if (surnames_pinyin().contains(last.word) && run.size() == 2 && first.word.size() >= 4 && is_pinyin(first.word))
    return true;
  const bool surname = surnames_en().contains(last.word) && !kWordSurnames.contains(last.word);
  return (surname && (said || !first.starts_sentence)) || (said && surnames_en().contains(last.word));
}

/// The run without a capitalised verb before the name ("Tell David").
Run trimmed(const std::vector<WordToken>& tokens, Run run) {
  for (std::size_t i = run.first; i < run.last; ++i) {
    const bool pinyin = surnames_pinyin().contains(tokens[i].word) && i + 1 < run.last && is_pinyin(tokens[i + 1].word);
    const bool before_surname = ambiguous_given_names().contains(tokens[i].word) && i + 1 < run.last &&
                                surnames_en().contains(tokens[i + 1].word);
    if (known_given(tokens[i]) || pinyin || before_surname) return {i, run.last};
  }
  return run;
}

void find_in_runs(const View& view, const std::vector<WordToken>& tokens, std::vector<Candidate>& found) {
  for (std::size_t i = 0; i < tokens.size();) {
    if (!tokens[i].capital || never_names().contains(tokens[i].word)) {
      ++i;
      continue;
    }
    const Run run = run_at(view, tokens, i);
    i = run.last;
    if (is_firm(view, tokens, run) || is_abbreviation_or_place(view, tokens, run)) continue;
    const Cue cue = cue_before(view, tokens[run.first].begin);
    Run name = run;
    bool person = cue == Cue::strong || introduced(view, tokens, run, cue);
    if (!person && !said_of_something(view, tokens, run, cue)) {
      name = trimmed(tokens, run);
      const bool spoken = speaks_after(view, tokens[name.last - 1].end);
      const bool said = cue != Cue::none || spoken;
      person = listed(tokens, name, said) || ((cue == Cue::self || cue == Cue::introduction) && spoken) ||
               (spoken && name.size() >= 2);
    }
    if (person) found.push_back({PersonalKind::name, tokens[name.first].begin, tokens[name.last - 1].end});
  }
}

/// "my name is kevin brooks and i cant log in": lower case, up to three words that are no function words.
void find_lower_case(const View& view, const std::vector<WordToken>& tokens, std::vector<Candidate>& found) {
  static const WordSet kEnds = {
      "and", "but",   "i",    "from",    "with",      "my", "the", "here", "not",   "is",    "on",         "in",
      "at",  "or",    "so",   "calling", "speaking",  "a",  "an",  "was",  "still", "wrong", "misspelled", "spelled",
      "no",  "never", "also", "missing", "incorrect", "of", "to",  "for",  "what",  "it",    "are"};
  static const Pattern kCue(R"(\bmy name(?:['’]s|s| is) $)", kCaseless);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].capital || !kCue.within(view, std::max(0, tokens[i].begin - 14), tokens[i].begin)) continue;
    std::size_t end = i;
    while (end < tokens.size() && end < i + 3 && !kEnds.contains(tokens[end].word) &&
           (end == i || adjacent(view, tokens[end - 1], tokens[end])))
      ++end;
    if (end > i) found.push_back({PersonalKind::name, tokens[i].begin, tokens[end - 1].end});
  }
}

}  // namespace

void find_names_en(const View& view, std::vector<Candidate>& found) {
  const std::vector<WordToken> tokens = tokens_of(view);
  find_in_runs(view, tokens, found);
  find_lower_case(view, tokens, found);
}

}  // namespace ballast::text
