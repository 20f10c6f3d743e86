// SPDX-License-Identifier: Apache-2.0
// `ballast forward`: one pass over ready token ids.
#include <CLI/CLI.hpp>
#include <memory>

#include "ballast/lm/forward.h"
#include "verb.h"

namespace ballast::apps {

void add_forward(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("forward", "One pass over ready token ids, for parity checks and study");
  auto options = std::make_shared<lm::ForwardOptions>();
  verb->add_option("--model", options->model, "Model folder")->required();
  verb->add_option("--input", options->input,
                   "safetensors with input_ids [B, T], optionally attention_mask, position_ids, "
                   "token_type_ids, labels")
      ->required();
  verb->add_option("--output", options->output, "safetensors to write")->required();
  verb->add_flag("--hidden-states", options->hidden_states, "Also write hidden_states.N");
  verb->add_flag("--attentions", options->attentions, "Also write attentions.N");
  verb->add_flag("--loss", options->loss, "Also write the loss against labels");
  add_common(*verb, common, "ballast forward --model gpt2 --input in.safetensors --output out.safetensors --loss");
  verb->callback([options] { lm::forward_file(*options); });
}

}  // namespace ballast::apps
