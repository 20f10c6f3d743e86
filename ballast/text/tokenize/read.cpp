// SPDX-License-Identifier: Apache-2.0
// Folders to parts: tokenizer.json, vocab.json + merges.txt, or vocab.txt, whichever is there, in this order.
#include <algorithm>
#include <map>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/text/tokenize/families.h"

namespace ballast::text {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using base::Json;

using Vocabulary = nlohmann::json;  // sorted: the ordered kind looks each key up one by one, hopeless for a vocabulary

constexpr int kMaxDepth = 200;

Vocabulary parse_sorted(std::string_view text, const std::string& where) {
  bool too_deep = false;
  try {
    Vocabulary json = Vocabulary::parse(text, [&](int depth, Vocabulary::parse_event_t, Vocabulary&) {
      too_deep |= depth > kMaxDepth;
      return !too_deep;
    });
    if (!too_deep) return json;
  } catch (const nlohmann::json::parse_error& e) {
    throw Error(ErrorCode::bad_input, "not valid JSON at byte " + std::to_string(e.byte), where);
  } catch (const nlohmann::json::out_of_range&) {
    throw Error(ErrorCode::bad_input, "holds a number that is too large", where);
  }
  throw Error(ErrorCode::bad_input, "JSON nested deeper than 200 levels", where);
}

Vocabulary read_sorted_json(const fs::path& path) {
  const base::MappedFile file(path);
  return parse_sorted(file.text(), path.string());
}

/// {"token": id} to a list by id; ids must be 0 … n-1. Ids in `elsewhere` (added tokens) may be missing.
std::vector<std::string> tokens_by_id(const Vocabulary& vocabulary, const std::string& where,
                                      const std::vector<AddedToken>& added) {
  if (!vocabulary.is_object() || vocabulary.empty())
    throw Error(ErrorCode::bad_input, "the vocabulary is empty", where);
  std::size_t size = vocabulary.size();
  std::map<std::int64_t, std::string> elsewhere;
  for (const AddedToken& token : added) {
    if (!vocabulary.contains(token.content)) elsewhere.emplace(token.id, token.content);
  }
  size += elsewhere.size();
  std::vector<const std::string*> found(size, nullptr);
  const auto place = [&](std::int64_t id, const std::string& token) {
    if (id < 0 || static_cast<std::size_t>(id) >= size) {
      throw Error(ErrorCode::bad_input,
                  "token \"" + token + "\" has id " + std::to_string(id) + ", outside 0 … " + std::to_string(size - 1),
                  where, "ids must follow each other without holes");
    }
    const std::string*& slot = found[static_cast<std::size_t>(id)];
    if (slot != nullptr) {
      throw Error(ErrorCode::bad_input,
                  "tokens \"" + *slot + "\" and \"" + token + "\" share the id " + std::to_string(id), where);
    }
    slot = &token;
  };
  for (const auto& [token, id] : vocabulary.items()) {
    if (!id.is_number_integer()) throw Error(ErrorCode::bad_input, "token \"" + token + "\" has no integer id", where);
    place(id.get<std::int64_t>(), token);
  }
  for (const auto& [id, token] : elsewhere) place(id, token);
  std::vector<std::string> tokens;
  for (const std::string* token : found) tokens.push_back(*token);
  return tokens;
}

std::pair<std::string, std::string> read_merge(const Vocabulary& merge, std::size_t i, const std::string& where) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string())
    return {merge[0], merge[1]};
  if (merge.is_string()) {
    const auto text = merge.get<std::string>();
    const std::size_t space = text.find(' ');
    if (space != std::string::npos && space > 0 && space + 1 < text.size() &&
        text.find(' ', space + 1) == std::string::npos) {
      return {text.substr(0, space), text.substr(space + 1)};
    }
  }
  throw Error(ErrorCode::bad_input, "a merge is two tokens, not " + merge.dump().substr(0, 60),
              where + ": merges[" + std::to_string(i) + "]");
}

/// Unigram's vocabulary: a list of [piece, score].
void read_scored(const Vocabulary& vocabulary, const std::string& where, TokenizerParts& parts) {
  if (!vocabulary.is_array() || vocabulary.empty()) throw Error(ErrorCode::bad_input, "the vocabulary is empty", where);
  for (const Vocabulary& entry : vocabulary) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      throw Error(ErrorCode::bad_input, "a piece is a text and its score, not " + entry.dump().substr(0, 60),
                  where + ": vocab[" + std::to_string(parts.tokens.size()) + "]");
    }
    parts.tokens.push_back(entry[0]);
    parts.scores.push_back(entry[1]);
  }
}

