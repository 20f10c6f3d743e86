// SPDX-License-Identifier: Apache-2.0
// Parts to files that Hugging Face opens.
#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/text/tokenize/parts.h"

namespace ballast::text {

using base::Json;

void write_parts(const TokenizerParts& parts, const std::filesystem::path& folder) {
  Json added = Json::array();
  for (const AddedToken& t : parts.added) {
    added.push_back({{"id", t.id},
                     {"content", t.content},
                     {"single_word", t.single_word},
                     {"lstrip", t.lstrip},
                     {"rstrip", t.rstrip},
                     {"normalized", t.normalized},
                     {"special", t.special}});
  }
  Json model = parts.model;
  // Written as text: nlohmann's ordered object looks for duplicates one by one, which is too slow for a vocabulary.
  const bool scored = model["type"] == "Unigram";
  std::string vocabulary, merges = "[";
  for (std::size_t i = 0; i < (scored ? parts.scores.size() : parts.tokens.size()); ++i) {
    if (i > 0) vocabulary += ',';
    const std::string token = base::dump_json(parts.tokens[i]);
    vocabulary += scored ? "[" + token + "," + base::dump_json(parts.scores[i]) + "]" : token + ":" + std::to_string(i);
  }
  for (std::size_t i = 0; i < parts.merges.size(); ++i) {
    if (i > 0) merges += ',';
    const MergeList::Merge merge = parts.merges[i];
    merges += base::dump_json(std::string(merge.left) + " " + std::string(merge.right));
  }
  std::string model_text = base::dump_json(model);
  model_text.pop_back();  // the closing brace
  model_text += scored ? ",\"vocab\":[" + vocabulary + "]" : ",\"vocab\":{" + vocabulary + "}";
  if (model["type"] == "BPE") model_text += ",\"merges\":" + merges + "]";
  Json head = {{"version", "1.0"},
               {"truncation", nullptr},
               {"padding", nullptr},
               {"added_tokens", added},
               {"normalizer", parts.normalizer},
               {"pre_tokenizer", parts.pre_tokenizer},
               {"post_processor", parts.post_processor},
               {"decoder", parts.decoder}};
  std::string text = base::dump_json(head);
  text.pop_back();
  text += ",\"model\":" + model_text + "}}";
  Json config = parts.config;
  if (!config.contains("tokenizer_class")) config["tokenizer_class"] = "PreTrainedTokenizerFast";
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw base::Error(base::ErrorCode::io, "cannot create folder: " + failed.message(), folder.string());
  base::write_file_atomic(folder / "tokenizer.json", text);
  base::write_file_atomic(folder / "tokenizer_config.json", config.dump(2) + "\n");
}

}  // namespace ballast::text
