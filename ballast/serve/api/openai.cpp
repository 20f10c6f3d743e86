// SPDX-License-Identifier: Apache-2.0
// The routes that OpenAI's clients ask: models, embeddings, completions, chat; whole or as a stream.
#include <fmt/format.h>

#include <cctype>
#include <chrono>
#include <iterator>
#include <map>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/lm/json_schema.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/auth/secrets.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/desks.h"

namespace ballast::serve {
namespace {

using namespace schema;

constexpr std::int64_t kMostTokens = 4096;
constexpr std::size_t kMostInputs = 2048;

std::int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// What the inventory says of the models in service, by hash.
std::map<std::string, store::ModelRecord> inventory_of(App& app) {
  std::map<std::string, store::ModelRecord> all;
  const auto store = app.stores.lend();
  for (store::ModelRecord& m : store::Work(*store).models()) all.emplace(m.hash, std::move(m));
  return all;
}

Json model_json(const ServedModel& model, const std::map<std::string, store::ModelRecord>& inventory) {
  const auto card = std::filesystem::path(model.folder) / "README.md";
  std::error_code unknown;
  Json json = {{"id", model.id},
               {"object", "model"},
               {"created", model.created},
               {"owned_by", "ballast"},
               {"kind", model.kind},
               {"sha256", model.sha256},
               {"in_charge", false},
               {"card", std::filesystem::is_regular_file(card, unknown) ? Json(base::read_file(card)) : Json()}};
  const auto known = inventory.find(model.sha256);
  if (known == inventory.end()) return json;
  const store::ModelRecord& m = known->second;
  json["in_charge"] = m.role == "champion";
  for (const auto& [name, value] :
       {std::pair("purpose", m.purpose), std::pair("role", m.role), std::pair("owner", m.owner),
        std::pair("tier", m.tier), std::pair("promoted_by", m.promoted_by), std::pair("promoted_at", m.promoted_at)}) {
    json[name] = value.empty() ? Json() : Json(value);
  }
  return json;
}

Response list_models(App& app) {
  Json data = Json::array();
  const auto inventory = inventory_of(app);
  for (const ServedModel& model : app.desks->models()) data.push_back(model_json(model, inventory));
  return json_response({{"object", "list"}, {"data", data}});
}

Response one_model(App& app, const Request& request) {
  for (const ServedModel& model : app.desks->models()) {
    if (model.id == request.parameter("id")) return json_response(model_json(model, inventory_of(app)));
  }
  throw Problem(404, "no model in service is called \"" + request.parameter("id") + "\"", "model", "GET /v1/models");
}

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    unsigned group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += at + i <= bytes.size() ? kDigits[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return out;
}

Json vector_json(const std::vector<float>& vector, bool packed) {
  if (!packed) return vector;
  return base64({reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)});
}

Response embeddings(App& app, const Request& request) {
  const Json body = request.json();
  const std::string model = body.value("model", "");
  const lm::Embedder& embedder = app.desks->embedder(model);
  std::vector<std::string> texts;
  if (body["input"].is_string()) {
    texts.push_back(body["input"]);
  } else {
    texts = body["input"].get<std::vector<std::string>>();
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const bool packed = body.value("encoding_format", "float") == "base64";
  Json data = Json::array();
  std::int64_t tokens = 0;
  const auto vectors = embedder.embed(views, {lm::Pooling::mean, true});
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    if (vectors[i].vector.empty()) throw Problem(400, "has no token", fmt::format("body.input[{}]", i));
    tokens += vectors[i].tokens;
    data.push_back({{"object", "embedding"}, {"index", i}, {"embedding", vector_json(vectors[i].vector, packed)}});
  }
  app.metrics.add_tokens(model, "prompt", static_cast<double>(tokens));
  return json_response({{"object", "list"},
                        {"data", data},
                        {"model", model},
                        {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}});
}

/// The body without members that are null: OpenAI's clients send what they leave to us as null.
Json without_nulls(Json body) {
  for (auto at = body.begin(); at != body.end();) at = at->is_null() ? body.erase(at) : std::next(at);
  return body;
}

/// {"type": "text" | "json_object" | "json_schema", "json_schema": {"name", "schema"}}; null for free text.
std::shared_ptr<const lm::JsonGrammar> schema_of(const Json& format) {
  const std::string type = format.value("type", "");
  if (type == "text") return nullptr;
  if (type == "json_object") return lm::JsonGrammar::compile({{"type", "object"}}, "body.response_format");
  if (type != "json_schema" || !format.contains("json_schema") || !format["json_schema"].is_object() ||
      !format["json_schema"].contains("schema")) {
    throw Problem(400, "is no format that is known", "body.response_format", "text, json_object, json_schema");
  }
  return lm::JsonGrammar::compile(format["json_schema"]["schema"], "body.response_format.json_schema.schema");
}

lm::GenerateOptions options_of(const App& app, const Json& body) {
  lm::GenerateOptions o;
  const auto number = [&](const char* name, double otherwise) {
    return body.contains(name) && body[name].is_number() ? body[name].get<double>() : otherwise;
  };
  o.max_new_tokens = static_cast<std::int64_t>(number("max_completion_tokens", number("max_tokens", 64)));
  o.temperature = number("temperature", 1);
  o.top_p = number("top_p", 1);
  o.seed = static_cast<std::uint64_t>(number("seed", static_cast<double>(app.options.seed)));
  if (body.contains("stop") && body["stop"].is_string()) o.stop = {body["stop"].get<std::string>()};
  if (body.contains("stop") && body["stop"].is_array()) o.stop = body["stop"].get<std::vector<std::string>>();
  if (body.contains("response_format")) o.schema = schema_of(body["response_format"]);
  lm::check(o);
  return o;
}

std::string content_of(const Json& message) {
  const Json& content = message["content"];
  if (content.is_string()) return content;
  std::string all;
  for (const Json& part : content) {
    if (part.value("type", "") != "text") throw Problem(400, "only text is understood", "body.messages");
    all += part["text"].get<std::string>();
  }
  return all;
}

/// A conversation as text for a model that has no form of its own for one.
std::string prompt_of(const Json& messages) {
  std::string prompt;
  for (const Json& message : messages) {
    std::string role = message["role"];
    role[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(role[0])));
    prompt += role + ": " + content_of(message) + "\n";
  }
  return prompt + "Assistant:";
}

