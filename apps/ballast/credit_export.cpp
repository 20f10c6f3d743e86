// SPDX-License-Identifier: Apache-2.0
// ballast credit export: the scorecard as SQL or PMML, for systems where Ballast does not run.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/tabular/scorecard.h"
#include "credit.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;

struct ExportArguments {
  std::string model, format = "sql", table = "applications", output;
};

void run_credit_export(const ExportArguments& a, const Common& common) {
  const risk::CreditModel model = risk::CreditModel::load(a.model);
  const tabular::Pipeline* card = model.scorecard();
  if (card == nullptr || card->scorecard() == nullptr) {
    throw Error(ErrorCode::bad_input, "holds no scorecard", a.model);
  }
  const auto& platt = card->calibration()->platt;
  const std::string text = a.format == "pmml" ? tabular::to_pmml(*card->scorecard(), "ballast credit scorecard")
                                              : tabular::to_sql(*card->scorecard(), a.table, {}, {platt.a, platt.b});
  if (model.champion() != "scorecard") {
    say(common, "the champion is " + model.champion() + "; what is exported is the scorecard kept beside it");
  }
  if (!a.output.empty()) base::write_file_atomic(a.output, text);
  if (common.json) {
    base::Json json = {{"format", a.format}, {"characteristics", card->scorecard()->characteristics.size()}};
    if (a.output.empty())
      json["text"] = text;
    else
      json["output"] = a.output;
    fmt::print("{}\n", base::dump_json(json));
  } else if (a.output.empty() && std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    throw Error(ErrorCode::io, "cannot write", "standard output");
  }
}

}  // namespace

void add_credit_export(CLI::App& credit, Common& common) {
  CLI::App* verb = credit.add_subcommand("export", "The scorecard as SQL or PMML");
  const auto a = std::make_shared<ExportArguments>();
  verb->add_option("--model", a->model, "Folder of the model")->required();
  verb->add_option("--format", a->format, "sql or pmml")->check(CLI::IsMember({"sql", "pmml"}))->capture_default_str();
  verb->add_option("--table", a->table, "sql: the table that holds the applications")->capture_default_str();
  verb->add_option("--output", a->output, "File; default: standard output");
  add_common(*verb, common, "ballast credit export --model models/german --format pmml --output card.pmml");
  verb->callback([a, &common] { run_credit_export(*a, common); });
}

}  // namespace ballast::apps
