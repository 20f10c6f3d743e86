// SPDX-License-Identifier: Apache-2.0
// The route table against the running server: what the OpenAPI document says is what is answered.
#include <gmock/gmock.h>

#include "ballast/serve/http/schema.h"
#include "tests/unit/serve/running_server.h"

namespace ballast::serve {
namespace {

using base::Json;
using test::Answer;
using test::HttpClient;

std::string upper(std::string method) {
  std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return std::toupper(c); });
  return method;
}

std::string with_ids(std::string path) {
  for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{')) {
    path.replace(at, path.find('}') - at + 1, "absent");
  }
  return path;
}

TEST(OpenApi, IsServedAndWellFormed) {
  RunningServer running;
  HttpClient client(running.port());
  const Json api = Json::parse(client.get("/openapi.json").body);
  EXPECT_EQ(api, running.server->openapi());
  EXPECT_EQ(api["openapi"], "3.1.0");
  const Json& named = api["components"]["schemas"];
  // Every reference has its schema.
  const std::string text = api.dump(), prefix = "#/components/schemas/";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
    const std::size_t begin = at + prefix.size();
    EXPECT_TRUE(named.contains(text.substr(begin, text.find('"', begin) - begin))) << text.substr(at, 60);
  }
}

TEST(OpenApi, EveryOperationAnswersAsItSays) {
  RunningServer running({}, true);
  HttpClient client(running.port(), 60);
  client.post("/v1/documents?scan=true", R"({"id":"d","text":"Acme Ltd defaulted on its bonds and is insolvent."})");
  const Json api = running.server->openapi();
  const Json& named = api["components"]["schemas"];
  int asked = 0, good = 0;
  for (const auto& [path, methods] : api["paths"].items()) {
    if (path == "/v1/stream") continue;  // never ends; the server's test listens to it
    for (const auto& [method, operation] : methods.items()) {
      ++asked;
      const std::string name = method + " " + path;
      const Answer answer = client.ask(upper(method), with_ids(path), operation.contains("requestBody") ? "{}" : "");
      ASSERT_NE(answer.status, 0) << name;
      ASSERT_TRUE(answer.status < 500 || answer.status == 501) << name << " " << answer.body;
      if (answer.status >= 300) {
        EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json") << name;
        EXPECT_NO_THROW(schema::check(Json::parse(answer.body), named["Problem"], name, named));
        continue;
      }
      ++good;
      const Json& responses = operation["responses"];
      ASSERT_TRUE(responses.contains(std::to_string(answer.status))) << name << " answered " << answer.status;
      if (answer.status == 204) continue;
      for (const auto& [type, content] : responses[std::to_string(answer.status)]["content"].items()) {
        EXPECT_TRUE(answer.headers.at("content-type").starts_with(type)) << name;
        if (!content.contains("schema")) continue;
        try {
          schema::check(Json::parse(answer.body), content["schema"], name, named);
        } catch (const std::exception& e) {
          ADD_FAILURE() << e.what() << "\n" << answer.body.substr(0, 500);
        }
      }
    }
  }
  EXPECT_GT(asked, 40);
  EXPECT_GT(good, 15) << "most lists answer without anything in the store";
}

TEST(OpenApi, EveryListComesAsCsvAndAsOfADay) {
  RunningServer running;
  HttpClient client(running.port());
  client.post("/v1/documents", R"({"id":"d","text":"a"})");
  const Json api = running.server->openapi();
  int lists = 0;
  for (const auto& [path, methods] : api["paths"].items()) {
    if (!methods.contains("get") || path.find('{') != std::string::npos) continue;
    bool list = false;
    for (const Json& p : methods["get"].value("parameters", Json::array())) list = list || p["name"] == "cursor";
    if (!list) continue;
    ++lists;
    EXPECT_TRUE(client.get(path + "?format=csv").headers.at("content-type").starts_with("text/csv")) << path;
    const Answer then = client.get(path + "?as_of=2001-01-01");
    EXPECT_EQ(then.status, 200) << path << then.body;
    EXPECT_EQ(then.json()["items"].size(), 0u) << path;
  }
  EXPECT_GT(lists, 10);
}

}  // namespace
}  // namespace ballast::serve
