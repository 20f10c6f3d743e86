// SPDX-License-Identifier: Apache-2.0
// Files and answers from outside, damaged at random: GGUF, tokenizer.json, SentencePiece models, what a hub answers,
// JSON schemas. Each is read or refused with an error of ours; nothing else. BALLAST_FUZZ_SECONDS makes each go on
// longer than the moment that a test run has for it.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/random.h"
#include "ballast/lm/checkpoint/gguf.h"
#include "ballast/lm/convert/names.h"
#include "ballast/lm/json_schema.h"
#include "ballast/remote/hub/listing.h"
#include "ballast/text/tokenize/byte_alphabet.h"
#include "ballast/text/tokenize/parts.h"
#include "ballast/text/tokenizer.h"
#include "tests/support/scratch.h"

namespace ballast {
namespace {

using base::Json;

double seconds_of_fuzzing() {
  const char* wish = std::getenv("BALLAST_FUZZ_SECONDS");
  return wish == nullptr ? 0.3 : std::atof(wish);
}

std::string damage(std::string text, const std::vector<std::string>& others, base::Random& random) {
  static const std::vector<std::string> kWords = {"{",
                                                  "}",
                                                  "[",
                                                  "]",
                                                  "\"",
                                                  ",",
                                                  ":",
                                                  "null",
                                                  "-1",
                                                  "1e999",
                                                  "99999999999",
                                                  "\xff\xff\xff\xff",
                                                  std::string(4, '\0'),
                                                  "\"type\"",
                                                  "\"vocab\"",
                                                  "<0x41>",
                                                  "\xe2\x96\x81",
                                                  "\\ud800",
                                                  "true",
                                                  std::string(300, '['),
                                                  "\x7f\xff\xff\xff\xff\xff\xff\xff"};
  for (std::uint64_t n = 1 + random.below(5); n > 0; --n) {
    const std::size_t at = random.below(text.size() + 1);
    switch (random.below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        text.erase(at, random.below(20));
        break;
      case 2:
        text.insert(at, kWords[random.below(kWords.size())]);
        break;
      case 3:
        text.resize(at);
        break;
      case 4: {
        const std::string& other = others[random.below(others.size())];
        const std::size_t from = random.below(other.size() + 1);
        text.insert(at, other.substr(from, random.below(40)));
        break;
      }
      default:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
    }
  }
  return text;
}

/// Damages the seeds for a while; `read` may throw base::Error that is not our own fault, and nothing else.
void fuzz(const std::vector<std::string>& seeds, const std::function<void(const std::string&)>& read) {
  for (const std::string& seed : seeds) ASSERT_NO_THROW(read(seed));
  base::Random random(static_cast<std::uint64_t>(1000 * seconds_of_fuzzing()));
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds_of_fuzzing());
  std::int64_t runs = 0, refused = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs) {
    const std::string text = damage(seeds[random.below(seeds.size())], seeds, random);
    try {
      read(text);
    } catch (const base::Error& e) {
      ++refused;
      ASSERT_NE(e.code(), base::ErrorCode::internal) << e.what() << "\n" << text;
    }
  }
  std::printf("%lld runs, %lld refused\n", static_cast<long long>(runs), static_cast<long long>(refused));
  EXPECT_GT(refused, 0);
}

