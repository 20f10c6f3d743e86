// SPDX-License-Identifier: Apache-2.0
// Documents in and out, and scans that keep nothing.
#include <fmt/format.h>

#include "ballast/base/clock.h"
#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/ingest/document.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/app.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/live/desks.h"
#include "ballast/serve/live/intake.h"
#include "ballast/serve/live/jobs.h"
#include "ballast/serve/live/scoring.h"

namespace ballast::serve {
namespace {

using namespace schema;

constexpr std::size_t kMostDocuments = 5000;  // a request
constexpr std::size_t kMostScanned = 256;     // while somebody waits
constexpr std::size_t kTextBytes = std::size_t{1} << 20;

Json document_schema() {
  return object({{"id?", text(200)},
                 {"title?", text(2000)},
                 {"text", text()},
                 {"lang?", text(20)},
                 {"published_at?", nullable(text(40))},
                 {"source?", text(500)}});
}

Json many_schema() {
  return object({{"documents", array(document_schema(), kMostDocuments)}, {"scan?", boolean()}});
}

/// The documents of a body in any of its three forms.
struct Documents {
  std::vector<store::DocumentRecord> good;
  std::vector<std::size_t> place;  // in the request
  Json rejected = Json::array();
  bool scan = false;
};

std::string member(const Json& object, const char* name) {
  return object.contains(name) && object[name].is_string() ? object[name].get<std::string>() : "";
}

Documents read_documents(const Request& request) {
  const Json body = request.json();
  Documents read;
  read.scan = request.asked("scan", "false") == "true" || (body.is_object() && body.value("scan", false));
  const Json many = body.is_array() ? body : body.contains("documents") ? body["documents"] : Json::array({body});
  const std::string now = base::utc_now();
  for (std::size_t i = 0; i < many.size(); ++i) {
    const Json& one = many[i];
    const std::string text = member(one, "text");
    const bool blank = text.find_first_not_of(" \t\r\n") == std::string::npos;
    if (blank || text.size() > kTextBytes) {
      read.rejected.push_back(
          {{"index", i}, {"column", "text"}, {"reason", blank ? "is empty" : "is longer than a mebibyte"}});
      continue;
    }
    store::DocumentRecord d;
    d.id = member(one, "id").empty() ? ingest::text_id(text) : member(one, "id");
    d.source = member(one, "source").empty() ? "http" : member(one, "source");
    d.title = member(one, "title"), d.text = text, d.lang = member(one, "lang");
    d.published_at = member(one, "published_at");
    d.content_hash = base::sha256_hex(text), d.created_at = now;
    read.good.push_back(std::move(d));
    read.place.push_back(i);
  }
  return read;
}

const char* put_name(store::Put put) {
  switch (put) {
    case store::Put::added:
      return "added";
    case store::Put::changed:
      return "changed";
    default:
      return "unchanged";
  }
}

Response stored_response(const Documents& read, const std::vector<std::string>& ids, const Intake::Done& done) {
  Json items = Json::array();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Json item = {{"id", ids[i]}, {"index", read.place[i]}, {"status", put_name(done.puts[i])}};
    if (i < done.risks.size()) item["scan"] = to_json(done.risks[i], false);
    items.push_back(std::move(item));
  }
  return json_response({{"items", items}, {"rejected", read.rejected}}, 201);
}

Response as_job(App& app, const Request& request) {
  const store::JobRecord job = app.jobs->add("documents", request.json(), request.principal.name);
  Response response = json_response({{"job", to_json(job)}}, 202);
  response.headers.emplace_back("Location", "/v1/jobs/" + job.id);
  return response;
}

void put_documents(App& app, const std::shared_ptr<Request>& request, const Reply& reply) {
  auto read = std::make_shared<Documents>(read_documents(*request));
  if (read->scan) app.desks->classifier();  // says so now where nothing can be scanned
  const std::string* prefer = request->header("prefer");
  if ((read->scan && read->good.size() > kMostScanned) || (prefer != nullptr && *prefer == "respond-async")) {
    return reply(as_job(app, *request));
  }
  if (read->good.empty()) {
    const Json& first = read->rejected.empty() ? Json() : read->rejected[0];
    throw Problem(400, first.is_null() ? "holds no document" : "no document can be used: " + member(first, "reason"),
                  first.is_null() ? "body" : "body.text");
  }
  std::vector<std::string> ids;
  for (const auto& document : read->good) ids.push_back(document.id);
  const auto then = [read, ids, request, reply](const Intake::Done& done) {
    if (!done.failed) return reply(stored_response(*read, ids, done));
    try {
      std::rethrow_exception(done.failed);
    } catch (...) {
      reply(problem_response_of_current(*request));
    }
  };
  if (!app.intake->put(std::move(read->good), read->scan, then)) {
    throw Problem(503, "too many documents are waiting to be stored").retry_after(1);
  }
}

/// The same as a job: stores and scans in parcels, so that it can be cancelled in between.
Json documents_job(App& app, const Json& body, const base::ProgressSink& progress) {
  Request request;
  request.body = base::dump_json(body);
  Documents read = read_documents(request);
  const auto store = app.stores.lend();
  std::int64_t added = 0, signals = 0;
  base::ProgressState state{
      "storing and scanning", 0, static_cast<std::int64_t>(read.good.size()), "documents", "", false};
  for (std::size_t at = 0; at < read.good.size(); at += kMostScanned) {
    progress(state);
    const std::size_t end = std::min(at + kMostScanned, read.good.size());
    const std::span part(read.good.data() + at, end - at);
    for (const store::Put put : store->put_documents(part)) added += put == store::Put::added;
    if (app.desks->scans()) {
      risk::ScanOptions options;
      options.seed = app.options.seed;
      options.watch_list = app.desks->watch_list();
      risk::Scan scan(*store, app.desks->scorer(), options, [](const risk::Scanned&) {});
      for (const store::DocumentRecord& document : part) scan.add(risk::to_document(document));
      scan.finish();
      signals += scan.counts().signals;
    }
    state.done = static_cast<std::int64_t>(end);
    state.metric = fmt::format("{} signals", signals);
  }
  return {{"documents", read.good.size()}, {"added", added}, {"signals", signals}, {"rejected", read.rejected}};
}

Response list_documents(App& app, const Request& request) {
  store::DocumentFilter filter;
  filter.words = request.asked("q", ""), filter.lang = request.asked("lang", "");
  filter.source = request.asked("source", ""), filter.sentiment = request.asked("sentiment", "");
  filter.min_severity = static_cast<int>(number_asked(request, "severity", -1));
  filter.span = span_of(request);
  const auto store = app.stores.lend();
  return list_response(request,
                       [&](const store::Page& page) { return to_page(store::Lists(*store).documents(filter, page)); });
}

Response one_document(App& app, const Request& request) {
  const auto store = app.stores.lend();
  store::Lists lists(*store);
  const std::string& id = request.parameter("id");
  store::DocumentFilter of_id;
  of_id.id = id;
  const auto document = lists.documents(of_id, {1, "", as_of_of(request)});
  if (document.items.empty()) throw Problem(404, "there is no such document");
  store::SignalFilter filter;
  filter.document_id = id;
  filter.order = store::SignalOrder::probability;
  const auto signals = lists.signals(filter, {100, "", as_of_of(request)});
  Json json = to_json(document.items.front());
  json["signals"] = Json::array();
  for (const auto& signal : signals.items) json["signals"].push_back(to_json(signal));
  json["entities"] = Json::array();
  for (const auto& entity : lists.entities_of(id)) json["entities"].push_back(to_json(entity));
  return json_response(json);
}

void scan_only(App& app, const std::shared_ptr<Request>& request, const Reply& reply) {
  const Json body = request->json();
  app.desks->classifier();  // says so now where nothing can be scanned
  const char* name = body.contains("texts") ? "texts" : "documents";
  const Json texts = body.value(name, Json::array());
  std::vector<ingest::Document> documents;
  for (const Json& one : texts) {
    ingest::Document document;
    document.text = one.is_string() ? one.get<std::string>() : member(one, "text");
    document.id = one.is_object() && !member(one, "id").empty() ? member(one, "id") : ingest::text_id(document.text);
    document.lang = one.is_object() ? member(one, "lang") : "";
    if (document.text.find_first_not_of(" \t\r\n") == std::string::npos) {
      throw Problem(400, "is empty", fmt::format("body.{}[{}]", name, documents.size()));
    }
    documents.push_back(std::move(document));
  }
  if (documents.empty()) throw Problem(400, "holds no text", "body.texts");
  const bool all = body.value("all", false);
  const auto then = [request, reply, all](const std::exception_ptr& failed,
                                          const std::vector<risk::DocumentRisk>& risks) {
    if (failed) {
      try {
        std::rethrow_exception(failed);
      } catch (...) {
        return reply(problem_response_of_current(*request));
      }
    }
    Json items = Json::array();
    for (const risk::DocumentRisk& risk : risks) items.push_back(to_json(risk, all));
    reply(json_response({{"items", items}}));
  };
  if (!app.scoring->ask(std::move(documents), then)) throw Problem(503, "too many texts are waiting").retry_after(1);
}

}  // namespace