/// The same as the model's own template writes it. With a schema there is no room for thoughts.
std::string prompt_of(const Json& messages, const lm::ChatTemplate& form, bool thinking) {
  Json plain = Json::array();
  for (const Json& message : messages) {
    const std::string role = message["role"];
    plain.push_back({{"role", role == "developer" ? "system" : role}, {"content", content_of(message)}});
  }
  lm::ChatOptions options;
  options.thinking = thinking;
  return form.render(plain, options);
}

const char* reason_of(lm::FinishReason reason) {
  return reason == lm::FinishReason::length || reason == lm::FinishReason::positions ? "length" : "stop";
}

/// What differs between completions and chat.
struct Form {
  bool chat = false;
  std::string id, model;
  std::int64_t created = 0;

  std::string object(bool chunk) const {
    return chat ? (chunk ? "chat.completion.chunk" : "chat.completion") : "text_completion";
  }
  Json frame(Json choice, bool chunk) const {
    return {{"id", id},
            {"object", object(chunk)},
            {"created", created},
            {"model", model},
            {"choices", Json::array({std::move(choice)})}};
  }
  Json whole(const lm::Generation& g) const {
    Json choice = {{"index", 0}, {"finish_reason", reason_of(g.finish)}, {"logprobs", nullptr}};
    if (chat) {
      choice["message"] = {{"role", "assistant"}, {"content", g.text}};
    } else {
      choice["text"] = g.text;
    }
    return frame(choice, false);
  }
  Json piece(std::string_view text, bool first) const {
    Json choice = {{"index", 0}, {"finish_reason", nullptr}};
    if (chat) {
      choice["delta"] = {{"content", text}};
      if (first) choice["delta"]["role"] = "assistant";
    } else {
      choice["text"] = text;
    }
    return frame(choice, true);
  }
  Json last(lm::FinishReason reason) const {
    Json choice = {{"index", 0}, {"finish_reason", reason_of(reason)}};
    if (chat) {
      choice["delta"] = Json::object();
    } else {
      choice["text"] = "";
    }
    return frame(choice, true);
  }
};

void stream(App& app, const std::shared_ptr<Request>& request, const Form& form, const std::string& prompt,
            const lm::GenerateOptions& options, const Reply& reply) {
  Response response;
  response.content_type = "text/event-stream";
  const auto out = response.stream = std::make_shared<Stream>();
  reply(std::move(response));
  try {
    bool first = true;
    const lm::Generation g = app.desks->generate(form.model, prompt, options, [&](std::string_view piece) {
      const bool taken = out->push(event_text("", base::dump_json(form.piece(piece, first))));
      first = false;
      // Who has gone is not generated for.
      if (!taken) throw base::Error(base::ErrorCode::cancelled, "the reader has gone");
    });
    app.metrics.add_tokens(form.model, "completion", static_cast<double>(g.ids.size()));
    out->push(event_text("", base::dump_json(form.last(g.finish))));
    out->push(event_text("", "[DONE]"));
  } catch (...) {
    // The head has been sent: the error is the stream's last event.
    out->push(
        event_text("", base::dump_json({{"error", base::Json::parse(problem_response_of_current(*request).body)}})));
  }
  out->finish();
}

