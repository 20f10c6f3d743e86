// SPDX-License-Identifier: Apache-2.0
// Word lists for names of people, in lower case or Chinese characters; sets made once.
#pragma once

#include <string>
#include <unordered_set>

namespace ballast::text {

using WordSet = std::unordered_set<std::string>;

/// Given names that are hardly anything else, of many languages.
const WordSet& given_names();
/// Given names that are also words, places or firms ("grace", "jordan"): they count before a surname or where said so.
const WordSet& ambiguous_given_names();
const WordSet& surnames_en();
/// Chinese surnames in pinyin.
const WordSet& surnames_pinyin();
/// Whether it can be one or two (three for a compound) syllables of pinyin.
bool is_pinyin(const std::string& word);
/// Capitalised words that make a neighbouring "name" a firm, place or feast.
const WordSet& not_after_names();
/// Capitalised words that are no part of a name: months, weekdays, countries, banking words.
const WordSet& never_names();
/// Capitalised words that may follow "I am" or "this is" without being a name: what somebody is or feels,
/// nationalities, ranks of things.
const WordSet& introduced_words();
/// Firms and places that look like given name and surname.
const WordSet& named_firms();

/// One- and two-character Chinese surnames, and characters usual in given names.
const WordSet& surnames_zh();
const WordSet& compound_surnames_zh();
/// Surnames that are other words more often; they count where somebody says who they are.
const WordSet& rare_surnames_zh();
const WordSet& given_characters_zh();

}  // namespace ballast::text