std::string gguf_seed(bool sentencepiece) {
  const test::ScratchFolder folder;
  lm::GgufToWrite out;
  Json tokens = Json::array(), types = Json::array(), scores = Json::array();
  if (sentencepiece) {
    for (const char* piece : {"<unk>", "<s>", "</s>"})
      tokens.push_back(piece), types.push_back(piece[1] == 'u' ? 2 : 3);
    for (const char* piece : {"\xe2\x96\x81", "a", "b", "ab",
                              "\xe2\x96\x81"
                              "a"})
      tokens.push_back(piece), types.push_back(1);
  } else {
    for (int b = 0; b < 256; ++b) {
      tokens.push_back(text::to_byte_characters(std::string(1, static_cast<char>(b))));
      types.push_back(1);
    }
    tokens.push_back("ab");
    types.push_back(1);
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) scores.push_back(-static_cast<double>(i));
  out.metadata = {{"general.architecture", sentencepiece ? "llama" : "qwen2"},
                  {"tokenizer.ggml.model", sentencepiece ? "llama" : "gpt2"},
                  {"tokenizer.ggml.tokens", tokens},
                  {"tokenizer.ggml.scores", scores},
                  {"tokenizer.ggml.token_type", types},
                  {"tokenizer.ggml.merges", {"a b"}},
                  {"tokenizer.ggml.bos_token_id", 1}};
  const std::string arch = sentencepiece ? "llama" : "qwen2";
  for (const auto& [key, value] : std::vector<std::pair<std::string, int>>{{"embedding_length", 32},
                                                                           {"attention.head_count", 4},
                                                                           {"block_count", 1},
                                                                           {"feed_forward_length", 64},
                                                                           {"context_length", 128}}) {
    out.metadata.emplace_back(arch + "." + key, value);
  }
  out.metadata.emplace_back(arch + ".attention.layer_norm_rms_epsilon", 1e-5);
  const std::vector<float> values(64, 1.0f);
  out.tensors.push_back({"token_embd.weight", {2, 32}, lm::GgufType::q8_0, gguf_encode(lm::GgufType::q8_0, values)});
  out.tensors.push_back({"x", {64}, lm::GgufType::f32, gguf_encode(lm::GgufType::f32, values)});
  lm::write_gguf(folder / "x.gguf", out);
  return base::read_file(folder / "x.gguf");
}

TEST(ReaderFuzz, Gguf) {
  const test::ScratchFolder folder;
  fuzz({gguf_seed(true), gguf_seed(false)}, [&](const std::string& bytes) {
    std::ofstream(folder / "x.gguf", std::ios::binary) << bytes;  // without waiting for the disk
    const lm::GgufFile file(folder / "x.gguf");
    lm::config_from_gguf(file);
    for (const lm::GgufTensor& t : file.tensors()) {
      if (t.count() < 100000) file.read(t.name);
    }
    if (const auto tokenizer = lm::tokenizer_from_gguf(file))
      tokenizer->decode(tokenizer->encode("ab \xff \xe9\x93\xb6").ids);
  });
}

std::string tokenizer_seed(int kind) {
  Json json = {{"version", "1.0"}, {"added_tokens", Json::array()}};
  if (kind == 0) {
    json["normalizer"] = Json::parse(R"({"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Strip"},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, {"type": "Lowercase"}, {"type": "StripAccents"}]})");
    json["pre_tokenizer"] = Json::parse(R"({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"},
        {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}]})");
    json["decoder"] = Json::parse(R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"})");
    json["model"] = Json::parse(
        R"({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["▁a", -1.5], ["b", -2], ["ab", -3]]})");
  } else {
    json["normalizer"] = Json::parse(R"({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]})");
    json["decoder"] = Json::parse(
        R"({"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
        {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})");
    json["model"] = Json::parse(R"({"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
        "vocab": {"<unk>": 0, "▁": 1, "a": 2, "b": 3, "ab": 4}, "merges": ["a b"]})");
    json["post_processor"] =
        Json::parse(R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<unk>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<unk>": {"id": "<unk>", "ids": [0], "tokens": ["<unk>"]}}})");
    json["added_tokens"] =
        Json::parse(R"([{"id": 5, "content": "<x>", "single_word": true, "lstrip": true, "rstrip": true,
        "normalized": true, "special": true}])");
  }
  return json.dump();
}

void use(const text::Tokenizer& tokenizer) {
  for (const char* text : {"", "a  b ab", "\xff\xe9\x93\xb6 \xf0\x9f\x98\x80", "<x> ab<x>"}) {
    const text::Encoding encoding = tokenizer.encode(text);
    tokenizer.decode(encoding.ids);
  }
  tokenizer.encode_pair("a", "b");
}

