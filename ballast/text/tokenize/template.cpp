// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/tokenize/template.h"

#include "ballast/base/error.h"

namespace ballast::text {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using What = TemplateItem::What;

TemplateItem special(std::int32_t id, std::int32_t type_id) {
  return {What::special, type_id, {id}};
}
TemplateItem text(What which, std::int32_t type_id) {
  return {which, type_id, {}};
}

Template plain() {
  return {{text(What::first, 0)}, {text(What::first, 0), text(What::second, 1)}};
}

std::int32_t need_token(const std::string& token, const std::string& where, const FindToken& find) {
  if (const auto id = find(token)) return *id;
  throw Error(ErrorCode::bad_input, "the post_processor's token \"" + token + "\" is not in the vocabulary", where);
}

/// ["[SEP]", 102] of BertProcessing and RobertaProcessing; the id must be that of the token.
std::int32_t named_token(const Json& json, const char* field, const std::string& where, const FindToken& find) {
  const Json entry = base::json_field<Json>(json, field, where);
  if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number_integer()) {
    throw Error(ErrorCode::bad_input, std::string("field \"") + field + "\" of the post_processor must be [token, id]",
                where);
  }
  const std::int32_t id = need_token(entry[0].get<std::string>(), where, find);
  if (entry[1].get<std::int64_t>() != id) {
    throw Error(ErrorCode::bad_input,
                "the post_processor gives token " + entry[0].dump() + " the id " + entry[1].dump() +
                    ", the vocabulary " + std::to_string(id),
                where);
  }
  return id;
}

Template bert_like(const Json& json, const std::string& where, const FindToken& find, bool roberta) {
  const std::int32_t cls = named_token(json, "cls", where, find);
  const std::int32_t sep = named_token(json, "sep", where, find);
  Template t;
  t.single = {special(cls, 0), text(What::first, 0), special(sep, 0)};
  t.pair = t.single;
  if (roberta) t.pair.push_back(special(sep, 0));
  t.pair.push_back(text(What::second, roberta ? 0 : 1));
  t.pair.push_back(special(sep, roberta ? 0 : 1));
  return t;
}

TemplateItem read_item(const Json& json, const Json& specials, const std::string& where, const FindToken& find) {
  const auto type_of = [&](const Json& item) { return base::json_field<std::int32_t>(item, "type_id", where); };
  if (json.contains("Sequence")) {
    const Json& item = json["Sequence"];
    return text(base::json_field<std::string>(item, "id", where) == "B" ? What::second : What::first, type_of(item));
  }
  const Json item = base::json_field<Json>(json, "SpecialToken", where);
  TemplateItem out{What::special, type_of(item), {}};
  const Json entry = base::json_field<Json>(specials, base::json_field<std::string>(item, "id", where), where);
  const auto ids = base::json_field<std::vector<std::int64_t>>(entry, "ids", where);
  const auto tokens = base::json_field<std::vector<std::string>>(entry, "tokens", where);
  if (ids.size() != tokens.size()) {
    throw Error(ErrorCode::bad_input, "a special token of the post_processor has as many ids as tokens", where);
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    out.ids.push_back(named_token({{"token", Json::array({tokens[i], ids[i]})}}, "token", where, find));
  }
  return out;
}

Template read_template(const Json& json, const std::string& where, const FindToken& find) {
  const Json specials = base::json_field<Json>(json, "special_tokens", where, Json::object());
  Template t;
  for (const Json& item : base::json_field<Json>(json, "single", where)) {
    t.single.push_back(read_item(item, specials, where, find));
    if (t.single.back().what == What::second) {
      throw Error(ErrorCode::bad_input, "the post_processor's template for one text names $B", where);
    }
  }
  for (const Json& item : base::json_field<Json>(json, "pair", where)) {
    t.pair.push_back(read_item(item, specials, where, find));
  }
  return t;
}

Template read_sequence(const Json& json, const std::string& where, const FindToken& find) {
  std::optional<Template> found;
  for (const Json& step : base::json_field<Json>(json, "processors", where)) {
    if (base::json_field<std::string>(step, "type", where) == "ByteLevel") continue;  // only trims offsets
    if (found) throw Error(ErrorCode::unsupported, "a post_processor Sequence with two templates is not known", where);
    found = make_template(step, where, find);
  }
  return found.value_or(plain());
}

}  // namespace

std::size_t Template::added(bool is_pair) const {
  std::size_t n = 0;
  for (const TemplateItem& item : is_pair ? pair : single) n += item.ids.size();
  return n;
}

Template make_template(const Json& json, const std::string& where, const FindToken& find) {
  if (json.is_null()) return plain();
  const auto type = base::json_field<std::string>(json, "type", where + " (post_processor)");
  if (type == "ByteLevel") return plain();
  if (type == "TemplateProcessing") return read_template(json, where, find);
  if (type == "BertProcessing") return bert_like(json, where, find, false);
  if (type == "RobertaProcessing") return bert_like(json, where, find, true);
  if (type == "Sequence") return read_sequence(json, where, find);
  throw Error(ErrorCode::unsupported, "post_processor of type \"" + type + "\" is not known", where,
              "known: TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, Sequence");
}

}  // namespace ballast::text
