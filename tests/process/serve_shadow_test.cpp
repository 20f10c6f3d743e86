// SPDX-License-Identifier: Apache-2.0
// Champion and challenger on live traffic: the service answers with the one, keeps what the other says, and
// `ballast govern shadow` reads both.
#include <gmock/gmock.h>

#include <set>

#include "tests/process/program.h"

namespace ballast {
namespace {

using nlohmann::json;
using test::HttpClient;
using test::Service;

constexpr int kLoans = 300, kApplications = 40;

/// Income decides most; debt, which the challenger does not read, decides some.
json loan(int i) {
  const int income = 10 + i * 37 % 90, debt = i * 53 % 60;
  return {{"income", income}, {"debt", debt}, {"home", i % 3 != 0 ? "own" : "rent"}};
}
bool goes_bad(int i) {
  const json one = loan(i);
  return one["income"].get<int>() - one["debt"].get<int>() + i * 29 % 97 < 70;
}

TEST(ServeShadow, BothAnswersAreKeptAndCompared) {
  const test::ScratchFolder folder;
  const auto file = [&](const std::string& name) { return (folder / name).string(); };
  int commands = 0;
  const auto run = [&](const std::vector<std::string>& arguments) {
    const std::string out = file(std::to_string(++commands) + ".out");
    EXPECT_EQ(test::run_program(arguments, out, file("commands.err")), 0) << arguments[0] << arguments[1];
    std::ifstream in(out);
    std::string line;
    std::getline(in, line);
    return line;
  };
  {
    std::ofstream out(folder / "loans.csv");
    out << "income,debt,home,outcome\n";
    for (int i = 0; i < kLoans; ++i) {
      const json one = loan(i);
      out << one["income"] << ',' << one["debt"] << ',' << one["home"].get<std::string>() << ','
          << (goes_bad(i) ? "bad" : "good") << '\n';
    }
    std::ofstream(folder / "policy.toml") << "[verdict]\napprove_pd = 0.3\ndecline_pd = 0.6\n[amount]\ndefault = 5000\n"
                                             "[price]\nmax_rate = 0.9\n";
  }
  const std::vector<std::string> train = {"credit",  "train", "--data", file("loans.csv"), "--label",
                                          "outcome", "--bad", "bad",    "--quiet"};
  auto champion = train, challenger = train;
  champion.insert(champion.end(), {"--output", file("champion")});
  challenger.insert(challenger.end(), {"--output", file("challenger"), "--drop", "debt"});
  run(champion);
  run(challenger);

  Service service(folder, {"--risk-model", "none", "--quiet", "--credit", file("champion"), "--policy",
                           file("policy.toml"), "--shadow", file("challenger")});
  service.start();
  HttpClient client(service.port());
  std::ofstream outcomes(folder / "outcomes.csv");
  outcomes << "id,outcome\n";
  std::set<std::string> decided;
  for (int i = 0; i < kApplications; ++i) {
    const std::string id = "A-" + std::to_string(i);
    const json body = {{"id", id}, {"application", loan(kLoans + i)}};
    const auto answer = client.post("/v1/credit/applications", body.dump());
    ASSERT_EQ(answer.status, 201) << answer.body;
    decided.insert(answer.json()["decision_id"]);
    outcomes << id << ',' << (goes_bad(kLoans + i) ? "bad" : "good") << '\n';
  }
  outcomes.close();
  std::vector<store::DecisionRecord> shadows;
  for (int i = 0; i < 1000 && shadows.size() < kApplications; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    shadows = service.store().decisions("shadow", 1000);
  }
  ASSERT_EQ(shadows.size(), static_cast<std::size_t>(kApplications));
  for (const auto& shadow : shadows) {
    EXPECT_EQ(decided.erase(shadow.subject), 1u);
    EXPECT_THAT(shadow.model, ::testing::EndsWith("/challenger"));
    EXPECT_THAT(service.store().find_decision(shadow.subject)->model, ::testing::EndsWith("/champion"));
  }
  EXPECT_EQ(service.stop(), 0);

  const std::string made_up =
      run({"govern", "shadow", "run", "--challenger", file("challenger"), "--store", service.url(), "--json"});
  EXPECT_EQ(json::parse(made_up)["shadowed"], 0) << "the service left none unanswered";
  const json report =
      json::parse(run({"govern", "shadow", "report", "--challenger", file("challenger"), "--data", file("outcomes.csv"),
                       "--label", "outcome", "--positive", "bad", "--store", service.url(), "--json"}));
  EXPECT_EQ(report["comparison"]["rows"], kApplications);
  const json same = json::parse(run({"replay", "--all", "--kind", "shadow", "--store", service.url(), "--json"}));
  EXPECT_EQ(same["kinds"]["shadow"]["identical"], kApplications);
}

}  // namespace
}  // namespace ballast
