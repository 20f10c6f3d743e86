// SPDX-License-Identifier: Apache-2.0
// `ballast compare text`: one label a text. A language model that is fine-tuned on the training rows, beside the n-gram
// linear model, both together, a word list where one is given, and the most frequent label.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/tabular/validation.h"
#include "ballast/text/preprocess.h"
#include "compare_text_methods.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
namespace fs = std::filesystem;

/// A word list with a label a word: the label with the most words in the text, else the most frequent label.
class WordList {
 public:
  WordList(const std::string& file, const std::vector<std::string>& labels) : labels_(labels) {
    auto reader = ingest::RecordReader::open(file);
    reader.require_column("word", "--lexicon", "word");
    std::string column;
    for (const char* name : {"label", "polarity", "category"}) {
      const auto& columns = reader.columns();
      if (column.empty() && std::find(columns.begin(), columns.end(), name) != columns.end()) column = name;
    }
    if (column.empty()) throw Error(ErrorCode::bad_input, "has no column label, polarity or category", file);
    for (ingest::Record row; reader.next(row);) {
      const auto label = std::find(labels.begin(), labels.end(), row.text(column).value_or(""));
      if (label == labels.end()) continue;
      words_[text::lower(row.text("word").value_or(""))] = static_cast<std::size_t>(label - labels.begin());
    }
    if (words_.empty()) {
      throw Error(ErrorCode::bad_input, "none of its " + column + " values is a label of the data", file,
                  fmt::format("the labels are: {}", fmt::join(labels, ", ")));
    }
  }

  /// The label, or the number of labels where no word speaks.
  std::size_t answer(const std::string& document) const {
    std::vector<int> found(labels_.size(), 0);
    for (const text::Span& span : text::split_words(document)) {
      const auto word = words_.find(text::lower(span.of(document)));
      if (word != words_.end()) ++found[word->second];
    }
    const auto most = std::max_element(found.begin(), found.end());
    return *most == 0 ? labels_.size() : static_cast<std::size_t>(most - found.begin());
  }
  std::int64_t size() const { return static_cast<std::int64_t>(words_.size()); }

 private:
  std::vector<std::string> labels_;
  std::map<std::string, std::size_t> words_;
};

class TextTask : public CompareTask {
 public:
  TextTask(const CompareArguments& a, const Common& common) : a_(a), common_(common) {
    if (a_.text_columns.empty()) a_.text_columns = {"text"};
    add(a.data, "--data");
    if (!a.test.empty()) {
      const std::size_t trained = texts_.size();
      const std::set<std::string> known(labels_.begin(), labels_.end());
      add(a.test, "--test");
      check_labels(known, trained);
      folds_.assign(trained, govern::kTrainOnly);
      folds_.resize(texts_.size(), 0);
    } else {
      collect_labels();
      folds_ = assign_folds(records_, classes_of(labels_), a.folds, a, common.seed);
      for (int& fold : folds_) fold = fold == 0 ? 0 : govern::kTrainOnly;
    }
    collect_labels();
  }

  govern::SplitRows rows() const override {
    govern::SplitRows rows;
    for (std::size_t i = 0; i < texts_.size(); ++i) add_split_row(records_[i], folds_[i], a_, rows);
    rows.contents = texts_;
    return rows;
  }

  void drop(std::span<const std::uint8_t> marked) override {
    const auto kept = rows_where(marked, false);
    texts_ = tabular::take<std::string>(texts_, kept);
    labels_ = tabular::take<std::string>(labels_, kept);
    records_ = tabular::take<ingest::Record>(records_, kept);
    folds_ = tabular::take<int>(folds_, kept);
  }

  govern::Comparison compare() override {
    train_ = labelled(govern::kTrainOnly);
    judged_ = labelled(0);
    check_classes();
    std::vector<govern::MethodRun> runs = {majority()};
    if (!a_.lexicon.empty()) runs.push_back(word_list());
    for (govern::MethodRun& run : run_text_methods(text_training(a_), common_, train_, judged_)) {
      runs.push_back(std::move(run));
    }
    govern::JudgeOptions options;
    options.seed = common_.seed;
    return govern::judge_classes(a_.task, judged_.classes.front(), static_cast<int>(names_.size()), std::move(runs),
                                 options);
  }

  std::string data_words() const override { return words_; }
  std::vector<std::string> notes() const override {
    return {fmt::format("{} texts learnt from; every method calibrated by temperature on {} folds of them",
                        train_.size(), kCalibrationFolds)};
  }
  std::pair<std::string, std::string> base_model() const override { return base_model_of(text_training(a_)); }

 private:
  void add(const std::vector<std::string>& files, const std::string& option) {
    std::vector<std::string> required = a_.text_columns;
    for (const std::string& column : {a_.label, a_.group, a_.time, a_.available}) required.push_back(column);
    CompareSide side = read_side(files, required, option, common_);
    std::int64_t taken = 0, empty = 0;
    for (ingest::Record& row : side.rows) {
      std::string joined;
      for (const std::string& column : a_.text_columns) {
        const std::string part = row.text(column).value_or("");
        joined += (joined.empty() || part.empty() ? "" : "\n") + part;
      }
      const std::string label = row.text(a_.label).value_or("");
      if (label.empty() || joined.find_first_not_of(" \t\r\n") == std::string::npos) {
        if (empty++ == 0)
          say(common_, fmt::format("set aside {}:{}: no {}", row.source, row.line, label.empty() ? "label" : "text"));
        continue;
      }
      texts_.push_back(std::move(joined));
      labels_.push_back(label);
      records_.push_back(std::move(row));
      ++taken;
    }
    if (empty > 0) say(common_, fmt::format("{} row(s) without text or label set aside in all", empty));
    if (taken == 0) throw Error(ErrorCode::bad_input, "no row has a text and a label", files.front());
    std::string names;
    for (const std::string& file : side.files)
      names += (names.empty() ? "" : ", ") + fs::path(file).filename().string();
    words_ += fmt::format("{}{} ({} rows)", words_.empty() ? "" : " to ", names, taken);
  }

