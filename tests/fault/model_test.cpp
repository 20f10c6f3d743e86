// SPDX-License-Identifier: Apache-2.0
// Model folders that cannot be used: each is refused with one clear error before anything is computed.
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/lm/forward.h"
#include "tests/support/scratch.h"
#include "tests/support/tiny_model.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;

class BadModel : public testing::Test {
 protected:
  void write(const Json& arch, const text::Tokenizer* tokenizer = nullptr) {
    write_model_files(scratch_.path(), *test::tiny_model(arch).network, tokenizer);
  }
  void edit_config(const std::function<void(Json&)>& edit) {
    Json config = base::read_json(scratch_ / "config.json");
    edit(config);
    base::write_file_atomic(scratch_ / "config.json", base::dump_json(config));
  }
  /// Rewrites the weights; `edit` may change a tensor, or return false to leave it out.
  void edit_weights(const std::function<bool(TensorToWrite&, std::vector<float>&)>& edit,
                    std::vector<TensorToWrite> more = {}) {
    std::vector<std::vector<float>> data;
    {
      const SafetensorsFile file(scratch_ / "model.safetensors");
      data.resize(file.tensors().size());
      for (std::size_t i = 0; i < data.size(); ++i) {
        const TensorInfo& info = file.tensors()[i];
        data[i].resize(static_cast<std::size_t>(info.count()));
        file.read_f32(info.name, data[i]);
        TensorToWrite tensor = TensorToWrite::floats(info.name, info.shape, data[i]);
        if (edit(tensor, data[i])) more.push_back(tensor);
      }
    }
    write_safetensors(scratch_ / "model.safetensors", std::move(more));
  }
  /// "problem (hint)" of the refusal; checks its code and that it names the file.
  std::string refusal(ErrorCode code, const std::string& file = "", const LoadOptions& options = {}) const {
    try {
      load_model(scratch_.path(), options);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      EXPECT_EQ(e.where(), file.empty() ? scratch_.path().string() : (scratch_ / file).string()) << e.what();
      EXPECT_EQ(base::exit_code(e.code()), code == ErrorCode::io ? 1 : 2);
      return e.problem() + (e.hint().empty() ? "" : " (" + e.hint() + ")");
    }
    return "accepted";
  }
  static bool keep(TensorToWrite&, std::vector<float>&) { return true; }

  test::ScratchFolder scratch_;
};

TEST_F(BadModel, FolderWithoutItsFiles) {
  try {
    load_model(scratch_ / "nowhere");
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::not_found);
    EXPECT_EQ(e.problem(), "is not a model folder");
  }
  EXPECT_EQ(refusal(ErrorCode::not_found, "config.json"), "cannot open: No such file or directory");
  base::write_file_atomic(scratch_ / "config.json", base::dump_json(test::tiny_gpt2_arch(50)));
  const std::string missing = refusal(ErrorCode::not_found);
  EXPECT_NE(missing.find("model.safetensors"), std::string::npos) << missing;
  base::write_file_atomic(scratch_ / "config.json", "{\"model_type\": \"gpt2\"");
  EXPECT_NE(refusal(ErrorCode::bad_input, "config.json"), "accepted");
  base::write_file_atomic(scratch_ / "config.json", "[]");
  EXPECT_EQ(refusal(ErrorCode::bad_input, "config.json"), "field \"model_type\" is missing");
}

TEST_F(BadModel, ConfigurationThatAsksForOtherWeights) {
  write(test::tiny_gpt2_arch(50));
  edit_config([](Json& c) { c["n_layer"] = 3; });
  EXPECT_EQ(refusal(ErrorCode::bad_input), "tensor \"transformer.h.2.ln_1.weight\" [24] is missing");
  edit_config([](Json& c) { c["n_layer"] = 1; });
  EXPECT_EQ(refusal(ErrorCode::bad_input),
            "tensor \"transformer.h.1.attn.c_attn.bias\" has no place in the model that config.json describes");
  edit_config([](Json& c) {
    c["n_layer"] = 2;
    c["n_embd"] = 48;
  });
  EXPECT_EQ(refusal(ErrorCode::bad_input),
            "tensor \"transformer.wte.weight\" has shape [50, 24], config.json asks for [50, 48]");
  edit_config([](Json& c) {
    c["n_embd"] = 24;
    c["n_positions"] = 31;
  });
  EXPECT_EQ(refusal(ErrorCode::bad_input),
            "tensor \"transformer.wpe.weight\" has shape [32, 24], config.json asks for [31, 24]");
  edit_config([](Json& c) { c["n_positions"] = 32; });
  EXPECT_EQ(refusal(ErrorCode::bad_input), "accepted");
}