TEST(ReaderFuzz, TokenizerJson) {
  fuzz({tokenizer_seed(0), tokenizer_seed(1)}, [](const std::string& text) {
    use(text::Tokenizer::build(text::parts_from_json(text, Json::object(), "tokenizer.json")));
  });
}

/// A model file of sentencepiece_model.proto, by hand.
std::string sentencepiece_seed(char type) {
  const auto field = [](char key, const std::string& bytes) {
    return std::string(1, key) + static_cast<char>(bytes.size()) + bytes;
  };
  std::string out;
  const auto piece = [&](const std::string& text, char kind) {
    out += field(0x0a, field(0x0a, text) + std::string("\x15\x00\x00\x80\xbf", 5) + std::string("\x18") + kind);
  };
  piece("<unk>", 2);
  piece("<s>", 3);
  for (const char* text : {"\xe2\x96\x81", "a", "b", "ab",
                           "\xe2\x96\x81"
                           "a"})
    piece(text, 1);
  out += field(0x12, std::string("\x18") + type);
  // A map of a trie with one unit, which matches nothing, and one text.
  out += field(
      0x1a, field(0x12, std::string("\x04\x00\x00\x00\x00\x00\x00\x00x\x00", 10)) + std::string("\x18\x01\x20\x01", 4));
  return out;
}

TEST(ReaderFuzz, SentencePieceModel) {
  fuzz({sentencepiece_seed(1), sentencepiece_seed(2)}, [](const std::string& bytes) {
    use(text::Tokenizer::build(text::sentencepiece_parts(text::read_sentencepiece(bytes, "tokenizer.model"),
                                                         Json::object(), "tokenizer.model")));
  });
}

TEST(ReaderFuzz, HubAnswers) {
  const std::string commit = R"({"id": "a/b", "sha": "0123456789abcdef0123456789abcdef01234567", "siblings": []})";
  const std::string tree =
      R"([{"type": "directory", "path": "x"}, {"type": "file", "path": "model.safetensors", "size": 10, "oid":
      "0123456789abcdef0123456789abcdef01234567", "lfs": {"oid": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}},
      {"type": "file", "path": "config.json", "size": 2, "oid": "0123456789abcdef0123456789abcdef01234567"}])";
  fuzz({commit}, [](const std::string& text) { remote::read_commit(text, "hub"); });
  fuzz({tree}, [](const std::string& text) {
    for (const remote::ListedFile& f : remote::choose_files(remote::read_listing(text, "hub"), {}, "a/b")) {
      ASSERT_EQ(("/" + f.path + "/").find("/../"), std::string::npos) << f.path;
      ASSERT_NE(f.path.front(), '/');
    }
  });
}

TEST(ReaderFuzz, JsonSchemas) {
  const std::string schema =
      R"({"$defs": {"t": {"type": "object", "properties": {"n": {"$ref": "#/$defs/t"}, "s": {"type": "string", "maxLength": 3}},
      "required": ["s"]}}, "type": "object", "properties": {"a": {"$ref": "#/$defs/t"}, "b": {"enum": ["x", 1, null]},
      "c": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "number", "minimum": 0, "maximum": 1}]}, "minItems": 1},
      "d": {"type": "string", "x-excerpt-of": "a \"b\" 银"}}, "required": ["b", "c"]})";
  fuzz({schema}, [](const std::string& text) {
    const auto grammar = lm::JsonGrammar::compile(base::parse_json(text, "schema"), "schema");
    auto state = grammar->start();
    base::Random random(text.size());
    for (int i = 0; i < 60 && !state.empty(); ++i) {
      grammar->complete(state);
      grammar->shortest(state);
      const std::string_view likely = "{}[]\",: abcdenst0123456789.-x";
      for (int attempt = 0; attempt < 30; ++attempt) {
        auto next = grammar->next(state, static_cast<unsigned char>(likely[random.below(likely.size())]));
        if (next.empty()) continue;
        state = std::move(next);
        break;
      }
    }
  });
}

}  // namespace
}  // namespace ballast