  /// A label of the evaluation rows that training never saw cannot be learnt: a mistake in the files.
  void check_labels(const std::set<std::string>& known, std::size_t trained) const {
    for (std::size_t i = trained; i < labels_.size(); ++i) {
      if (known.contains(labels_[i])) continue;
      throw Error(ErrorCode::bad_input, "the label \"" + labels_[i] + "\" does not occur in the training rows",
                  fmt::format("{}:{}, column {}", records_[i].source, records_[i].line, a_.label),
                  fmt::format("they hold: {}", fmt::join(known, ", ")));
    }
  }

  void collect_labels() {
    const std::set<std::string> distinct(labels_.begin(), labels_.end());
    names_.assign(distinct.begin(), distinct.end());
    if (names_.size() < 2) {
      throw Error(ErrorCode::bad_input, fmt::format("all labels are \"{}\": two classes are needed", names_.front()),
                  a_.data.front(), "column " + a_.label);
    }
  }
  std::vector<int> classes_of(const std::vector<std::string>& labels) const {
    std::vector<int> out;
    for (const std::string& label : labels) {
      out.push_back(static_cast<int>(std::lower_bound(names_.begin(), names_.end(), label) - names_.begin()));
    }
    return out;
  }

  LabelledRows labelled(int fold) const {
    LabelledRows rows;
    rows.heads = {{"label", lm::HeadKind::multiclass, names_, {}}};
    rows.sets.resize(1);
    std::vector<std::string> labels;
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      if (folds_[i] != fold) continue;
      rows.texts.push_back(texts_[i]);
      rows.lines.push_back(records_[i].line);
      rows.ids.emplace_back();
      rows.texts_number.push_back(rows.texts.size() - 1);
      labels.push_back(labels_[i]);
    }
    rows.classes = {classes_of(labels)};
    return rows;
  }

  void check_classes() const {
    if (judged_.size() == 0 || train_.size() < kFewestTexts) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("{} rows to learn from and {} to judge are too few", train_.size(), judged_.size()),
                  a_.data.front());
    }
    const auto& classes = train_.classes.front();
    for (std::size_t c = 0; c < names_.size(); ++c) {
      if (std::find(classes.begin(), classes.end(), static_cast<int>(c)) == classes.end()) {
        throw Error(ErrorCode::bad_input, "no training row is left with the label \"" + names_[c] + "\"",
                    a_.data.front());
      }
    }
  }

  /// Shares of the labels among the chosen training rows, one row more a label.
  std::vector<double> shares(const std::vector<std::uint8_t>& chosen) const {
    std::vector<double> out(names_.size(), 1);
    double sum = static_cast<double>(names_.size());
    for (std::size_t r = 0; r < train_.size(); ++r) {
      if (chosen[r] == 0) continue;
      out[static_cast<std::size_t>(train_.classes.front()[r])] += 1;
      sum += 1;
    }
    for (double& share : out) share /= sum;
    return out;
  }

  govern::MethodRun majority() const {
    govern::MethodRun run;
    run.name = "majority";
    run.family = govern::Family::baseline;
    run.note = "the share of each label in the training rows, whatever the text";
    const std::vector<double> p = shares(std::vector<std::uint8_t>(train_.size(), 1));
    for (std::size_t r = 0; r < judged_.size(); ++r)
      run.probabilities.insert(run.probabilities.end(), p.begin(), p.end());
    return run;
  }

  govern::MethodRun word_list() const {
    govern::MethodRun run;
    run.name = "word list";
    CostMeter meter;
    const WordList words(a_.lexicon, names_);
    run.note =
        fmt::format("{} words; its answer becomes a probability by how often it was right in training", words.size());
    const auto table = meter.train([&] {
      std::vector<std::size_t> answers;
      for (const std::string& document : train_.texts) answers.push_back(words.answer(document));
      std::vector<std::vector<double>> by_answer;
      for (std::size_t answer = 0; answer <= names_.size(); ++answer) {
        std::vector<std::uint8_t> chosen;
        for (const std::size_t a : answers) chosen.push_back(a == answer);
        by_answer.push_back(shares(chosen));
      }
      return by_answer;
    });
    run.probabilities = meter.score([&] {
      std::vector<double> all;
      for (const std::string& document : judged_.texts) {
        const std::vector<double>& p = table[words.answer(document)];
        all.insert(all.end(), p.begin(), p.end());
      }
      return all;
    });
    run.model_hash = base::sha256_file(a_.lexicon);
    run.model_bytes = static_cast<std::int64_t>(fs::file_size(a_.lexicon));
    run.cost = meter.cost();
    return run;
  }

  CompareArguments a_;
  const Common& common_;
  std::string words_;
  std::vector<std::string> texts_, labels_, names_;
  std::vector<ingest::Record> records_;
  std::vector<int> folds_;
  LabelledRows train_, judged_;
};

}  // namespace

std::unique_ptr<CompareTask> make_text_task(const CompareArguments& arguments, const Common& common) {
  return std::make_unique<TextTask>(arguments, common);
}

}  // namespace ballast::apps
