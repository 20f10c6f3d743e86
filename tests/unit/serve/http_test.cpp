// SPDX-License-Identifier: Apache-2.0
// What needs no socket: targets, routes, schemas, limits, CSV, moments, secrets.
#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/serve/api/listing.h"
#include "ballast/serve/auth/secrets.h"
#include "ballast/serve/http/limits.h"
#include "ballast/serve/http/problem.h"
#include "ballast/serve/http/routes.h"
#include "ballast/serve/live/events.h"
#include "ballast/serve/live/lane.h"
#include "ballast/serve/live/moments.h"
#include "tests/support/errors.h"

namespace ballast::serve {
namespace {

using test::problem_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Request request_of(const std::string& target, Method method = Method::get) {
  Request request;
  request.method = method;
  request.target = target;
  parse_target(request);
  return request;
}

TEST(Target, IsSplitAndDecoded) {
  const Request r = request_of("/v1/entities/%E6%81%92%E5%A4%A7?q=a+b%2Bc&empty=&flag");
  EXPECT_EQ(r.path, "/v1/entities/恒大");
  EXPECT_EQ(r.asked("q", ""), "a b+c");
  EXPECT_EQ(r.asked("empty", "x"), "");
  EXPECT_NE(r.asked("flag"), nullptr);
  EXPECT_EQ(r.asked("absent"), nullptr);
  for (const char* bad : {"/%", "/%1", "/%zz", "/a%00b", "/?x=%"}) {
    EXPECT_THROW(request_of(bad), base::Error) << bad;
  }
}

TEST(Cookies, AreFoundByTheirWholeName) {
  Request r;
  r.headers = {{"cookie", "a=1; xballast_session=2; ballast_session=3"}};
  EXPECT_EQ(r.cookie("ballast_session"), "3");
  EXPECT_EQ(r.cookie("session"), "");
}

TEST(Roles, AnAuditorReadsAllAndChangesNothing) {
  EXPECT_TRUE(may(Role::officer, Role::analyst));
  EXPECT_FALSE(may(Role::analyst, Role::officer));
  EXPECT_TRUE(may(Role::auditor, Role::viewer));
  EXPECT_TRUE(may(Role::auditor, Role::auditor));
  EXPECT_FALSE(may(Role::auditor, Role::analyst));
  EXPECT_FALSE(may(Role::officer, Role::auditor));
  EXPECT_TRUE(may(Role::admin, Role::auditor));
  EXPECT_FALSE(may(Role::none, Role::viewer));
}

Routes some_routes() {
  Routes routes;
  const auto named = [](const std::string& name) {
    return [name](Request&) {
      Response r;
      r.body = name;
      return r;
    };
  };
  for (const char* path : {"/v1/things/{id}", "/v1/things/newest", "/v1/things/{id}/parts/{part}"}) {
    Route route;
    route.path = path;
    route.handler = named(path);
    routes.add(route);
  }
  Route post;
  post.method = Method::post;
  post.path = "/v1/things/{id}";
  post.handler = named("post");
  routes.add(post);
  return routes;
}

TEST(Routes, LiteralSegmentsGoBeforeParameters) {
  const Routes routes = some_routes();
  const auto body_of = [&](const std::string& target, Method method = Method::get) {
    Request r = request_of(target, method);
    const auto match = routes.match(r);
    return match.route == nullptr ? std::string("none") : match.route->handler(r).body;
  };
  EXPECT_EQ(body_of("/v1/things/newest"), "/v1/things/newest");
  EXPECT_EQ(body_of("/v1/things/7"), "/v1/things/{id}");
  EXPECT_EQ(body_of("/v1/things/7", Method::post), "post");
  EXPECT_EQ(body_of("/v1/things/7", Method::head), "/v1/things/{id}");
  EXPECT_EQ(body_of("/v1/things/"), "none");
  EXPECT_EQ(body_of("/v1/things"), "none");
  Request deep = request_of("/v1/things/a%20b/parts/c");
  ASSERT_NE(routes.match(deep).route, nullptr);
  EXPECT_EQ(deep.parameter("id"), "a b");
  EXPECT_EQ(deep.parameter("part"), "c");
  Request slash = request_of("/v1/things/a%2Fb");
  ASSERT_NE(routes.match(slash).route, nullptr) << "an escaped slash is a part of the name";
  EXPECT_EQ(slash.parameter("id"), "a/b");
  Request other = request_of("/v1/things/7", Method::del);
  const auto match = routes.match(other);
  EXPECT_EQ(match.route, nullptr);
  EXPECT_TRUE(match.path_known);
  EXPECT_THAT(match.allowed, ElementsAre("GET", "POST"));
}

TEST(Schema, NamesTheFieldAndWhatWasExpected) {
  using namespace schema;
  const Json named = {{"Part", object({{"name", text(3)}, {"size?", integer(1, 9)}})}};
  const Json s = object({{"parts", array(ref("Part"), 2)}, {"kind?", word({"a", "b"})}, {"n?", nullable(number())}});
  const auto problem = [&](const char* json) {
    return problem_of([&] { check(Json::parse(json), s, "body", named); });
  };
  EXPECT_EQ(problem(R"({"parts":[{"name":"abc","size":9}],"kind":"a","n":null})"), "no error");
  EXPECT_EQ(problem(R"({"parts":[{"name":"恒大集"}]})"), "no error") << "characters count, not bytes";
  EXPECT_THAT(problem(R"({})"), HasSubstr("body.parts"));
  EXPECT_THAT(problem(R"([])"), HasSubstr("must be object, but is array"));
  EXPECT_THAT(problem(R"({"parts":[{"name":"abcd"}]})"), HasSubstr("body.parts[0].name"));
  EXPECT_THAT(problem(R"({"parts":[{"name":"a","size":1.5}]})"), HasSubstr("must be integer"));
  EXPECT_THAT(problem(R"({"parts":[{"name":"a","size":10}]})"), HasSubstr("at most 9"));
  EXPECT_THAT(problem(R"({"parts":[{"name":"a","sise":1}]})"), HasSubstr("name, size"));
  EXPECT_THAT(problem(R"({"parts":[],"kind":"c"})"), HasSubstr("one of a, b"));
  EXPECT_THAT(problem(R"({"parts":[{"name":"a"},{"name":"a"},{"name":"a"}]})"), HasSubstr("more than 2"));
}

TEST(Request, JsonIsBoundedInDepth) {
  Request r;
  r.body = std::string(64, '[') + std::string(64, ']');
  EXPECT_NO_THROW(r.json());
  r.body = std::string(65, '[') + std::string(65, ']');
  EXPECT_THAT(problem_of([&] { r.json(); }), HasSubstr("deeper than 64"));
  r.body = R"({"a":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]"})";
  EXPECT_NO_THROW(r.json()) << "brackets in strings are no depth";
  r.body = "[1e999]";
  EXPECT_THAT(problem_of([&] { r.json(); }), HasSubstr("too large"));
}