TEST_F(BadModel, WeightsThatDoNotBelong) {
  write(test::tiny_bert_arch("BertForMaskedLM", 50));
  const std::vector<float> extra(4);
  edit_weights(keep, {TensorToWrite::floats("bert.encoder.layer.0.adapter.weight", {2, 2}, extra)});
  EXPECT_EQ(refusal(ErrorCode::bad_input),
            "tensor \"bert.encoder.layer.0.adapter.weight\" has no place in the model that config.json describes");
  edit_weights([](TensorToWrite& t, std::vector<float>&) { return t.name.find("adapter") == std::string::npos; });
  EXPECT_EQ(refusal(ErrorCode::bad_input), "accepted");
  edit_weights([](TensorToWrite& t, std::vector<float>&) { return t.name != "bert.embeddings.LayerNorm.bias"; });
  EXPECT_EQ(refusal(ErrorCode::bad_input), "tensor \"bert.embeddings.LayerNorm.bias\" [24] is missing");
}

TEST_F(BadModel, NotANumberInTheWeights) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    write(test::tiny_gpt2_arch(50));
    edit_weights([&](TensorToWrite& t, std::vector<float>& values) {
      if (t.name == "transformer.h.1.mlp.c_fc.weight") values[17] = bad;
      return true;
    });
    const std::string problem = refusal(ErrorCode::bad_input, "model.safetensors");
    EXPECT_EQ(problem.find("tensor \"transformer.h.1.mlp.c_fc.weight\""), 0u) << problem;
    EXPECT_NE(problem.find("17"), std::string::npos) << problem;
  }
}

TEST_F(BadModel, KindsThatAreNotKnown) {
  write(test::tiny_gpt2_arch(50));
  edit_config([](Json& c) { c["model_type"] = "mamba"; });
  EXPECT_EQ(refusal(ErrorCode::unsupported, "config.json"),
            "model_type \"mamba\" is not known (known: bert, roberta, distilbert, gpt2, llama, qwen2, qwen3, "
            "t5, bart, marian, transformer)");
  edit_config([](Json& c) {
    c["model_type"] = "gpt2";
    c["activation_function"] = "quick_gelu";
  });
  EXPECT_EQ(
      refusal(ErrorCode::unsupported, "config.json"),
      "activation \"quick_gelu\" is not known (known: gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu, silu, swish, "
      "tanh)");
  edit_config([](Json& c) {
    c["activation_function"] = "gelu_new";
    c["architectures"] = {"GPT2DoubleHeadsModel"};
  });
  EXPECT_EQ(refusal(ErrorCode::unsupported, "config.json"),
            "architecture \"GPT2DoubleHeadsModel\" is not known (known for GPT2: GPT2Model, GPT2LMHeadModel, "
            "GPT2ForSequenceClassification)");
  edit_config([](Json& c) { c["architectures"] = {"BertForMaskedLM"}; });
  EXPECT_EQ(refusal(ErrorCode::unsupported, "config.json"),
            "architecture \"BertForMaskedLM\" is not known (known for GPT2: GPT2Model, GPT2LMHeadModel, "
            "GPT2ForSequenceClassification)");
  edit_config([](Json& c) {
    c["architectures"] = {"GPT2LMHeadModel"};
    c["scale_attn_by_inverse_layer_idx"] = true;
  });
  EXPECT_EQ(refusal(ErrorCode::unsupported, "config.json"),
            "field \"scale_attn_by_inverse_layer_idx\" is true, which Ballast does not support");
  edit_config([](Json& c) {
    c["scale_attn_by_inverse_layer_idx"] = false;
    c["tie_word_embeddings"] = false;
  });
  EXPECT_EQ(refusal(ErrorCode::unsupported, "config.json"), "untied word embeddings are not supported for gpt2");
}

TEST_F(BadModel, FieldsOfTheWrongTypeOrRange) {
  const std::vector<std::pair<std::function<void(Json&)>, std::string>> cases = {
      {[](Json& c) { c["n_layer"] = "two"; }, "field \"n_layer\" has the wrong type: \"two\""},
      {[](Json& c) { c.erase("n_embd"); }, "field \"n_embd\" is missing"},
      {[](Json& c) { c["n_layer"] = 0; }, "field \"n_layer\" is 0, expected 1 … 1024"},
      {[](Json& c) { c["n_layer"] = -1; }, "field \"n_layer\" is -1, expected 1 … 1024"},
      {[](Json& c) { c["n_layer"] = 2.5; }, "field \"n_layer\" has the wrong type: 2.5"},
      {[](Json& c) { c["vocab_size"] = 1e18; }, "field \"vocab_size\" has the wrong type: 1e+18"},
      {[](Json& c) { c["vocab_size"] = 1000000000000; },
       "field \"vocab_size\" is 1000000000000, expected 1 … 16777216"},
      {[](Json& c) { c["n_inner"] = -4; }, "field \"n_inner\" is -4, expected 1 … 262144"},
      {[](Json& c) { c["n_head"] = 5; }, "width 24 is not a multiple of the 5 heads"},
      {[](Json& c) { c["resid_pdrop"] = 1.5; }, "field \"resid_pdrop\" is 1.500000, expected 0 ≤ p < 1"},
      {[](Json& c) { c["layer_norm_epsilon"] = -1; }, "field \"layer_norm_epsilon\" is -1.000000, expected 0 < x ≤ 1"},
      {[](Json& c) { c["initializer_range"] = -0.1; },
       "field \"initializer_range\" is -0.100000, expected 0 < x ≤ 100"},
      {[](Json& c) { c["eos_token_id"] = "x"; }, "field \"eos_token_id\" has the wrong type: \"x\""},
      {[](Json& c) { c["architectures"] = "GPT2LMHeadModel"; },
       "field \"architectures\" has the wrong type: \"GPT2LMHeadModel\""},
      {[](Json& c) { c["model_type"] = 2; }, "field \"model_type\" has the wrong type: 2"},
  };
  for (const auto& [edit, message] : cases) {
    write(test::tiny_gpt2_arch(50));
    edit_config(edit);
    EXPECT_EQ(refusal(ErrorCode::bad_input, "config.json"), message);
  }
}

