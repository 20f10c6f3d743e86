// SPDX-License-Identifier: Apache-2.0
// The exports do what the card does: the SQL runs in SQLite, the PMML through a small evaluator of its own that knows
// nothing of the card.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cmath>
#include <map>
#include <memory>
#include <optional>

#include "ballast/tabular/pipeline.h"
#include "ballast/tabular/scorecard.h"
#include "synthetic.h"
#include "tests/support/shared.h"

namespace ballast::tabular {
namespace {

using Row = std::map<std::string, std::optional<std::string>>;

Row row_of(const Table& table, std::int64_t r) {
  Row row;
  for (const Column& column : table.columns) {
    row[column.spec.name] = column.missing(r) ? std::nullopt : std::optional(cell_text(column, r));
  }
  return row;
}

// ---- SQL ----

struct Database {
  sqlite3* handle = nullptr;
  Database() { sqlite3_open(":memory:", &handle); }
  ~Database() { sqlite3_close(handle); }
  void run(const std::string& sql) {
    char* message = nullptr;
    ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << (message ? message : "");
  }
};

std::string quoted(const std::string& text, char quote) {
  std::string out(1, quote);
  for (const char c : text) out += c == quote ? std::string(2, quote) : std::string(1, c);
  return out + quote;
}

/// (score, pd) of every row, in order.
std::vector<std::pair<double, double>> run_sql(const std::string& sql, const Table& table) {
  Database db;
  std::string create;
  for (const Column& column : table.columns) {
    create += (create.empty() ? "" : ", ") + quoted(column.spec.name, '"') +
              (column.spec.kind == ColumnKind::numeric ? " REAL" : " TEXT");
  }
  db.run("CREATE TABLE applications (" + create + ")");
  db.run("BEGIN");
  for (std::int64_t r = 0; r < table.rows(); ++r) {
    std::string values;
    for (const Column& column : table.columns) {
      values += values.empty() ? "" : ", ";
      const std::string text = cell_text(column, r);
      values += column.missing(r) ? "NULL" : column.spec.kind == ColumnKind::numeric ? text : quoted(text, '\'');
    }
    db.run("INSERT INTO applications VALUES (" + values + ")");
  }
  db.run("COMMIT");
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(db.handle, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db.handle);
  std::vector<std::pair<double, double>> out;
  const int columns = sqlite3_column_count(statement);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    out.emplace_back(sqlite3_column_double(statement, columns - 2), sqlite3_column_double(statement, columns - 1));
  }
  sqlite3_finalize(statement);
  return out;
}

// ---- PMML: just enough XML, and the Scorecard element by its specification ----

struct Element {
  std::string name, text;
  std::map<std::string, std::string> attributes;
  std::vector<std::unique_ptr<Element>> children;
};

std::string unescaped(std::string text) {
  const std::pair<const char*, const char*> kEntities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#10;", "\n"}, {"&amp;", "&"}};
  for (const auto& [entity, c] : kEntities) {
    for (std::size_t at = 0; (at = text.find(entity, at)) != std::string::npos; at += 1) {
      text.replace(at, std::string(entity).size(), c);
    }
  }
  return text;
}

class Xml {
 public:
  explicit Xml(const std::string& text) : text_(text), at_(text.find("?>") + 2) {}

  std::unique_ptr<Element> element() {
    at_ = text_.find('<', at_) + 1;
    auto e = std::make_unique<Element>();
    e->name = word();
    while (true) {
      while (std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
      if (text_[at_] == '/') return at_ += 2, std::move(e);
      if (text_[at_] == '>') break;
      const std::string name = word();
      const std::size_t end = text_.find('"', at_ + 2);
      e->attributes[name] = unescaped(text_.substr(at_ + 2, end - at_ - 2));
      at_ = end + 1;
    }
    ++at_;
    while (true) {
      const std::size_t next = text_.find('<', at_);
      e->text += unescaped(text_.substr(at_, next - at_));
      at_ = next;
      if (text_[at_ + 1] == '/') return at_ = text_.find('>', at_) + 1, std::move(e);
      e->children.push_back(element());
    }
  }

 private:
  std::string word() {
    const std::size_t begin = at_;
    while (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == ':' || text_[at_] == '_') ++at_;
    return text_.substr(begin, at_ - begin);
  }
  const std::string text_;
  std::size_t at_;
};

const Element& child(const Element& of, const std::string& name) {
  for (const auto& c : of.children) {
    if (c->name == name) return *c;
  }
  throw std::runtime_error("no " + name);
}

/// The items of an <Array type="string">: in quotes, with \" and \\ inside.
std::vector<std::string> items(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '"') continue;
    out.emplace_back();
    for (++i; text[i] != '"'; ++i) out.back() += text[i] == '\\' ? text[++i] : text[i];
  }
  return out;
}