void complete(App& app, const std::shared_ptr<Request>& request, const Reply& reply, bool chat) {
  const Json body = without_nulls(request->json());
  Form form{chat, (chat ? "chatcmpl-" : "cmpl-") + random_token(12), app.desks->causal_id(body.value("model", "")),
            now_seconds()};
  if (body.value("n", 1) != 1) throw Problem(400, "one answer a request", "body.n");
  const lm::GenerateOptions options = options_of(app, body);
  std::string prompt;
  const lm::ChatTemplate* const form_of_chat = chat ? app.desks->chat_template(form.model) : nullptr;
  if (form_of_chat != nullptr) {
    prompt = prompt_of(body["messages"], *form_of_chat, options.schema == nullptr);
  } else if (chat) {
    prompt = prompt_of(body["messages"]);
  } else {
    prompt = body["prompt"].is_string() ? body["prompt"].get<std::string>() : body["prompt"][0].get<std::string>();
  }
  lm::GenerateOptions with = options;
  with.add_special = form_of_chat == nullptr;
  if (chat && form_of_chat == nullptr && with.schema == nullptr) with.stop.emplace_back("\nUser:");
  if (body.value("stream", false)) return stream(app, request, form, prompt, with, reply);
  const lm::Generation g = app.desks->generate(form.model, prompt, with, {});
  Json json = form.whole(g);
  const auto made = static_cast<std::int64_t>(g.ids.size());
  const std::int64_t read = app.desks->tokens_of(form.model, prompt);
  json["usage"] = {{"prompt_tokens", read}, {"completion_tokens", made}, {"total_tokens", read + made}};
  app.metrics.add_tokens(form.model, "prompt", static_cast<double>(read));
  app.metrics.add_tokens(form.model, "completion", static_cast<double>(made));
  reply(json_response(json));
}

/// Fields of OpenAI's requests; those that we do not act on are accepted, as their clients send them.
Json generation_schema(std::vector<std::pair<std::string, Json>> own) {
  for (const char* name : {"max_tokens?", "max_completion_tokens?"}) {
    own.emplace_back(name, nullable(integer(1, kMostTokens)));
  }
  own.emplace_back("model?", text(200));
  own.emplace_back("temperature?", nullable(number(0, 2)));
  own.emplace_back("top_p?", nullable(number(0, 1)));
  own.emplace_back("seed?", nullable(integer(0, std::int64_t{1} << 53)));
  own.emplace_back("n?", nullable(integer(1, 1)));
  own.emplace_back("stream?", nullable(boolean()));
  own.emplace_back("response_format?", nullable(open_object({{"type", word({"text", "json_object", "json_schema"})}})));
  own.emplace_back("stop?", either({text(200), array(text(200), 8), Json{{"type", "null"}}}));
  return open_object(std::move(own));
}

}  // namespace

void add_openai(App& app) {
  app.routes.add(
      {Method::get,
       "/v1/models",
       Role::viewer,
       Lane::quick,
       "openai",
       "Models in service",
       {},
       {},
       object({{"object", text()},
               {"data",
                array(open_object({{"id", text()}, {"kind", text()}, {"sha256", text()}, {"in_charge", boolean()}}))}}),
       200,
       "application/json",
       [&app](Request&) { return list_models(app); },
       {}});
  app.routes.add({Method::get,
                  "/v1/models/{id}",
                  Role::viewer,
                  Lane::quick,
                  "openai",
                  "One of them, with its card",
                  {},
                  {},
                  open_object({{"id", text()}, {"kind", text()}, {"sha256", text()}, {"in_charge", boolean()}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return one_model(app, r); },
                  {}});
  app.routes.add({Method::post,
                  "/v1/embeddings",
                  Role::viewer,
                  Lane::compute,
                  "openai",
                  "Texts to vectors of length 1",
                  {},
                  open_object({{"input", either({text(100000), array(text(100000), kMostInputs)})},
                               {"model?", text(200)},
                               {"encoding_format?", word({"float", "base64"})}}),
                  open_object({{"object", text()}, {"data", array(any())}, {"usage", any()}}),
                  200,
                  "application/json",
                  [&app](Request& r) { return embeddings(app, r); },
                  {}});
  const Json message = open_object({{"role", word({"system", "developer", "user", "assistant"})},
                                    {"content", either({text(200000), array(any(), 100)})}});
  const Json answer = open_object({{"id", text()}, {"object", text()}, {"choices", array(any())}});
  for (const bool chat : {false, true}) {
    Route route;
    route.method = Method::post;
    route.path = chat ? "/v1/chat/completions" : "/v1/completions";
    route.role = Role::viewer, route.lane = Lane::writing, route.tag = "openai";
    route.summary = chat ? "The next turn of a conversation" : "A text continued";
    route.request = chat ? generation_schema({{"messages", array(message, 200)}})
                         : generation_schema({{"prompt", either({text(200000), array(text(200000), 1)})}});
    route.answer = answer;
    route.later = [&app, chat](const std::shared_ptr<Request>& request, const Reply& reply) {
      complete(app, request, reply, chat);
    };
    app.routes.add(std::move(route));
  }
}

}  // namespace ballast::serve