TEST_F(BadModel, SpecialTokensOutsideTheVocabularyAreNone) {
  write(test::tiny_gpt2_arch(50));
  edit_config([](Json& c) { c["eos_token_id"] = 50256; });
  const LoadedModel model = load_model(scratch_.path());
  EXPECT_EQ(model.network->config().eos_token, -1);
  EXPECT_EQ(config_json(model.network->config()).at("eos_token_id"), 50256) << "as it was read";
}

TEST_F(BadModel, LabelsThatDoNotCount) {
  const auto with = [&](const Json& labels) {
    write(test::tiny_bert_arch("BertForSequenceClassification", 50));
    edit_config([&](Json& c) { c["id2label"] = labels; });
    return refusal(ErrorCode::bad_input, "config.json");
  };
  EXPECT_EQ(with({{"0", "a"}, {"2", "b"}}), "field \"id2label\" must map 0 … n-1 to names, found \"2\"");
  EXPECT_EQ(with({{"0", "a"}, {"x", "b"}}), "field \"id2label\" must map 0 … n-1 to names, found \"x\"");
  EXPECT_EQ(with({{"0", "a"}, {"1", 5}}), "field \"id2label\" must map 0 … n-1 to names, found \"1\"");
  EXPECT_EQ(with({{"0", "a"}, {"00", "b"}}), "field \"id2label\" must map 0 … n-1 to names, found \"00\"");
  EXPECT_EQ(with(Json::object()), "field \"id2label\" must map 0 … n-1 to names, it is empty");
  write(test::tiny_bert_arch("BertForSequenceClassification", 50));
  edit_config([](Json& c) { c["id2label"] = {{"0", "a"}, {"1", "b"}}; });
  EXPECT_EQ(refusal(ErrorCode::bad_input),
            "tensor \"classifier.weight\" has shape [3, 24], config.json asks for [2, 24]");
  edit_config([](Json& c) {
    c.erase("id2label");
    c["num_labels"] = -3;
  });
  EXPECT_EQ(refusal(ErrorCode::bad_input, "config.json"), "field \"num_labels\" is -3, expected 1 … 16777216");
}

TEST_F(BadModel, TokenizerLargerThanTheVocabulary) {
  const text::Tokenizer tokenizer = test::tiny_tokenizer(text::TokenizerKind::decoder);
  const std::int64_t size = tokenizer.vocabulary_size();
  write(test::tiny_gpt2_arch(size - 1), &tokenizer);
  EXPECT_EQ(refusal(ErrorCode::bad_input),
            "the tokenizer has " + std::to_string(size) + " tokens, config.json says " + std::to_string(size - 1));
  write(test::tiny_gpt2_arch(size), &tokenizer);
  EXPECT_EQ(refusal(ErrorCode::bad_input), "accepted");
}

TEST_F(BadModel, HeadThatTheFileDoesNotHave) {
  write(test::tiny_bert_arch("BertForMaskedLM", 50));
  edit_config([](Json& c) { c["architectures"] = {"BertForSequenceClassification"}; });
  EXPECT_EQ(refusal(ErrorCode::bad_input), "tensor \"bert.pooler.dense.weight\" [24, 24] is missing");
  edit_config([](Json& c) { c["architectures"] = {"BertForMaskedLM"}; });
  LoadOptions options;
  options.head = HeadType::classification;
  options.labels = {"up", "down"};
  const LoadedModel model = load_model(scratch_.path(), options);
  EXPECT_EQ(model.fresh, (std::vector<std::string>{"bert.pooler.dense.weight", "bert.pooler.dense.bias",
                                                   "classifier.weight", "classifier.bias"}));
}

TEST_F(BadModel, FreshHeadOverWeightsOfADecoder) {
  write(test::tiny_gpt2_arch(50));
  LoadOptions options;
  options.head = HeadType::classification;
  options.labels = {"up", "down"};
  EXPECT_EQ(load_model(scratch_.path(), options).fresh, std::vector<std::string>{"score.weight"});
}

}  // namespace
}  // namespace ballast::lm