bool holds(const Element& predicate, const Row& row) {
  if (predicate.name == "True") return true;
  if (predicate.name == "CompoundPredicate") {
    return std::all_of(predicate.children.begin(), predicate.children.end(),
                       [&](const auto& p) { return holds(*p, row); });
  }
  const auto& value = row.at(predicate.attributes.at("field"));
  if (predicate.name == "SimpleSetPredicate") {
    const auto list = items(child(predicate, "Array").text);
    return value && std::find(list.begin(), list.end(), *value) != list.end();
  }
  const std::string& op = predicate.attributes.at("operator");
  if (op == "isMissing") return !value;
  if (op == "isNotMissing") return value.has_value();
  if (!value) return false;
  const double x = std::stod(*value), y = std::stod(predicate.attributes.at("value"));
  return op == "lessThan" ? x < y : op == "greaterOrEqual" && x >= y;
}

double run_pmml(const Element& root, const Row& row) {
  const Element& card = child(root, "Scorecard");
  double score = std::stod(card.attributes.at("initialScore"));
  for (const auto& characteristic : child(card, "Characteristics").children) {
    for (const auto& attribute : characteristic->children) {  // the first that holds
      if (!holds(*attribute->children.front(), row)) continue;
      score += std::stod(attribute->attributes.at("partialScore"));
      break;
    }
  }
  return score;
}

void expect_same(const Table& train, const std::vector<std::uint8_t>& truth, const Table& rows) {
  const Scorecard card = fit_scorecard(train, truth);
  const auto calibration = fit_platt(card.scores(train), truth);
  const PointsScale scale;
  const auto sql = run_sql(to_sql(card, "applications", scale, {calibration.a, calibration.b}), rows);
  const std::string pmml = to_pmml(card, "card");
  const auto root = Xml(pmml).element();
  const auto scores = card.scores(rows);
  ASSERT_EQ(sql.size(), scores.size());
  for (std::int64_t r = 0; r < rows.rows(); ++r) {
    const auto at = static_cast<std::size_t>(r);
    EXPECT_NEAR(sql[at].first, scale.points(scores[at]), 1e-8) << r;
    EXPECT_NEAR(sql[at].second, calibration(scores[at]), 1e-10) << r;
    EXPECT_NEAR(run_pmml(*root, row_of(rows, r)), scale.points(scores[at]), 1e-8) << r;
  }
}

TEST(ScorecardExport, GivesTheSamePointsInSqliteAndByAnEvaluatorOfPmml) {
  auto data = test::synthetic(1200, 41);
  data.table.columns[2].spec.name = "the \"job\" & more";
  data.table.columns[2].spec.levels = {"a'b\\c", "c<d", "e\"f"};
  expect_same(data.table, data.truth, data.table);
}

TEST(ScorecardExport, DoesSoOnRealApplications) {
  BALLAST_NEEDS_SHARED("data/credit_german/train.csv");
  const std::vector<std::pair<std::string, std::string>> sets = {{"credit_german", "bad"}, {"credit_hmeq", "1"}};
  for (const auto& [set, bad] : sets) {
    const std::vector<std::string> file = {(test::shared_dir() / "data" / set / "train.csv").string()};
    const Table table = read_table(file, {{}, {"label"}, {}});
    const auto truth = binary_truth(table.at("label"), bad);
    const Table inputs = table.without(std::vector<std::string>{"label"});
    std::vector<std::int64_t> first;
    for (std::int64_t r = 0; r < 200; ++r) first.push_back(r);
    expect_same(inputs, truth, inputs.take(first));
  }
}

}  // namespace
}  // namespace ballast::tabular
