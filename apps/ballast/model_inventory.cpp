// SPDX-License-Identifier: Apache-2.0
#include "model_inventory.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"

namespace ballast::apps {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
namespace fs = std::filesystem;

struct ListArguments {
  std::vector<std::string> folders;
  std::string purpose;
  bool all = false;
};

/// Are the files still those that were registered?
std::string files_state(const store::ModelRecord& m) {
  if (!govern::is_model_folder(m.folder)) return "gone";
  return govern::identify_model(m.folder).hash == m.hash ? "as registered" : "changed";
}

/// Model folders that are one of these or lie below them, sorted.
std::vector<fs::path> model_folders_below(const std::vector<std::string>& given) {
  std::vector<fs::path> found;
  for (const std::string& folder : given) {
    if (!fs::exists(folder)) throw Error(ErrorCode::not_found, "there is no such folder", folder);
    if (govern::is_model_folder(folder) || !fs::is_directory(folder)) {
      found.push_back(fs::weakly_canonical(folder));
      continue;  // the readers inside a model are its parts
    }
    for (auto at = fs::recursive_directory_iterator(folder); at != fs::recursive_directory_iterator(); ++at) {
      if (!govern::is_model_folder(at->path())) continue;
      found.push_back(fs::weakly_canonical(at->path()));
      if (at->is_directory()) at.disable_recursion_pending();
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

void print_inventory_line(const std::string& role, const std::string& purpose, const std::string& name,
                          const std::string& kind, const std::string& hash, const std::string& rest) {
  fmt::print("{:<11} {:<28} {:<20} {:<12} {:<12}  {}\n", role, purpose, name, kind, hash.substr(0, 12), rest);
}

std::string said_of(const store::ModelRecord& m, const std::string& state) {
  std::string rest = m.owner.empty() ? "no owner" : "owner " + m.owner;
  if (!m.tier.empty()) rest += ", tier " + m.tier;
  if (!m.promoted_at.empty()) rest += fmt::format("; promoted {} by {}", m.promoted_at.substr(0, 10), m.promoted_by);
  if (!m.retired_at.empty()) rest += fmt::format("; retired {} by {}", m.retired_at.substr(0, 10), m.retired_by);
  return state == "as registered" ? rest : rest + "; its files are " + state;
}

void run_model_list(const ListArguments& a, const Common& common) {
  store::Store store = store::Store::open(common.store);
  std::vector<store::ModelRecord> known = store::Work(store).models();
  Json list = Json::array();
  if (!common.json) print_inventory_line("role", "purpose", "name", "kind", "hash", "");
  for (const store::ModelRecord& m : known) {
    if (!a.purpose.empty() && m.purpose != a.purpose) continue;
    if (!a.all && (m.role == "retired" || m.role == "former")) continue;
    const std::string state = files_state(m);
    if (common.json) {
      list.push_back(govern::to_json(m));
      list.back()["files"] = state;
    } else {
      print_inventory_line(m.role, m.purpose, m.name, m.kind, m.hash, said_of(m, state));
    }
  }
  for (const fs::path& folder : model_folders_below(a.folders)) {
    const govern::ModelFacts facts = govern::identify_model(folder);
    if (std::any_of(known.begin(), known.end(), [&](const auto& m) { return m.hash == facts.hash; })) continue;
    if (common.json) {
      list.push_back({{"hash", facts.hash},
                      {"name", facts.name},
                      {"kind", facts.kind},
                      {"purpose", facts.purpose},
                      {"role", "unknown"},
                      {"in_charge", false},
                      {"folder", facts.folder}});
    } else {
      print_inventory_line("unknown", facts.purpose, facts.name, facts.kind, facts.hash, "not in the inventory");
    }
  }
  if (common.json) fmt::print("{}\n", base::dump_json(list));
}

/// By hash (its beginning will do), name or folder. Throws not_found, or usage where several fit.
store::ModelRecord registered_model(store::Work& work, const std::string& given) {
  std::vector<store::ModelRecord> fit;
  const std::string folder = fs::weakly_canonical(given).string();
  for (const store::ModelRecord& m : work.models()) {
    if (m.role == "retired") continue;
    if (m.folder == folder || m.name == given || (given.size() >= 6 && m.hash.starts_with(given))) fit.push_back(m);
  }
  if (fit.empty()) {
    throw Error(ErrorCode::not_found, "the inventory holds no such model, or it is retired already", given,
                "ballast model list --all");
  }
  if (fit.size() > 1) {
    throw Error(ErrorCode::usage, fmt::format("{} models of the inventory fit", fit.size()), given,
                "give the hash: " + fit[0].hash.substr(0, 12) + ", " + fit[1].hash.substr(0, 12));
  }
  return fit.front();
}

void print_record(const store::ModelRecord& m, const std::string& words, const Common& common) {
  if (common.json) {
    fmt::print("{}\n", base::dump_json(govern::to_json(m)));
  } else {
    fmt::print("{} ({} {}) {}\n", m.name, m.kind, m.hash.substr(0, 12), words);
  }
}

void run_model_register(const InventoryArguments& a, bool challenger, const Common& common) {
  const govern::ModelFacts facts = govern::identify_model(a.model);
  store::Store store = store::Store::open(common.store);
  store::Work work(store);
  store::ModelRecord m = inventory_record(work, facts, a);
  if (m.role != "champion") m.role = challenger ? "challenger" : "candidate";
  m.retired_by.clear();
  m.retired_at.clear();
  work.put_model(m, "model.register");
  print_record(m, fmt::format("is {} for {}", m.role == "champion" ? "in charge" : "a " + m.role, m.purpose), common);
}

void run_model_retire(const std::string& given, const std::string& reason, const Common& common) {
  store::Store store = store::Store::open(common.store);
  store::Work work(store);
  store::ModelRecord m = registered_model(work, given);
  const bool was_champion = m.role == "champion";
  m.role = "retired";
  m.note = reason;
  m.retired_by = inventory_actor();
  m.retired_at = base::utc_now();
  work.put_model(m, "model.retire");
  print_record(m, fmt::format("is retired: {}{}", reason, was_champion ? "; nobody is in charge of " + m.purpose : ""),
               common);
}

}  // namespace

std::string inventory_actor() {
  const passwd* user = ::getpwuid(::geteuid());
  return user != nullptr ? std::string(user->pw_name) : fmt::format("uid {}", ::geteuid());
}

void add_inventory_options(CLI::App& verb, InventoryArguments& a) {
  verb.add_option("MODEL", a.model, "Model folder")->required();
  verb.add_option("--purpose", a.purpose, "What it is for; one model is in charge of a purpose (default: by its kind)");
  verb.add_option("--owner", a.owner, "Who answers for it");
  verb.add_option("--tier", a.tier, "How much hangs on it: 1 the most, 3 the least")
      ->check(CLI::IsMember({"1", "2", "3"}));
  verb.add_option("--limit", a.limits, "FIGURE>=NUMBER or FIGURE<=NUMBER of its run, such as \"auc>=0.75\"; enforced");
  verb.add_option("--evidence", a.evidence, "JSON files that speak for it; one with a \"gate\" is obeyed");
  verb.add_option("--note", a.note, "A word on it");
}

store::ModelRecord inventory_record(store::Work& work, const govern::ModelFacts& facts, const InventoryArguments& a) {
  store::ModelRecord m;
  if (const auto known = work.find_model(facts.hash)) {
    m = *known;
  } else {
    m.hash = facts.hash;
    m.role = "candidate";
    m.purpose = facts.purpose;
    m.limits = m.evidence = "[]";
    m.registered_by = inventory_actor();
    m.registered_at = base::utc_now();
  }
  m.name = facts.name;
  m.kind = facts.kind;
  m.folder = facts.folder;
  if (!a.purpose.empty() && a.purpose != m.purpose) {
    if (m.role == "champion") {
      throw Error(ErrorCode::usage, "is in charge of " + m.purpose + ": retire it there first", a.model, "--purpose");
    }
    m.purpose = a.purpose;
  }
  if (!a.owner.empty()) m.owner = a.owner;
  if (!a.tier.empty()) m.tier = a.tier;
  if (!a.note.empty()) m.note = a.note;
  if (!a.limits.empty()) {
    std::vector<govern::ModelLimit> limits;
    for (const std::string& text : a.limits) limits.push_back(govern::parse_limit(text));
    m.limits = base::dump_json(govern::limits_json(limits));
  }
  if (!a.evidence.empty()) {
    std::vector<govern::Evidence> evidence;
    for (const std::string& file : a.evidence) evidence.push_back(govern::read_evidence(file));
    m.evidence = base::dump_json(govern::evidence_json(evidence));
  }
  return m;
}

void add_model_list(CLI::App& model, Common& common) {
  CLI::App* verb = model.add_subcommand("list", "Which model is in charge of what, since when, by whom");
  const auto a = std::make_shared<ListArguments>();
  verb->add_option("FOLDER", a->folders, "Also models in or below these folders that the inventory does not hold");
  verb->add_option("--purpose", a->purpose, "Only models for this");
  verb->add_flag("--all", a->all, "Former and retired ones too");
  add_common(*verb, common, "ballast model list models");
  verb->callback([a, &common] { run_model_list(*a, common); });
}

void add_model_register(CLI::App& model, Common& common) {
  CLI::App* verb = model.add_subcommand("register", "Enter a model into the inventory, or change what is said of it");
  const auto a = std::make_shared<InventoryArguments>();
  const auto challenger = std::make_shared<bool>(false);
  add_inventory_options(*verb, *a);
  verb->add_flag("--challenger", *challenger, "Runs beside the model in charge (see `govern shadow`)");
  add_common(*verb, common, "ballast model register models/german --owner ann --tier 1 --limit \"auc>=0.75\"");
  verb->callback([a, challenger, &common] { run_model_register(*a, *challenger, common); });
}

void add_model_retire(CLI::App& model, Common& common) {
  CLI::App* verb = model.add_subcommand("retire", "Take a model out of service");
  const auto given = std::make_shared<std::string>(), reason = std::make_shared<std::string>();
  verb->add_option("MODEL", *given, "Hash, name or folder of a model in the inventory")->required();
  verb->add_option("--reason", *reason, "Why")->required();
  add_common(*verb, common, "ballast model retire german-2024 --reason \"replaced after the yearly review\"");
  verb->callback([given, reason, &common] { run_model_retire(*given, *reason, common); });
}

}  // namespace ballast::apps
