// SPDX-License-Identifier: Apache-2.0
// A full run with planted people in it: training, cards, decisions, conversations, and a service that is asked good and
// bad questions about them. Afterwards every file that the run left is searched for them, byte by byte.
#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>

#include "tests/process/program.h"

namespace ballast {
namespace {

using nlohmann::json;
using test::HttpClient;
using test::Service;

/// Whom a customer, an application or a training text is about: what is masked before anything keeps it.
const std::vector<std::string> kPeople = {"Quistgaard",
                                          "wilhelmina.q@example.org",
                                          "07700 900123",
                                          "07700900123",
                                          "5500005555555559",
                                          "5500 0055 5555 5559",
                                          "GB82WEST12345698765432",
                                          "GB82 WEST 1234 5698 7654 32",
                                          "11010519491231002X",
                                          "欧阳清扬",
                                          "13800138000",
                                          "苏E05EV8"};
/// Whom a stored document names. The store keeps documents as they came; nothing else may know them.
const std::vector<std::string> kInDocuments = {"Tobermory", "tobermory.k@example.org", "07700900456"};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// "file: word" for every file below the folder that holds one of the words, in any case; how many were read.
std::pair<std::vector<std::string>, int> search_below(const std::filesystem::path& folder,
                                                      const std::vector<std::string>& words) {
  std::vector<std::string> found;
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const std::string bytes = lower(bytes_of(entry.path()));
    for (const std::string& word : words) {
      if (bytes.find(lower(word)) != std::string::npos) found.push_back(entry.path().filename().string() + ": " + word);
    }
  }
  return {found, files};
}

void write_texts(const std::filesystem::path& file) {
  std::ofstream out(file);
  for (int i = 0; i < 60; ++i) {
    const bool bad = i % 2 == 0;
    out << json{{"text", std::string(bad ? "The loan of Mrs Wilhelmina Quistgaard went into default, call 07700 900123"
                                         : "欧阳清扬先生的债券按时还款，电话13800138000，车牌苏E05EV8") +
                             ", file " + std::to_string(i)},
                {"label", bad ? "bad" : "good"}}
        << '\n';
  }
  out << "{\"text\": \"Mrs Wilhelmina Quistgaard\n";  // a broken row: it is said where, not what
}

void write_loans(const std::filesystem::path& file) {
  std::ofstream out(file);
  out << "name,phone,income,home,outcome\n";
  for (int i = 0; i < 300; ++i) {
    const int income = 10 + i * 37 % 90;
    out << "Wilhelmina Quistgaard,07700 900123," << income << ',' << (i % 3 ? "own" : "rent") << ','
        << ((income + i * 53 % 60) < 70 ? "bad" : "good") << '\n';
  }
}

class FullRun : public ::testing::Test {
 protected:
  /// In the folder that is searched: what it prints and what it says are searched too.
  void run(std::vector<std::string> arguments, int code = 0) {
    const std::string name = arguments.front() + "-" + std::to_string(++commands_);
    EXPECT_EQ(test::run_program(arguments, run_ / (name + ".out"), run_ / (name + ".err")), code)
        << name << ": " << bytes_of(run_ / (name + ".err"));
  }
  std::string in(const std::string& name) const { return (raw_ / name).string(); }
  std::string at(const std::string& name) const { return (run_ / name).string(); }

  void train() {
    write_texts(raw_ / "texts.jsonl");
    write_loans(raw_ / "loans.csv");
    std::ofstream(raw_ / "arch.json")
        << R"({"model_type":"bert","architectures":["BertModel"],"vocab_size":320,"hidden_size":16,"num_hidden_layers":1,)"
           R"("num_attention_heads":2,"intermediate_size":32,"max_position_embeddings":48,"type_vocab_size":2})";
    std::ofstream(raw_ / "policy.toml") << "[verdict]\napprove_pd = 0.3\ndecline_pd = 0.6\n[amount]\ndefault = 5000\n"
                                           "[price]\nmax_rate = 0.9\n";
    run({"tokenizer", "train", "--vocab-size", "320", "--kind", "encoder", "--mask-personal-data", "--output",
         at("tokenizer"), in("texts.jsonl")});
    run({"train", "--task", "classify", "--arch", in("arch.json"), "--tokenizer", at("tokenizer"), "--data",
         in("texts.jsonl"), "--output", at("texts"), "--folds", "2", "--epochs", "1", "--mask-personal-data",
         "--json"});
    for (const char* name : {"loans", "loans-next"}) {
      run({"credit", "train", "--data", in("loans.csv"), "--label", "outcome", "--bad", "bad", "--drop", "name",
           "phone", "--output", at(name), "--seed", std::string(name) == "loans" ? "1" : "2"});
    }
    for (const char* name : {"texts", "loans"}) {
      run({"govern", "card", at(name), "--output", at(std::string(name) + "-card"), "--no-pdf", "--store", store()});
    }
  }
  std::string store() const { return "sqlite:" + at("desk.db"); }

  void scan() {
    // Its results quote the texts, as they should; what it says beside them, of the broken row too, must not.
    EXPECT_EQ(test::run_program({"scan", in("texts.jsonl"), "--store", "sqlite:" + in("documents.db")},
                                raw_ / "scan.out", run_ / "scan-raw.err"),
              0);
    test::run_program({"mask", in("texts.jsonl")}, run_ / "masked.txt", run_ / "mask.err");
    run({"scan", at("masked.txt"), "--store", store(), "--json"});
    run({"assist", "--question", "I am Wilhelmina Quistgaard, card 5500 0055 5555 5559, why was I charged a fee?",
         "--question", "我叫欧阳清扬，身份证11010519491231002X，信用卡年费是多少？", "--store", store(), "--json"});
  }