void read_tokenizer_json(Vocabulary json, const std::string& where, TokenizerParts& parts) {
  parts.where = where;
  if (!json.is_object() || !json.contains("model") || !json["model"].is_object()) {
    throw Error(ErrorCode::bad_input, "field \"model\" is missing", where);
  }
  const auto component = [&](const char* name) {
    return json.contains(name) ? Json::parse(json[name].dump()) : Json();
  };
  parts.normalizer = component("normalizer");
  parts.pre_tokenizer = component("pre_tokenizer");
  parts.post_processor = component("post_processor");
  parts.decoder = component("decoder");
  for (const Json& token : component("added_tokens")) {
    parts.added.push_back(read_added(token, base::json_field<std::int32_t>(token, "id", where), where));
  }
  Vocabulary& model = json["model"];
  const Vocabulary vocabulary = model.contains("vocab") ? std::move(model["vocab"]) : Vocabulary();
  const Vocabulary merges = model.contains("merges") ? std::move(model["merges"]) : Vocabulary::array();
  // Older files leave the type out; what they hold tells it.
  if (!model.contains("type")) {
    model["type"] = model.contains("merges") ? "BPE" : vocabulary.is_array() ? "Unigram" : "WordPiece";
  }
  model.erase("vocab");
  model.erase("merges");
  parts.model = component("model");
  const auto type = base::json_field<std::string>(parts.model, "type", where);
  if (type == "Unigram") return read_scored(vocabulary, where, parts);
  if (type != "BPE" && type != "WordPiece") {
    throw Error(ErrorCode::unsupported, "model of type \"" + type + "\" is not known", where,
                "known: BPE, Unigram, WordPiece");
  }
  parts.tokens = tokens_by_id(vocabulary, where, parts.added);
  parts.merges_where = where;
  for (const Vocabulary& merge : merges) {
    const auto [left, right] = read_merge(merge, parts.merges.size(), where);
    parts.merges.push_back(left, right);
  }
}

/// Calls line(text, number) for each line, cut at LF only (vocabularies hold other line separators as tokens).
template <class F>
void each_line(std::string_view text, F&& line) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view one = text.substr(0, end);
    if (one.ends_with('\r') && end < text.size()) one.remove_suffix(1);
    line(one, number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void read_merges_txt(const fs::path& file, TokenizerParts& parts) {
  const base::MappedFile map(file);
  parts.merges_where = file.string();
  each_line(map.text(), [&](std::string_view line, std::size_t number) {
    if (number == 1 && line.starts_with("#version")) return;
    if (parts.merges_first_line == 0) parts.merges_first_line = number;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || space == 0 || space + 1 == line.size() ||
        line.find(' ', space + 1) != std::string_view::npos) {
      throw Error(ErrorCode::bad_input,
                  "a merge is two tokens and a space, not \"" + std::string(line.substr(0, 60)) + "\"",
                  file.string() + ":" + std::to_string(number));
    }
    parts.merges.push_back(line.substr(0, space), line.substr(space + 1));
  });
}

void read_vocab_txt(const fs::path& file, TokenizerParts& parts) {
  const base::MappedFile map(file);
  parts.where = file.string();
  std::map<std::string_view, std::size_t> lines;
  each_line(map.text(), [&](std::string_view line, std::size_t number) {
    const auto [first, fresh] = lines.emplace(line, number);
    if (!fresh) {
      throw Error(ErrorCode::bad_input,
                  "token \"" + std::string(line) + "\" is already on line " + std::to_string(first->second),
                  file.string() + ":" + std::to_string(number));
    }
    parts.tokens.emplace_back(line);
  });
  if (parts.tokens.empty()) throw Error(ErrorCode::bad_input, "the vocabulary is empty", parts.where);
}

void read_config(const fs::path& folder, TokenizerParts& parts) {
  // special_tokens_map.json repeats the roles; the configuration wins.
  for (const char* name : {"special_tokens_map.json", "tokenizer_config.json"}) {
    if (!fs::exists(folder / name)) continue;
    const Json json = base::read_json(folder / name);
    if (!json.is_object()) throw Error(ErrorCode::bad_input, "must be a JSON object", (folder / name).string());
    parts.config.update(json);
  }
}

TokenizerParts read_model_file(const fs::path& file, Json config) {
  const base::MappedFile map(file);
  return sentencepiece_parts(read_sentencepiece(map.text(), file.string()), std::move(config), file.string());
}

}  // namespace

TokenizerParts read_parts(const fs::path& path) {
  if (!fs::exists(path)) throw Error(ErrorCode::not_found, "no such folder or file", path.string());
  const bool is_folder = fs::is_directory(path);
  const fs::path folder = is_folder ? path : path.parent_path();
  TokenizerParts parts;
  read_config(folder, parts);
  if (!is_folder || fs::exists(folder / "tokenizer.json")) {
    const fs::path file = is_folder ? folder / "tokenizer.json" : path;
    if (file.extension() == ".model") return read_model_file(file, std::move(parts.config));
    read_tokenizer_json(read_sorted_json(file), file.string(), parts);
  } else if (fs::exists(folder / "vocab.json") && fs::exists(folder / "merges.txt")) {
    parts.where = (folder / "vocab.json").string();
    parts.tokens = tokens_by_id(read_sorted_json(folder / "vocab.json"), parts.where, {});
    read_merges_txt(folder / "merges.txt", parts);
    finish_byte_level(parts);
  } else if (fs::exists(folder / "vocab.txt")) {
    read_vocab_txt(folder / "vocab.txt", parts);
    finish_wordpiece(parts);
  } else {
    for (const char* name : {"tokenizer.model", "spiece.model"}) {
      if (fs::exists(folder / name)) return read_model_file(folder / name, std::move(parts.config));
    }
    throw Error(ErrorCode::not_found, "no tokenizer", folder.string(),
                "expected tokenizer.json, vocab.json with merges.txt, vocab.txt, or tokenizer.model");
  }
  return parts;
}

TokenizerParts parts_from_json(std::string_view tokenizer_json, Json config, const std::string& where) {
  TokenizerParts parts;
  if (config.is_object()) parts.config = std::move(config);
  read_tokenizer_json(parse_sorted(tokenizer_json, where), where, parts);
  return parts;
}

}  // namespace ballast::text
