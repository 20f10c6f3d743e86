// SPDX-License-Identifier: Apache-2.0
// RoBERTa and DistilBERT against BERT: given the same weights under their own names they are the same function, up to
// where positions start, token types and the heads, which are recomputed here in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ballast/lm/load.h"
#include "ballast/lm/token_input.h"
#include "tests/support/engine.h"
#include "tests/support/scratch.h"

namespace ballast::lm {
namespace {

using base::Json;

Json bert_arch(const std::string& architecture) {
  return {{"model_type", "bert"},
          {"architectures", {architecture}},
          {"vocab_size", 40},
          {"hidden_size", 16},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 2},
          {"intermediate_size", 24},
          {"max_position_embeddings", 12},
          {"type_vocab_size", 1},
          {"initializer_range", 0.3},
          {"pad_token_id", 1},
          {"layer_norm_eps", 1e-12},
          {"id2label", {{"0", "no"}, {"1", "yes"}, {"2", "maybe"}}}};
}

Json roberta_arch(const std::string& architecture) {
  Json json = bert_arch(architecture);
  json["model_type"] = "roberta";
  json["max_position_embeddings"] = 14;  // two rows more than BERT's
  return json;
}

Json distilbert_arch(const std::string& architecture) {
  return {{"model_type", "distilbert"},
          {"architectures", {architecture}},
          {"vocab_size", 40},
          {"dim", 16},
          {"n_layers", 2},
          {"n_heads", 2},
          {"hidden_dim", 24},
          {"max_position_embeddings", 12},
          {"pad_token_id", 1},
          {"id2label", {{"0", "no"}, {"1", "yes"}, {"2", "maybe"}}}};
}

/// Random weights, biases and gains included.
std::unique_ptr<Network> make(const Json& arch) {
  auto network = make_network(parse_config(arch, "arch"));
  network->initialize(7);
  std::uint64_t stream = 0;
  for (engine::Parameter& p : network->parameters().all()) {
    base::Random random(11, ++stream);
    if (p.shape.size() == 1) {
      for (std::int64_t i = 0; i < p.size; ++i) p.value[i] += static_cast<float>(0.2 * random.normal());
    }
  }
  return network;
}

/// Gives `to` the values of `from` where `rename` finds them; what it does not name stays.
void take(Network& to, Network& from, const std::vector<std::pair<std::string, std::string>>& renames) {
  for (engine::Parameter& p : to.parameters().all()) {
    std::string name = p.name;
    for (const auto& [ours, theirs] : renames) {
      const std::size_t at = name.find(ours);
      if (at != std::string::npos) name.replace(at, ours.size(), theirs);
    }
    const engine::Parameter* source = from.parameters().find(name);
    ASSERT_NE(source, nullptr) << p.name << " as " << name;
    if (source->size != p.size) {  // positions: the rows before the first are never read
      ASSERT_EQ(p.size, source->size + 2 * 16) << p.name;
      std::copy_n(source->value, source->size, p.value + 2 * 16);
    } else {
      std::copy_n(source->value, p.size, p.value);
    }
  }
}

std::vector<float> logits(Network& network, const std::vector<std::int32_t>& ids) {
  text::TokenBatch batch;
  batch.add(ids);
  batch.add(std::vector<std::int32_t>{5, 3});
  engine::Arena arena;
  engine::Tape tape(arena, false);
  const engine::Value hidden = network.encode(tape, batch);
  const engine::Value out = network.config().head == HeadType::classification ? network.classify(tape, hidden, batch)
                                                                              : network.language_logits(tape, hidden);
  return {out.data, out.data + out.size()};
}

const std::vector<std::int32_t> kText = {0, 17, 4, 33, 17, 2};

TEST(EncoderFamily, RobertaIsBertBehindThePaddingPosition) {
  const auto bert = make(bert_arch("BertForMaskedLM"));
  const auto roberta = make(roberta_arch("RobertaForMaskedLM"));
  EXPECT_EQ(roberta->config().positions, 12);
  take(*roberta, *bert,
       {{"roberta.", "bert."},
        {"lm_head.bias", "cls.predictions.bias"},
        {"lm_head.dense", "cls.predictions.transform.dense"},
        {"lm_head.layer_norm", "cls.predictions.transform.LayerNorm"}});
  EXPECT_EQ(logits(*roberta, kText), logits(*bert, kText));
}

TEST(EncoderFamily, RobertaClassifiesTheFirstToken) {
  const auto bert = make(bert_arch("BertForSequenceClassification"));
  const auto roberta = make(roberta_arch("RobertaForSequenceClassification"));
  take(*roberta, *bert,
       {{"roberta.", "bert."}, {"classifier.dense", "bert.pooler.dense"}, {"classifier.out_proj", "classifier"}});
  EXPECT_EQ(logits(*roberta, kText), logits(*bert, kText));
}

TEST(EncoderFamily, RobertaCountsWhatIsNoPadding) {
  const auto roberta = make(roberta_arch("RobertaForMaskedLM"));
  const test::ScratchFolder scratch;
  const std::vector<std::int64_t> ids = {1, 1, 5, 6, 7, 8, 9, 1}, mask = {0, 0, 1, 1, 1, 1, 1, 0};
  write_safetensors(scratch / "in.safetensors", {TensorToWrite::integers("input_ids", {2, 4}, ids),
                                                 TensorToWrite::integers("attention_mask", {2, 4}, mask)});
  const TokenInput in = read_token_input(scratch / "in.safetensors", roberta->config());
  const std::vector<std::int64_t> expected = {-1, -1, 0, 1, 0, 1, 2, -1};
  EXPECT_EQ(in.positions, expected);
}

const std::vector<std::pair<std::string, std::string>> kDistil = {
    {"distilbert.", "bert."},
    {"transformer.layer", "encoder.layer"},
    {"attention.q_lin", "attention.self.query"},
    {"attention.k_lin", "attention.self.key"},
    {"attention.v_lin", "attention.self.value"},
    {"attention.out_lin", "attention.output.dense"},
    {"sa_layer_norm", "attention.output.LayerNorm"},
    {"ffn.lin1", "intermediate.dense"},
    {"ffn.lin2", "output.dense"},
    {"output_layer_norm", "output.LayerNorm"},
    {"vocab_projector.bias", "cls.predictions.bias"},
    {"vocab_transform", "cls.predictions.transform.dense"},
    {"vocab_layer_norm", "cls.predictions.transform.LayerNorm"},
    {"pre_classifier", "bert.pooler.dense"}};

TEST(EncoderFamily, DistilBertIsBertWithoutTokenTypes) {
  const auto bert = make(bert_arch("BertForMaskedLM"));
  const auto distil = make(distilbert_arch("DistilBertForMaskedLM"));
  engine::Parameter* types = bert->parameters().find("bert.embeddings.token_type_embeddings.weight");
  std::fill_n(types->value, types->size, 0.0f);
  take(*distil, *bert, kDistil);
  EXPECT_EQ(logits(*distil, kText), logits(*bert, kText));
}

TEST(EncoderFamily, DistilBertClassifiesThroughARectifier) {
  const auto distil = make(distilbert_arch("DistilBertForSequenceClassification"));
  text::TokenBatch batch;
  batch.add(kText);
  engine::Arena arena;
  engine::Tape tape(arena, false);
  const engine::Value hidden = distil->encode(tape, batch);
  const engine::Value out = distil->classify(tape, hidden, batch);
  const auto value = [&](const char* name) { return distil->parameters().find(name)->value; };
  double pooled[16];
  for (int i = 0; i < 16; ++i) {
    double sum = value("pre_classifier.bias")[i];
    for (int j = 0; j < 16; ++j)
      sum += value("pre_classifier.weight")[16 * i + j] * static_cast<double>(hidden.data[j]);
    pooled[i] = std::max(0.0, sum);
  }
  ASSERT_EQ(out.cols, 3);
  for (int k = 0; k < 3; ++k) {
    double sum = value("classifier.bias")[k];
    for (int i = 0; i < 16; ++i) sum += value("classifier.weight")[16 * k + i] * pooled[i];
    EXPECT_NEAR(out.data[k], sum, 1e-5);
  }
}

TEST(EncoderFamily, SavedAndLoadedAgain) {
  for (const Json& arch :
       {roberta_arch("RobertaForSequenceClassification"), roberta_arch("RobertaForMaskedLM"),
        distilbert_arch("DistilBertForSequenceClassification"), distilbert_arch("DistilBertForMaskedLM")}) {
    const auto network = make(arch);
    const test::ScratchFolder folder;
    write_model_files(folder.path(), *network, nullptr);
    const LoadedModel again = load_model(folder.path());
    EXPECT_TRUE(again.fresh.empty());
    EXPECT_EQ(logits(*again.network, kText), logits(*network, kText));
    // Under the other head the encoder is taken and the head starts fresh.
    LoadOptions other;
    other.head =
        network->config().head == HeadType::classification ? HeadType::language_model : HeadType::classification;
    other.labels = {"a", "b"};
    EXPECT_FALSE(load_model(folder.path(), other).fresh.empty());
  }
}

}  // namespace
}  // namespace ballast::lm
