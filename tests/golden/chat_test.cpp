// SPDX-License-Identifier: Apache-2.0
// Chat templates: Qwen 3's against transformers' rendering and ids, exactly; Llama 3, Mistral and plain ChatML against
// what jinja2 made of their published templates, kept here as text.
#include "ballast/lm/chat.h"

#include <gtest/gtest.h>

#include <fstream>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/text/tokenizer.h"
#include "tests/support/gunzip.h"
#include "tests/support/scratch.h"
#include "tests/support/shared.h"

namespace ballast::lm {
namespace {

using base::Json;

std::vector<Json> conversations() {
  std::ifstream in(test::shared_dir() / "fixtures/chat-qwen3/conversations.jsonl");
  std::vector<Json> all;
  for (std::string line; std::getline(in, line);) all.push_back(Json::parse(line));
  return all;
}

TEST(Chat, Qwen3RendersEveryConversation) {
  BALLAST_NEEDS_SHARED("fixtures/chat-qwen3");
  const auto all = conversations();
  ASSERT_EQ(all.size(), 12u);
  const ChatTemplate own = ChatTemplate::load(test::shared_dir() / "fixtures/chat-qwen3");
  EXPECT_EQ(own.family(), ChatFamily::qwen3);
  const test::ScratchFolder folder;
  const auto tokenizers = test::shared_dir() / "fixtures/tokenizers/qwen3";
  test::gunzip(tokenizers / "tokenizer.json.gz", folder / "tokenizer.json");
  std::filesystem::copy_file(tokenizers / "tokenizer_config.json", folder / "tokenizer_config.json");
  const text::Tokenizer tokenizer = text::Tokenizer::load(folder.path());
  for (const Json& one : all) {
    ChatOptions options;
    const Json& given = one.at("options");
    options.add_generation_prompt = given.value("add_generation_prompt", false);
    options.thinking = given.value("enable_thinking", true);
    options.tools = given.value("tools", Json());
    const std::string text = own.render(one.at("messages"), options);
    EXPECT_EQ(text, one.at("rendered").get<std::string>()) << one.at("name");
    EXPECT_EQ(tokenizer.encode(text, {.add_special = false}).ids, one.at("ids").get<std::vector<std::int32_t>>())
        << one.at("name");
  }
}

const Json kTalk = {{{"role", "system"}, {"content", " Be brief.\n"}},
                    {{"role", "user"}, {"content", "Is it up? "}},
                    {{"role", "assistant"}, {"content", "Yes."}},
                    {{"role", "user"}, {"content", "And now?"}}};
// Rendered by jinja2 3.1 (trim_blocks, lstrip_blocks).
const char* const kChatMl =
    "<|im_start|>system\n"
    " Be brief.\n"
    "<|im_end|>\n"
    "<|im_start|>user\n"
    "Is it up? <|im_end|>\n"
    "<|im_start|>assistant\n"
    "Yes.<|im_end|>\n"
    "<|im_start|>user\n"
    "And now?<|im_end|>\n"
    "<|im_start|>assistant\n";
const char* const kQwen2 =
    "<|im_start|>system\n"
    "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n"
    "Is it up? <|im_end|>\n"
    "<|im_start|>assistant\n"
    "Yes.<|im_end|>\n"
    "<|im_start|>user\n"
    "And now?<|im_end|>\n"
    "<|im_start|>assistant\n";
const char* const kLlama3 =
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n"
    "\n"
    "Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n"
    "\n"
    "Is it up?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n"
    "\n"
    "Yes.<|eot_id|><|start_header_id|>user<|end_header_id|>\n"
    "\n"
    "And now?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n"
    "\n";
const char* const kLlama31 =
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n"
    "\n"
    "Cutting Knowledge Date: December 2023\n"
    "Today Date: 26 Jul 2024\n"
    "\n"
    "Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n"
    "\n"
    "Is it up?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n"
    "\n"
    "Yes.<|eot_id|><|start_header_id|>user<|end_header_id|>\n"
    "\n"
    "And now?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n"
    "\n";
const char* const kLlama31Alone =
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n"
    "\n"
    "Cutting Knowledge Date: December 2023\n"
    "Today Date: 26 Jul 2024\n"
    "\n"
    "<|eot_id|><|start_header_id|>user<|end_header_id|>\n"
    "\n"
    "Is it up?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n"
    "\n"
    "Yes.<|eot_id|><|start_header_id|>user<|end_header_id|>\n"
    "\n"
    "And now?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n"
    "\n";
const char* const kMistral = "<s> [INST] Is it up?  [/INST] Yes.</s> [INST] And now? [/INST]";
const char* const kMistralSystem =
    "<s> [INST]  Be brief.\n"
    "\n"
    "\n"
    "Is it up?  [/INST] Yes.</s> [INST] And now? [/INST]";

TEST(Chat, OtherFamilies) {
  const auto render = [](ChatFamily family, const Json& talk) {
    return ChatTemplate(family, family == ChatFamily::mistral ? "<s>" : "<|begin_of_text|>", "</s>").render(talk);
  };
  Json alone = kTalk;
  alone.erase(0);
  EXPECT_EQ(render(ChatFamily::chatml, kTalk), kChatMl);
  EXPECT_EQ(render(ChatFamily::qwen2, alone), kQwen2);
  EXPECT_EQ(render(ChatFamily::llama3, kTalk), kLlama3);
  EXPECT_EQ(render(ChatFamily::llama31, kTalk), kLlama31);
  EXPECT_EQ(render(ChatFamily::llama31, alone), kLlama31Alone);
  EXPECT_EQ(render(ChatFamily::mistral, alone), kMistral);
  EXPECT_EQ(render(ChatFamily::mistral, kTalk), kMistralSystem);
}

TEST(Chat, TemplatesAreToldApartAndOthersRefused) {
  const test::ScratchFolder folder;
  const auto family = [&](const std::string& text) {
    base::write_file_atomic(folder / "tokenizer_config.json", Json{{"chat_template", text}}.dump());
    return ChatTemplate::load(folder.path()).family();
  };
  EXPECT_EQ(family("<|im_start|>"), ChatFamily::chatml);
  EXPECT_EQ(family("<|im_start|> enable_thinking"), ChatFamily::qwen3);
  EXPECT_EQ(family("<|start_header_id|>"), ChatFamily::llama3);
  EXPECT_EQ(family("[INST] {{ message }} [/INST]"), ChatFamily::mistral);
  EXPECT_THROW(family("<start_of_turn>"), base::Error);
  EXPECT_THROW(family(""), base::Error);
  const ChatTemplate mistral(ChatFamily::mistral);
  EXPECT_THROW(mistral.render({{{"role", "assistant"}, {"content", "x"}}}), base::Error);
  EXPECT_THROW(mistral.render(Json::array()), base::Error);
  EXPECT_THROW(mistral.render({{{"role", "narrator"}, {"content", "x"}}}), base::Error);
}

}  // namespace
}  // namespace ballast::lm