TEST(RateLimiter, GrantsABurstAndThenItsRate) {
  RateLimiter limiter(10, 3);
  const auto start = RateLimiter::Clock::time_point{};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("a", start), 0);
  EXPECT_NEAR(limiter.take("a", start), 0.1, 1e-9);
  EXPECT_EQ(limiter.take("b", start), 0) << "each client has its own";
  EXPECT_EQ(limiter.take("a", start + std::chrono::milliseconds(101)), 0);
  EXPECT_GT(limiter.take("a", start + std::chrono::milliseconds(101)), 0);
  EXPECT_EQ(RateLimiter(0, 0).take("a", start), 0) << "no limit";
}

TEST(Csv, QuotesFlattensAndDefusesFormulas) {
  const base::Json items = {{{"id", "a"}, {"d", {{"title", "x,\"y\"\nz"}}}, {"n", -1.5}, {"list", {1, 2}}},
                            {{"id", "=1+1"}, {"n", nullptr}, {"new", true}}};
  EXPECT_EQ(csv_of(items),
            "id,d.title,n,list,new\r\n"
            "a,\"x,\"\"y\"\"\nz\",-1.5,\"[1,2]\",\r\n"
            "'=1+1,,,,true\r\n");
  EXPECT_EQ(csv_of(base::Json::array()), "");
}

