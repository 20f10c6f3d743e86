// SPDX-License-Identifier: Apache-2.0
// `ballast embed`: lines of text to vectors, one a line or one a word.
#include "ballast/lm/embed.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/interrupt.h"
#include "ballast/base/json.h"
#include "verb.h"

namespace ballast::apps {
namespace {

constexpr std::size_t kLines = 256;  // read, embedded and written at a time

struct EmbedArguments {
  std::string model, pooling = "mean";
  bool words = false, normalize = false;
};

struct EmbedCounts {
  std::int64_t lines = 0, without_tokens = 0, in_windows = 0;
};

void append_vector(fmt::memory_buffer& out, const std::vector<float>& vector) {
  if (vector.empty()) {
    fmt::format_to(fmt::appender(out), "\"vector\":null");
  } else {
    fmt::format_to(fmt::appender(out), "\"vector\":[{}]", fmt::join(vector, ","));
  }
}

void append_lines(fmt::memory_buffer& out, const lm::Embedder& embedder, std::span<const std::string_view> texts,
                  const lm::EmbedOptions& options, EmbedCounts& counts) {
  for (const lm::Embedding& e : embedder.embed(texts, options)) {
    fmt::format_to(fmt::appender(out), "{{");
    append_vector(out, e.vector);
    if (e.windows > 1) fmt::format_to(fmt::appender(out), ",\"windows\":{}", e.windows);
    fmt::format_to(fmt::appender(out), "}}\n");
    counts.without_tokens += e.vector.empty();
    counts.in_windows += e.windows > 1;
  }
}

void append_words(fmt::memory_buffer& out, const lm::Embedder& embedder, std::span<const std::string_view> texts,
                  const lm::EmbedOptions& options) {
  const auto lines = embedder.embed_words(texts, options);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    fmt::format_to(fmt::appender(out), "{{\"words\":[");
    for (std::size_t n = 0; n < lines[i].size(); ++n) {
      const lm::WordEmbedding& word = lines[i][n];
      const std::string text(texts[i].substr(word.start, word.end - word.start));
      fmt::format_to(fmt::appender(out), "{}{{\"text\":{},\"start\":{},\"end\":{},", n > 0 ? "," : "",
                     base::dump_json(text), word.start, word.end);
      append_vector(out, word.vector);
      fmt::format_to(fmt::appender(out), "}}");
    }
    fmt::format_to(fmt::appender(out), "]}}\n");
  }
}

void run_embed(const EmbedArguments& arguments, const Common& common) {
  lm::EmbedOptions options;
  options.pooling = lm::pooling_from_name(arguments.pooling);
  options.normalize = arguments.normalize;
  const lm::Embedder embedder = lm::Embedder::load(arguments.model);
  EmbedCounts counts;
  std::vector<std::string> lines;
  fmt::memory_buffer out;
  for (bool more = true; more;) {
    lines.clear();
    std::string line;
    while (lines.size() < kLines && (more = static_cast<bool>(std::getline(std::cin, line)))) lines.push_back(line);
    if (base::interrupted()) throw base::Error(base::ErrorCode::cancelled, "stopped", "standard input");
    const std::vector<std::string_view> texts(lines.begin(), lines.end());
    counts.lines += static_cast<std::int64_t>(lines.size());
    out.clear();
    if (arguments.words) {
      append_words(out, embedder, texts, options);
    } else {
      append_lines(out, embedder, texts, options, counts);
    }
    std::cout.write(out.data(), static_cast<std::streamsize>(out.size()));
    if (!std::cout.flush()) throw base::Error(base::ErrorCode::io, "cannot be written", "standard output");
  }
  if (counts.without_tokens > 0)
    say(common, fmt::format("{} lines have no tokens and no vector", counts.without_tokens));
  if (counts.in_windows > 0) {
    say(common,
        fmt::format("{} lines are longer than the model's positions and were read in windows", counts.in_windows));
  }
}

}  // namespace

void add_embed(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("embed", "Vectors for lines of text, or for their words");
  const auto arguments = std::make_shared<EmbedArguments>();
  verb->add_option("--model", arguments->model, "Model folder")->required();
  verb->add_option("--pooling", arguments->pooling, "mean, cls (first token) or last")->capture_default_str();
  verb->add_flag("--words", arguments->words, "One vector a word: the mean over its tokens");
  verb->add_flag("--normalize", arguments->normalize, "Scale vectors to length 1");
  add_common(*verb, common, "ballast embed --model risk-small --normalize < headlines.txt > vectors.jsonl");
  verb->callback([arguments, &common] { run_embed(*arguments, common); });
}

}  // namespace ballast::apps
