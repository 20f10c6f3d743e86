// SPDX-License-Identifier: Apache-2.0
// `ballast convert`: GGUF to a model folder and back, an adapter into the model that it corrects.
#include "ballast/lm/convert.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "ballast/base/json.h"
#include "ballast/lm/lora.h"
#include "convert.h"

namespace ballast::apps {
namespace {

struct ConvertArguments {
  std::string from, to, type = "F16", precision;
};

lm::ConvertReport convert(const ConvertArguments& a) {
  if (!a.precision.empty()) return lm::with_precision(a.from, a.to, a.precision);
  if (std::filesystem::is_directory(a.from)) {
    if (lm::is_lora_folder(a.from)) return lm::merge_adapter(a.from, a.to);
    return lm::folder_to_gguf(a.from, a.to, a.type);
  }
  return lm::gguf_to_folder(a.from, a.to);
}

void run_convert(const ConvertArguments& a, const Common& common) {
  const lm::ConvertReport report = convert(a);
  if (!report.note.empty()) say(common, report.note);
  if (common.json) {
    base::Json json;
    json["architecture"] = report.architecture;
    json["tensors"] = report.tensors;
    json["output"] = a.to;
    if (!report.note.empty()) json["note"] = report.note;
    std::printf("%s\n", base::dump_json(json).c_str());
    return;
  }
  say(common, fmt::format("{}, {} tensors, saved to {}", report.architecture, report.tensors, a.to));
}

}  // namespace

void add_convert(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("convert", "GGUF to a model folder, a folder to GGUF, an adapter into its model");
  const auto a = std::make_shared<ConvertArguments>();
  verb->add_option("from", a->from,
                   "A .gguf file (F32, F16, BF16, Q8_0, Q4_0, Q4_K, Q6_K), a model folder, or a LoRA "
                   "adapter's folder")
      ->required();
  verb->add_option("to", a->to, "The model folder to write; from a model folder: the .gguf file")->required();
  verb->add_option("--type", a->type, "Matrices of the .gguf: F32, F16, BF16, Q8_0 or Q4_0")->capture_default_str();
  verb->add_option("--precision", a->precision,
                   "A classifier's folder: the copy computes in f32, bf16 or int8 (same weights, same calibration)");
  add_common(*verb, common, "ballast convert qwen2.5-0.5b-q4_k_m.gguf my-qwen");
  verb->callback([a, &common] { run_convert(*a, common); });
}

}  // namespace ballast::apps
