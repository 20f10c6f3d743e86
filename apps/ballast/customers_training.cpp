// SPDX-License-Identifier: Apache-2.0
#include "customers_training.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "customers_cases.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

/// Rows without a label are set aside before anything is inferred from them.
std::vector<ingest::Record> labelled(std::vector<ingest::Record> rows, const std::string& label,
                                     const ingest::QuarantineSink& sink) {
  const ingest::Record first = rows.front();
  if (std::none_of(rows.begin(), rows.end(), [&](const auto& row) { return row.has(label); })) {
    throw Error(ErrorCode::bad_input, "there is no column \"" + label + "\"", first.source,
                "the nearest is \"" + ingest::nearest_name(label, first.columns()) + "\"");
  }
  std::erase_if(rows, [&](const ingest::Record& row) {
    if (!tabular::is_missing_text(row.text(label).value_or(""))) return false;
    sink({row.source, row.line, label, "has no label", ""});
    return true;
  });
  if (rows.empty()) throw Error(ErrorCode::bad_input, "no row has a label", first.source);
  return rows;
}

}  // namespace

void add_training_options(CLI::App& verb, CustomerTrainArguments& a) {
  verb.add_option("--data", a.data, "CSV or JSONL files with the same columns")->required();
  verb.add_option("--label", a.label, "The column that says how it ended")->required();
  verb.add_option("--positive", a.positive, "Its value that means left, answered, bought")->required();
  verb.add_option("--drop", a.drop, "Columns to leave out, such as what is known only afterwards");
  verb.add_option("--categorical", a.categorical, "Columns whose numbers are names");
  verb.add_option("--text", a.texts, "Columns that hold texts, read by an n-gram model trained beside the columns");
  verb.add_flag("--with-text-model", a.use_text_model, "Let the embedded language model read the texts, too");
  verb.add_option("--text-model", a.text_model, "The same with the model of this folder");
  verb.add_option("--key", a.key, "Column that names a customer: later rows of one are set aside, and it is no input");
  verb.add_option("--words", a.words, "TOML file with [column] en, zh: how reasons call a column");
  verb.add_option("--folds", a.folds, "Stratified folds")->check(CLI::Range(2, 20))->capture_default_str();
  verb.add_flag("--accept-leakage", a.accept_leakage, "Train although the label seems to leak");
  verb.add_flag("--strict", a.strict, "Bad rows are an error");
}

CustomerTrainingSet read_training_set(const CustomerTrainArguments& a, const Common& common,
                                      RowQuarantine& quarantine) {
  CustomerTrainingSet set;
  for (const std::string& text : a.texts) {
    if (text == a.label || text == a.key || std::find(a.drop.begin(), a.drop.end(), text) != a.drop.end()) {
      throw Error(ErrorCode::usage, "\"" + text + "\" cannot be a text and the label, the key or dropped", "--text");
    }
  }
  std::vector<ingest::Record> rows = labelled(read_rows(a.data, quarantine.sink()), a.label, quarantine.sink());
  set.records = unique_rows(std::move(rows), a.key, quarantine.sink());
  std::vector<std::string> made;
  if (a.use_text_model || !a.text_model.empty()) {
    if (a.texts.empty()) throw Error(ErrorCode::usage, "a text model needs a text", "--text-model", "--text C");
    const TextColumns text_columns(a.text_model, a.texts);
    text_columns.add_to(set.records);
    made = text_columns.made();
    set.training.text_model = text_columns.note();
  }
  tabular::TableOptions options;
  options.categorical = a.categorical;
  options.categorical.push_back(a.label);
  if (!a.key.empty()) options.drop = {a.key};
  std::vector<std::size_t> kept;
  set.rows = risk::read_customers(set.records, a.texts, options, quarantine.sink(), &kept);
  set.rows.text_numbers = std::move(made);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i] != i) set.records[i] = std::move(set.records[kept[i]]);
  }
  set.records.resize(kept.size());
  quarantine.finish(a.strict);
  risk::CustomerTraining& t = set.training;
  t.label = a.label;
  t.positive = a.positive;
  t.drop = a.drop;
  t.accept_leakage = a.accept_leakage;
  if (!a.words.empty()) t.words = risk::parse_column_words(base::read_file(a.words), a.words);
  t.folds = a.folds;
  t.seed = common.seed;
  t.data = file_hashes(a.data);
  return set;
}

std::string sentence(const risk::CandidateDifference& d) {
  const auto& tenth = d.lift.front();
  return fmt::format(
      "{} against {}: AUC {:+.4f} [{:+.4f}, {:+.4f}] (DeLong p {:.2g}), log loss {:+.4f} (standard error {:.4f}), lift "
      "of "
      "the first tenth {:+.2f} [{:+.2f}, {:+.2f}]",
      d.challenger, d.champion, d.auc.difference, d.auc.low, d.auc.high, d.auc.p_value, d.log_loss, d.log_loss_error,
      tenth.estimate, tenth.low, tenth.high);
}

}  // namespace ballast::apps