void add_documents(App& app) {
  app.jobs->add_kind("documents", [&app](const Json& body, const base::ProgressSink& progress) {
    return documents_job(app, body, progress);
  });
  const Json stored = object({{"items", array(open_object({{"id", text()}, {"index", integer()}, {"status", text()}}))},
                              {"rejected", array(any())}});
  Route put{Method::post,
            "/v1/documents",
            Role::analyst,
            Lane::quick,
            "documents",
            "Store one document or many; answered when they are durable",
            {{"scan", boolean(), "answer when they are assessed, too"}},
            either({array(document_schema(), kMostDocuments), many_schema(), document_schema()}),
            stored,
            201,
            "application/json",
            {},
            {}};
  put.later = [&app](const std::shared_ptr<Request>& request, const Reply& reply) {
    put_documents(app, request, reply);
  };
  app.routes.add(std::move(put));
  app.routes.add({Method::get,
                  "/v1/documents",
                  Role::viewer,
                  Lane::quick,
                  "documents",
                  "Documents, the newest first",
                  list_parameters({{"q", text(200), "words in title or text"},
                                   {"lang", text(20), ""},
                                   {"source", text(500), ""},
                                   {"severity", integer(0, 3), "at least"},
                                   {"sentiment", word({"negative", "neutral", "positive"}), ""},
                                   {"from", text(40), "published or stored"},
                                   {"to", text(40), ""}}),
                  {},
                  list_of(ref("Document")),
                  200,
                  "application/json",
                  [&app](Request& r) { return list_documents(app, r); },
                  {}});
  app.routes.add({Method::get,
                  "/v1/documents/{id}",
                  Role::viewer,
                  Lane::quick,
                  "documents",
                  "A document with what was found in it",
                  {{"as_of", text(40), "what was known then"}},
                  {},
                  ref("DocumentDetail"),
                  200,
                  "application/json",
                  [&app](Request& r) { return one_document(app, r); },
                  {}});
  Route scan{Method::post,
             "/v1/scan",
             Role::viewer,
             Lane::quick,
             "documents",
             "What the model says of texts; nothing is stored",
             {},
             object({{"texts?", array(text(100000), kMostScanned)},
                     {"documents?", array(document_schema(), kMostScanned)},
                     {"all?", boolean()}}),
             object({{"items", array(ref("Scanned"))}}),
             200,
             "application/json",
             {},
             {}};
  scan.later = [&app](const std::shared_ptr<Request>& request, const Reply& reply) { scan_only(app, request, reply); };
  app.routes.add(std::move(scan));
}

}  // namespace ballast::serve
