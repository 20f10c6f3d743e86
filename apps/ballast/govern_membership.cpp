// SPDX-License-Identifier: Apache-2.0
// ballast govern membership: can one tell from a classifier which rows it was trained on?
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/parallel.h"
#include "ballast/govern/membership.h"
#include "default_model.h"
#include "govern.h"
#include "training_data.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

struct MembershipArguments {
  std::string model, encoding = "auto";
  std::vector<std::string> members, others, text_columns, label_columns;
  double limit = 1;
};

/// The data's column of each head: HEAD=COLUMN, or for a single head COLUMN.
std::vector<HeadColumn> membership_columns(const MembershipArguments& a, const std::vector<lm::Head>& heads) {
  std::vector<HeadColumn> columns;
  for (const lm::Head& head : heads) {
    for (const std::string& given : a.label_columns) {
      const std::size_t at = given.find('=');
      const bool named = at != std::string::npos && given.substr(0, at) == head.name;
      if (named || (at == std::string::npos && heads.size() == 1)) {
        columns.push_back({head.name, named ? given.substr(at + 1) : given, head.kind});
      }
    }
  }
  if (columns.empty()) {
    std::string names;
    for (const lm::Head& head : heads) names += (names.empty() ? "" : ", ") + head.name;
    throw Error(ErrorCode::usage, "names no head of the model", "--label-column",
                "HEAD=COLUMN with one of the heads " + names);
  }
  return columns;
}

/// Cross-entropy of each row over the chosen heads, natural logarithms.
std::vector<double> losses_of(const lm::TextClassifier& model, const std::vector<std::string>& files,
                              const MembershipArguments& a, ReadSummary& summary) {
  const auto columns = membership_columns(a, model.heads());
  std::vector<lm::Head> heads;
  std::vector<std::size_t> at;
  for (const HeadColumn& column : columns) {
    for (std::size_t h = 0; h < model.heads().size(); ++h) {
      if (model.heads()[h].name != column.name) continue;
      heads.push_back(model.heads()[h]);
      at.push_back(h);
    }
  }
  const RowOptions reading{files, a.text_columns, columns, a.encoding, false, false, ""};
  const LabelledRows rows = read_labelled(reading, heads, nullptr, summary);
  const std::vector<std::string_view> texts(rows.texts.begin(), rows.texts.end());
  const auto predictions = model.predict(texts);
  const auto cost = [](double p) { return -std::log(std::clamp(p, 1e-12, 1.0)); };
  std::vector<double> losses;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    double loss = 0;
    for (std::size_t h = 0; h < heads.size(); ++h) {
      const std::vector<double>& p = predictions[r].heads[at[h]].probabilities;
      if (heads[h].kind == lm::HeadKind::multiclass) {
        if (rows.classes[h][r] >= 0) loss += cost(p[static_cast<std::size_t>(rows.classes[h][r])]);
        continue;
      }
      for (std::size_t l = 0; l < p.size(); ++l) loss += cost(rows.sets[h][r][l] != 0 ? p[l] : 1 - p[l]);
    }
    losses.push_back(loss);
  }
  return losses;
}

void run_membership(const MembershipArguments& a, const Common& common) {
  base::set_threads(common.threads);
  const auto model = lm::TextClassifier::load(a.model.empty() ? default_model() : std::filesystem::path(a.model));
  ReadSummary members_read, others_read;
  const std::vector<double> members = losses_of(model, a.members, a, members_read);
  const std::vector<double> others = losses_of(model, a.others, a, others_read);
  const govern::MembershipAttack attack = govern::attack_membership(members, others);
  Json caught = Json::array();
  for (const govern::CaughtAt& c : attack.caught) {
    caught.push_back({{"false_share", c.false_share}, {"caught", c.caught}, {"interval_95", c.interval}});
  }
  const Json json = {{"model", model.identity()},
                     {"members", summary_json(members_read)},
                     {"others", summary_json(others_read)},
                     {"member_loss", attack.member_loss},
                     {"other_loss", attack.other_loss},
                     {"auc", attack.auc.auc},
                     {"auc_interval_95", {attack.auc.low, attack.auc.high}},
                     {"advantage", attack.advantage},
                     {"caught", caught},
                     {"limit", a.limit},
                     {"passed", attack.auc.auc <= a.limit}};
  if (common.json) {
    fmt::print("{}\n", base::dump_json(json));
  } else {
    fmt::print("{}: {} rows it was trained on (mean loss {:.3f}), {} others ({:.3f})\n", model.identity(),
               attack.members, attack.member_loss, attack.others, attack.other_loss);
    fmt::print("telling them apart by the loss: AUC {:.3f} [{:.3f}, {:.3f}] (0.5: not at all), advantage {:.3f}\n",
               attack.auc.auc, attack.auc.low, attack.auc.high, attack.advantage);
    for (const govern::CaughtAt& c : attack.caught) {
      fmt::print("  accusing {:.1f} % of the others wrongly, it catches {:.1f} % [{:.1f}, {:.1f}] of the members\n",
                 100 * c.false_share, 100 * c.caught, 100 * c.interval[0], 100 * c.interval[1]);
    }
  }
  std::fflush(stdout);
  if (attack.auc.auc > a.limit) {
    throw Error(ErrorCode::bad_input, fmt::format("AUC {:.3f} is above the limit {:.3f}", attack.auc.auc, a.limit),
                model.identity());
  }
}

}  // namespace

void add_govern_membership(CLI::App& govern, Common& common) {
  CLI::App* verb =
      govern.add_subcommand("membership", "Can one tell from a classifier which rows it was trained on? (an attack)");
  const auto a = std::make_shared<MembershipArguments>();
  verb->add_option("--model", a->model, "Model folder (default: the embedded one)");
  verb->add_option("--members", a->members, "Rows that it was trained on, CSV or JSONL")->required();
  verb->add_option("--others", a->others, "Rows of the same kind that it was not")->required();
  verb->add_option("--label-column", a->label_columns, "Column of the label, or HEAD=COLUMN")->required();
  verb->add_option("--text-column", a->text_columns, "Columns of the text, joined with a newline");
  verb->add_option("--encoding", a->encoding)->capture_default_str();
  verb->add_option("--limit", a->limit, "Exit code 2 where the AUC is above this")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  add_common(*verb, common,
             "ballast govern membership --members train.jsonl --others dev.jsonl --label-column risk=risks");
  verb->callback([a, &common] { run_membership(*a, common); });
}

}  // namespace ballast::apps