TEST(Moments, AreReadInAnyZone) {
  EXPECT_EQ(parse_moment("2026-11-01", false, ""), "2026-11-01T00:00:00.000Z");
  EXPECT_EQ(parse_moment("2026-11-01", true, ""), "2026-11-01T23:59:59.999Z");
  EXPECT_EQ(parse_moment("2026-11-01T01:30:00+02:00", false, ""), "2026-10-31T23:30:00.000Z");
  EXPECT_EQ(parse_moment("2026-11-01T01:30:00.5Z", false, ""), "2026-11-01T01:30:00.500Z");
  for (const char* bad : {"", "2026", "2026-02-30", "2026-11-01T", "2026-11-01T25:00:00Z", "2026-11-01T10:00:00",
                          "yesterday", "2026-11-01T10:00:00+2"}) {
    EXPECT_THROW(parse_moment(bad, false, "x"), base::Error) << bad;
  }
}

TEST(Secrets, PasswordsMatchThemselvesOnly) {
  const std::string hash = hash_password("correct horse");
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_TRUE(password_matches("correct horse", hash));
  EXPECT_FALSE(password_matches("correct horsf", hash));
  EXPECT_THROW(hash_password("short"), base::Error);
  EXPECT_NE(random_token(), random_token());
  EXPECT_EQ(random_token().size(), 64u);
  // RFC 4231, test case 2.
  EXPECT_EQ(hmac_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Events, ComeBackToWhoMissedThem) {
  EventHub hub(2);
  const auto first = hub.listen({"alerts"}, 0);
  for (int i = 1; i <= 3; ++i) hub.publish(i == 2 ? "signals" : "alerts", "x", {{"n", i}});
  const std::string seen = first->take();
  EXPECT_THAT(seen, HasSubstr("id: 1\n"));
  EXPECT_THAT(seen, ::testing::Not(HasSubstr("id: 2\n")));
  EXPECT_THAT(seen, HasSubstr("id: 3\nevent: x\ndata: {\"n\":3}\n\n"));
  const std::string missed = hub.listen({}, 1)->take();
  EXPECT_THAT(missed, HasSubstr("id: 2\n"));
  EXPECT_THAT(missed, HasSubstr("id: 3\n"));
  EXPECT_EQ(event_text("e", "a\nb"), "event: e\ndata: a\ndata: b\n\n");
}

TEST(Events, AListenerThatDoesNotReadIsDropped) {
  EventHub hub;
  const auto slow = hub.listen({}, 0);
  EXPECT_EQ(hub.listeners(), 1u);
  const std::string big(100000, 'x');
  for (int i = 0; i < 5; ++i) hub.publish("alerts", "x", big);
  EXPECT_EQ(hub.listeners(), 0u);
  EXPECT_TRUE(slow->closed());
}

TEST(WorkLane, TurnsAwayWhatItCannotHoldAndFinishesWhatItTook) {
  std::mutex gate;
  int done = 0;
  WorkLane lane(1, 2);
  gate.lock();
  ASSERT_TRUE(lane.add([&] { const std::lock_guard wait(gate); }));
  while (lane.waiting() > 0) std::this_thread::yield();
  EXPECT_TRUE(lane.add([&] { ++done; }));
  EXPECT_TRUE(lane.add([&] { ++done; }));
  EXPECT_FALSE(lane.add([&] { ++done; }));
  gate.unlock();
  lane.stop();
  EXPECT_EQ(done, 2);
  EXPECT_FALSE(lane.add([] {}));
}

TEST(Problems, HideTheInside) {
  Request r;
  r.id = "r1", r.path = "/v1/x";
  const auto document = [&](auto thrown) {
    try {
      throw thrown;
    } catch (...) {
      return problem_response_of_current(r);
    }
  };
  const Response inside = document(base::Error(base::ErrorCode::internal, "secret path", "/root/x"));
  EXPECT_EQ(inside.status, 500);
  EXPECT_EQ(inside.content_type, "application/problem+json");
  EXPECT_THAT(inside.body, ::testing::Not(HasSubstr("secret")));
  EXPECT_EQ(document(std::runtime_error("x")).status, 500);
  const Response bad = document(base::Error(base::ErrorCode::bad_input, "is empty", "body.text", "send some"));
  EXPECT_EQ(bad.status, 400);
  const auto json = base::Json::parse(bad.body);
  EXPECT_EQ(json["where"], "body.text");
  EXPECT_EQ(json["request_id"], "r1");
  EXPECT_EQ(json["instance"], "/v1/x");
  EXPECT_EQ(document(base::Error(base::ErrorCode::not_found, "x")).status, 404);
  EXPECT_EQ(document(base::Error(base::ErrorCode::unsupported, "x")).status, 501);
}

}  // namespace
}  // namespace ballast::serve
