// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/http/problem.h"

#include <fmt/format.h>

#include <new>

namespace ballast::serve {
namespace {

struct Status {
  int code;
  const char *phrase, *slug;
};
constexpr Status kStatuses[] = {{200, "OK", ""},
                                {201, "Created", ""},
                                {202, "Accepted", ""},
                                {204, "No Content", ""},
                                {304, "Not Modified", ""},
                                {400, "Bad Request", "bad-input"},
                                {401, "Unauthorized", "unauthenticated"},
                                {403, "Forbidden", "forbidden"},
                                {404, "Not Found", "not-found"},
                                {405, "Method Not Allowed", "method-not-allowed"},
                                {406, "Not Acceptable", "not-acceptable"},
                                {408, "Request Timeout", "too-slow"},
                                {409, "Conflict", "conflict"},
                                {413, "Content Too Large", "too-large"},
                                {415, "Unsupported Media Type", "unsupported-media-type"},
                                {417, "Expectation Failed", "expectation-failed"},
                                {422, "Unprocessable Content", "cannot-use"},
                                {429, "Too Many Requests", "too-many-requests"},
                                {431, "Request Header Fields Too Large", "header-too-large"},
                                {500, "Internal Server Error", "internal"},
                                {501, "Not Implemented", "unsupported"},
                                {503, "Service Unavailable", "busy"},
                                {505, "HTTP Version Not Supported", "http-version"}};

const Status& status_entry(int code) {
  for (const Status& status : kStatuses) {
    if (status.code == code) return status;
  }
  return status_entry(500);
}

struct Failure {
  int status = 500;
  std::string detail = "something went wrong inside; the log has the request's id", where, hint;
  int retry_after = 0;
};

Failure current_failure() {
  try {
    throw;
  } catch (const Problem& p) {
    return {p.status(), p.what(), p.where(), p.hint(), p.retry_after()};
  } catch (const base::Error& e) {
    const int status = status_of(e.code());
    if (status == 500) return {};
    return {status, e.problem(), e.where(), e.hint(), status == 503 ? 1 : 0};
  } catch (const std::bad_alloc&) {
    return {503, "out of memory", "", "", 1};
  } catch (...) {
    return {};
  }
}

Response response_of(const Failure& f, const Request& request) {
  base::Json json = problem_json(f.status, f.detail, f.where, f.hint);
  json["instance"] = request.path;
  json["request_id"] = request.id;
  Response response = json_response(json, f.status);
  response.content_type = "application/problem+json";
  if (f.retry_after > 0) response.headers.emplace_back("Retry-After", fmt::format("{}", f.retry_after));
  if (f.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"ballast\"");
  return response;
}

}  // namespace

Problem::Problem(int status, std::string detail, std::string where, std::string hint)
    : std::runtime_error(std::move(detail)), status_(status), where_(std::move(where)), hint_(std::move(hint)) {}

int status_of(base::ErrorCode code) {
  switch (code) {
    case base::ErrorCode::usage:
    case base::ErrorCode::bad_input:
      return 400;
    case base::ErrorCode::not_found:
      return 404;
    case base::ErrorCode::unsupported:
      return 501;
    case base::ErrorCode::io:
    case base::ErrorCode::network:
      return 503;
    case base::ErrorCode::cancelled:
      return 409;
    case base::ErrorCode::internal:
      return 500;
  }
  return 500;
}

const char* reason_phrase(int status) {
  return status_entry(status).phrase;
}

base::Json problem_json(int status, const std::string& detail, const std::string& where, const std::string& hint) {
  const Status& entry = status_entry(status);
  base::Json json = {{"type", fmt::format("urn:ballast:problem:{}", entry.slug)},
                     {"title", entry.phrase},
                     {"status", status},
                     {"detail", detail}};
  if (!where.empty()) json["where"] = where;
  if (!hint.empty()) json["hint"] = hint;
  return json;
}

Response problem_response(const Problem& p, const Request& request) {
  return response_of({p.status(), p.what(), p.where(), p.hint(), p.retry_after()}, request);
}

Response problem_response_of_current(const Request& request) {
  return response_of(current_failure(), request);
}

base::Json problem_json_of_current() {
  const Failure f = current_failure();
  return problem_json(f.status, f.detail, f.where, f.hint);
}

}  // namespace ballast::serve
