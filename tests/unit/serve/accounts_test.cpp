// SPDX-License-Identifier: Apache-2.0
// Who may do what: keys, people, sessions, and two pairs of eyes.
#include "ballast/serve/accounts.h"

#include <gmock/gmock.h>

#include "ballast/decide/decision.h"
#include "tests/unit/serve/running_server.h"

namespace ballast::serve {
namespace {

using nlohmann::json;
using test::HttpClient;

std::string cookie_of(const test::Answer& answer) {
  const std::string& cookie = answer.headers.at("set-cookie");
  return cookie.substr(0, cookie.find(';'));
}

/// A person who has logged in.
struct Person {
  Person(unsigned short port, const std::string& name) : client(port) {
    const auto answer = client.post("/v1/session", json({{"user", name}, {"password", "a long password"}}).dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    client.sent_headers["Cookie"] = cookie_of(answer);
    client.sent_headers["X-CSRF-Token"] = answer.json()["csrf"];
  }
  HttpClient client;
};

TEST(Accounts, TheFirstKeyEndsTheOpenDoor) {
  RunningServer running;
  HttpClient client(running.port());
  EXPECT_EQ(client.get("/v1/documents").status, 200);
  store::Store store = running.store();
  const NewKey viewer = add_key(store, "dashboard", "viewer");
  EXPECT_EQ(client.get("/v1/documents").status, 401);
  EXPECT_EQ(client.get("/v1/session").json()["mode"], "none");
  EXPECT_EQ(client.get("/healthz").status, 200);
  client.sent_headers["Authorization"] = "Bearer " + viewer.text;
  EXPECT_EQ(client.get("/v1/documents").status, 200);
  EXPECT_EQ(client.post("/v1/documents", R"({"text":"a"})").status, 403);
  EXPECT_EQ(client.get("/v1/keys").status, 403);
  client.sent_headers["Authorization"] = "Bearer " + viewer.text.substr(0, viewer.text.size() - 1) + "x";
  EXPECT_EQ(client.get("/v1/documents").status, 401);
  client.sent_headers["Authorization"] = "Bearer " + add_key(store, "root", "admin").text;
  EXPECT_EQ(client.ask("DELETE", "/v1/keys/" + viewer.id).status, 204);
  client.sent_headers["Authorization"] = "Bearer " + viewer.text;
  EXPECT_EQ(client.get("/v1/documents").status, 401) << "revoked";
  for (const char* bad : {"Basic YTpi", "Bearer ", "Bearer bk_", "Bearer bk__", "Bearer nonsense"}) {
    client.sent_headers["Authorization"] = bad;
    EXPECT_EQ(client.get("/v1/documents").status, 401) << bad;
  }
}

TEST(Accounts, SessionsNeedTheirTokenToChangeThings) {
  RunningServer running;
  store::Store store = running.store();
  add_user(store, "ann", "analyst", "a long password");
  Person ann(running.port(), "ann");
  EXPECT_EQ(ann.client.post("/v1/documents", R"({"text":"a"})").status, 201);
  EXPECT_EQ(ann.client.get("/v1/session").json()["user"], "ann");
  const std::string token = ann.client.sent_headers["X-CSRF-Token"];
  ann.client.sent_headers["X-CSRF-Token"] = "wrong";
  EXPECT_EQ(ann.client.post("/v1/documents", R"({"text":"b"})").status, 403);
  EXPECT_EQ(ann.client.get("/v1/documents").status, 200) << "reading needs none";
  ann.client.sent_headers["X-CSRF-Token"] = token;
  EXPECT_EQ(ann.client.ask("DELETE", "/v1/session").status, 204);
  EXPECT_EQ(ann.client.get("/v1/documents").status, 401);
  Person again(running.port(), "ann");
  set_password(store, "ann", "another long one");
  EXPECT_EQ(again.client.get("/v1/documents").status, 401) << "a new password ends the sessions";
}

TEST(Accounts, WrongPasswordsAreCounted) {
  RunningServer running;
  store::Store store = running.store();
  add_user(store, "ann", "viewer", "a long password");
  HttpClient client(running.port());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client.post("/v1/session", R"({"user":"ann","password":"a wrong password"})").status, 401);
  }
  EXPECT_EQ(client.post("/v1/session", R"({"user":"ann","password":"a long password"})").status, 429);
  EXPECT_EQ(client.post("/v1/session", R"({"user":"bob","password":"a long password"})").status, 401);
}

TEST(Accounts, AnAdministratorManagesPeople) {
  RunningServer running;
  store::Store store = running.store();
  add_user(store, "root", "admin", "a long password");
  Person root(running.port(), "root");
  const auto made = root.client.post("/v1/users", R"({"name":"bo","role":"officer","password":"a long password"})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_FALSE(made.json().contains("password_hash"));
  EXPECT_EQ(root.client.post("/v1/users", R"({"name":"bo","role":"officer","password":"a long password"})").status,
            400);
  EXPECT_EQ(root.client.post("/v1/users", R"({"name":"c d","role":"viewer","password":"a long password"})").status,
            400);
  EXPECT_EQ(root.client.post("/v1/users", R"({"name":"cd","role":"king","password":"a long password"})").status, 400);
  Person bo(running.port(), "bo");
  EXPECT_EQ(root.client.ask("PATCH", "/v1/users/bo", R"({"disabled":true})").json()["disabled"], true);
  EXPECT_EQ(bo.client.get("/v1/documents").status, 401);
  EXPECT_EQ(root.client.get("/v1/users").json()["items"].size(), 2u);
  EXPECT_EQ(root.client.ask("DELETE", "/v1/users/bo").status, 204);
  EXPECT_EQ(root.client.ask("DELETE", "/v1/users/bo").status, 404);
}

TEST(Accounts, AnOverrideNeedsASecondPerson) {
  RunningServer running;
  store::Store store = running.store();
  decide::Decision decision;
  decision.kind = "credit", decision.subject = "A-1", decision.inputs = {{"x", 1}};
  decision.outcome = {{"outcome", "decline"}};
  decide::keep(store, std::span(&decision, 1));
  for (const char* name : {"ann", "bo"}) add_user(store, name, "officer", "a long password");
  add_user(store, "kim", "analyst", "a long password");
  add_user(store, "eve", "auditor", "a long password");
  Person ann(running.port(), "ann"), bo(running.port(), "bo"), kim(running.port(), "kim"), eve(running.port(), "eve");
  const std::string path = "/v1/decisions/" + decision.id;
  const std::string body = R"({"outcome":"approve","reason":"the guarantor signed"})";
  EXPECT_EQ(kim.client.post(path + "/overrides", body).status, 403);
  EXPECT_EQ(eve.client.post(path + "/overrides", body).status, 403);
  const json proposed = ann.client.post(path + "/overrides", body).json();
  const std::string approve = "/v1/overrides/" + proposed["id"].get<std::string>() + "/approve";
  EXPECT_EQ(ann.client.post(approve, "{}").status, 403) << "not the one who proposed it";
  EXPECT_EQ(bo.client.post(path + "/overrides", body).status, 409) << "one at a time";
  EXPECT_EQ(bo.client.post(approve, "{}").json()["status"], "approved");
  EXPECT_EQ(bo.client.post(approve, "{}").status, 409);
  const json seen = eve.client.get(path).json();
  EXPECT_EQ(seen["override"]["decided_by"], "bo");
  EXPECT_EQ(seen["outcome"]["outcome"], "decline") << "the decision itself stays as it was";
  EXPECT_EQ(eve.client.get("/v1/decisions?outcome=decline").json()["items"].size(), 1u);
  EXPECT_EQ(eve.client.get("/v1/decisions?outcome=approve").json()["items"].size(), 0u);
}

TEST(Accounts, TheTrailSaysWhoDidWhatAndIsVerified) {
  RunningServer running;
  store::Store store = running.store();
  for (const auto& [name, role] : {std::pair("ann", "analyst"), std::pair("eve", "auditor")}) {
    add_user(store, name, role, "a long password");
  }
  Person ann(running.port(), "ann"), eve(running.port(), "eve");
  EXPECT_EQ(ann.client.post("/v1/documents", R"({"id":"d1","text":"a"})").status, 201);
  EXPECT_EQ(ann.client.get("/v1/audit").status, 403) << "the trail is the auditor's";
  const json trail = eve.client.get("/v1/audit?limit=2").json();
  ASSERT_EQ(trail["items"].size(), 2u) << trail;
  EXPECT_GT(trail["items"][0]["sequence"], trail["items"][1]["sequence"]);
  const json next = eve.client.get("/v1/audit?limit=2&cursor=" + trail["next"].get<std::string>()).json();
  EXPECT_LT(next["items"][0]["sequence"], trail["items"][1]["sequence"]);
  EXPECT_EQ(eve.client.get("/v1/audit?cursor=x").status, 400);
  EXPECT_EQ(eve.client.get("/v1/audit?actor=nobody").json()["items"].size(), 0u);
  const json users = eve.client.get("/v1/audit?kind=user.add&format=json").json();
  EXPECT_EQ(users["items"].size(), 2u);
  const json report = eve.client.post("/v1/audit/verify", "").json();
  EXPECT_EQ(report["intact"], true) << report;
  EXPECT_EQ(report["head"], eve.client.get("/v1/audit?limit=1").json()["items"][0]["hash"]);
}

}  // namespace
}  // namespace ballast::serve
