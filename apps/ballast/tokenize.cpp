// SPDX-License-Identifier: Apache-2.0
// `ballast tokenize`: standard input lines to JSONL of ids, tokens and byte offsets, or ids back to text.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/base/json.h"
#include "ballast/lm/gguf_model.h"
#include "ballast/text/tokenizer.h"
#include "lines.h"
#include "verb.h"

namespace ballast::apps {
namespace {

struct TokenizeArguments {
  std::string model;
  bool no_special = false, decode = false, strict = false;
  std::size_t max_length = 0;
};

struct Truncated {
  std::int64_t lines = 0, tokens = 0;
};

std::string encoded_json(const text::Tokenizer& tokenizer, const text::Encoding& encoding) {
  fmt::memory_buffer out;
  const auto to = fmt::appender(out);
  fmt::format_to(to, "{{\"ids\":[{}],\"tokens\":[", fmt::join(encoding.ids, ","));
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    fmt::format_to(to, "{}{}", i > 0 ? "," : "", base::dump_json(tokenizer.token(encoding.ids[i])));
  }
  fmt::format_to(to, "],\"offsets\":[");
  for (std::size_t i = 0; i < encoding.offsets.size(); ++i) {
    fmt::format_to(to, "{}[{},{}]", i > 0 ? "," : "", encoding.offsets[i][0], encoding.offsets[i][1]);
  }
  fmt::format_to(to, "]");
  if (encoding.truncated > 0) fmt::format_to(to, ",\"truncated\":{}", encoding.truncated);
  fmt::format_to(to, "}}\n");
  return fmt::to_string(out);
}

/// A line for --decode: [1,2,3], or an object with "ids" as encoding writes it.
std::vector<std::int32_t> parse_ids(const std::string& line, std::int64_t number) {
  const std::string where = "standard input:" + std::to_string(number);
  const base::Json json = base::parse_json(line, where);
  if (json.is_object()) return base::json_field<std::vector<std::int32_t>>(json, "ids", where);
  std::vector<std::int32_t> ids;
  for (const base::Json& id : json) {
    if (!json.is_array() || !id.is_number_integer() ||
        id.get<std::int64_t>() != static_cast<std::int32_t>(id.get<std::int64_t>())) {
      throw base::Error(base::ErrorCode::bad_input, "expected a list of token ids", where);
    }
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

std::string decoded_line(const text::Tokenizer& tokenizer, const TokenizeArguments& arguments, const Common& common,
                         const std::string& line, std::int64_t number) {
  const std::vector<std::int32_t> ids = parse_ids(line, number);
  try {
    const std::string text = tokenizer.decode(ids, arguments.no_special);
    return common.json ? base::dump_json({{"text", text}}) + "\n" : text + "\n";
  } catch (const base::Error& e) {
    throw base::Error(e.code(), e.problem(), "standard input:" + std::to_string(number), e.where());
  }
}

void run_tokenize(const TokenizeArguments& arguments, const Common& common) {
  const text::Tokenizer tokenizer = lm::open_tokenizer(arguments.model);
  const text::EncodeOptions options{.add_special = !arguments.no_special, .max_length = arguments.max_length};
  Truncated truncated;
  std::vector<std::size_t> cut;
  LineOptions reading;
  reading.prepare = [&](std::size_t lines) { cut.assign(lines, 0); };
  reading.finish = [&](std::int64_t first_number) {
    for (std::size_t i = 0; i < cut.size(); ++i) {
      if (cut[i] == 0) continue;
      if (arguments.strict) {
        throw base::Error(
            base::ErrorCode::bad_input,
            fmt::format("{} tokens exceed --max-length {}", cut[i] + arguments.max_length, arguments.max_length),
            fmt::format("standard input:{}", first_number + static_cast<std::int64_t>(i)));
      }
      ++truncated.lines;
      truncated.tokens += static_cast<std::int64_t>(cut[i]);
    }
  };
  map_lines(reading, [&](const std::string& line, std::size_t index, std::int64_t number) {
    if (arguments.decode) return decoded_line(tokenizer, arguments, common, line, number);
    const text::Encoding encoding = tokenizer.encode(line, options);
    cut[index] = encoding.truncated;
    return encoded_json(tokenizer, encoding);
  });
  if (truncated.lines > 0)
    say(common, fmt::format("truncated: {} lines, {} tokens dropped", truncated.lines, truncated.tokens));
}

}  // namespace

void add_tokenize(CLI::App& app, Common& common) {
  CLI::App* verb = app.add_subcommand("tokenize", "Lines of text to tokens, or back");
  const auto arguments = std::make_shared<TokenizeArguments>();
  verb->add_option("--model", arguments->model,
                   "Folder of a model or of a tokenizer, a tokenizer.json, a tokenizer.model or a .gguf file")
      ->required();
  verb->add_flag("--no-special", arguments->no_special,
                 "Without the special tokens (with --decode: leave them out of the text)");
  verb->add_flag("--decode", arguments->decode,
                 "Lines of JSON lists of ids to lines of text (with --json: {\"text\":…})");
  verb->add_option("--max-length", arguments->max_length, "Cut longer lines, special tokens included (0: no limit)")
      ->capture_default_str();
  verb->add_flag("--strict", arguments->strict, "A line that would be cut is an error");
  add_common(*verb, common, "echo 'Moody’s cut the bank to junk' | ballast tokenize --model gpt2/");
  verb->callback([arguments, &common] { run_tokenize(*arguments, common); });
}

}  // namespace ballast::apps