  test::ScratchFolder folder_;
  std::filesystem::path raw_ = folder_ / "raw", run_ = folder_ / "run";
  int commands_ = 0;
  void SetUp() override {
    std::filesystem::create_directories(raw_);
    std::filesystem::create_directories(run_);
  }
};

json chat(HttpClient& client, const std::string& message) {
  const auto answer = client.post("/v1/assist/chat", json{{"message", message}}.dump());
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.json();
}

void ask_good_questions(HttpClient& client) {
  const json said = chat(client,
                         "My name is Wilhelmina Quistgaard, card 5500 0055 5555 5559, IBAN GB82 WEST 1234 5698 7654 32,"
                         " write to wilhelmina.q@example.org: what is the annual fee?");
  chat(client, "我叫欧阳清扬，身份证11010519491231002X，电话13800138000，要投诉，请转人工");
  EXPECT_EQ(client.get("/v1/assist/conversations/" + said["conversation"].get<std::string>()).status, 200);
  const json application = {
      {"name", "Wilhelmina Quistgaard"}, {"phone", "07700 900123"}, {"income", 80}, {"home", "own"}};
  const auto decided = client.post("/v1/credit/applications", json{{"id", "A-1"}, {"application", application}}.dump());
  ASSERT_EQ(decided.status, 201) << decided.body;
  EXPECT_EQ(
      client
          .post("/v1/documents?scan=true",
                R"({"text":"Mrs Kirsten Tobermory, tobermory.k@example.org, 07700900456, defaulted on her loan."})")
          .status,
      201);
  client.get("/v1/documents?q=Tobermory");
  client.get("/v1/entities/Kirsten%20Tobermory");
}

/// Everything that makes a service complain, with somebody's data in it.
void ask_bad_questions(HttpClient& client) {
  const json application = {{"income", "Wilhelmina Quistgaard"}, {"home", "own"}};
  EXPECT_EQ(client.post("/v1/credit/applications", json{{"application", application}}.dump()).status, 422);
  EXPECT_EQ(client.get("/v1/Quistgaard/07700900123").status, 404);
  EXPECT_EQ(client.get("/v1/documents?quistgaard=07700900123").status, 400);
  EXPECT_EQ(client.get("/v1/documents/wilhelmina.q@example.org").status, 404);
  EXPECT_EQ(client.post("/v1/assist/chat", R"({"message":"Wilhelmina Quistgaard)").status, 400);
  EXPECT_EQ(client.post("/v1/assist/chat", R"({"mesage":"Wilhelmina Quistgaard"})").status, 400);
  EXPECT_EQ(
      client.post("/v1/session", R"({"user":"Wilhelmina Quistgaard","password":"GB82WEST12345698765432"})").status,
      401);
  EXPECT_EQ(client.ask("DELETE", "/v1/documents/Quistgaard").status, 405);
  client.post("/v1/operations/losses", R"({"losses":[{"id":"Quistgaard","date":"07700900123"}]})");
  client.sent_headers["Authorization"] = "Bearer Quistgaard";
  client.get("/v1/documents");
  client.sent_headers.clear();
  client.sent_headers["X-Name"] = "Quistgaard";
  client.get("/healthz");
}

TEST_F(FullRun, LeavesNobodysDataBehind) {
  train();
  scan();
  {
    Service service(folder_, {"--log", at("serve.log"), "--credit", at("loans"), "--policy", in("policy.toml"),
                              "--shadow", at("loans-next")});
    service.start();
    HttpClient client(service.port(), 60);
    ask_good_questions(client);
    ask_bad_questions(client);
    std::ofstream(run_ / "metrics.txt") << HttpClient(service.port()).get("/metrics").body;
    EXPECT_EQ(service.stop(), 0);
    EXPECT_EQ(service.store().decisions("answer", 10).size(), 2u) << "else the search below shows nothing";
    EXPECT_EQ(service.store().decisions("credit", 10).size(), 1u);
  }
  std::filesystem::copy(folder_ / "serve.err", run_ / "serve.err");
  EXPECT_GT(std::filesystem::file_size(run_ / "serve.log"), 1000u);

  const auto [left, files] = search_below(run_, kPeople);
  EXPECT_THAT(left, ::testing::IsEmpty());
  EXPECT_GT(files, 25) << "models, cards, a store, reports, logs";
  // The service's store is searched for those whom it was asked about, and knows those of its documents.
  std::filesystem::create_directories(folder_ / "kept");
  for (const char* name : {"store.db", "store.db-wal"}) {
    if (std::filesystem::exists(folder_ / name)) std::filesystem::rename(folder_ / name, folder_ / "kept" / name);
  }
  EXPECT_THAT(search_below(folder_ / "kept", kPeople).first, ::testing::IsEmpty());
  EXPECT_THAT(search_below(folder_ / "kept", kInDocuments).first, ::testing::Not(::testing::IsEmpty()));
  EXPECT_THAT(search_below(run_, kInDocuments).first, ::testing::IsEmpty());
  // And the search finds what is there.
  EXPECT_GT(search_below(raw_, kPeople).first.size(), 6u);
}

}  // namespace
}  // namespace ballast
