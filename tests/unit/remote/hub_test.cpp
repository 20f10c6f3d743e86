// SPDX-License-Identifier: Apache-2.0
// A model from a hub, against a server on loopback that speaks its paths and misbehaves on demand: cut connections,
// damaged bytes, no ranges, redirections, refusals, nonsense.
#include "ballast/remote/hub.h"

#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "ballast/base/hash.h"
#include "ballast/base/json.h"
#include "ballast/remote/hub/listing.h"
#include "tests/support/loopback_server.h"
#include "tests/support/scratch.h"

namespace ballast::remote {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using testing::HasSubstr;

const std::string kCommit = "0123456789abcdef0123456789abcdef01234567";

TEST(GitBlobHash, AsGitHasIt) {
  EXPECT_EQ(git_blob_hash(""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(git_blob_hash("hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST(Patterns, StarsAndQuestionMarks) {
  EXPECT_TRUE(matches_pattern("model-q4_0.gguf", "*q4_?.gguf"));
  EXPECT_TRUE(matches_pattern("a/b.json", "*.json"));
  EXPECT_FALSE(matches_pattern("model.gguf", "*.json"));
  EXPECT_TRUE(matches_pattern("", "*"));
  EXPECT_FALSE(matches_pattern("a", ""));
}

class Hub : public testing::Test {
 protected:
  Hub() {
    weights_.resize(300000);
    for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] = static_cast<char>(i * 2654435761u >> 13);
    config_ = "{\"model_type\": \"llama\"}";
    options_.id = "owner/model";
    options_.hub = server_.url();
    options_.cache = scratch_ / "cache";
    options_.first_pause = 0.01;
    options_.idle_seconds = 5;
  }

  Json listing() const {
    return Json::array(
        {{{"type", "directory"}, {"path", "onnx"}, {"oid", "x"}},
         {{"type", "file"}, {"path", "config.json"}, {"size", config_.size()}, {"oid", git_blob_hash(config_)}},
         {{"type", "file"},
          {"path", "model.safetensors"},
          {"size", weights_.size()},
          {"oid", std::string(40, 'a')},
          {"lfs", {{"oid", base::sha256_hex(weights_)}, {"size", weights_.size()}}}},
         {{"type", "file"}, {"path", "pytorch_model.bin"}, {"size", 9}, {"oid", std::string(40, 'b')}}});
  }

  /// The good hub; a test's own rules come first.
  test::LoopbackAnswer serve(const test::LoopbackRequest& request) {
    requests_.push_back(request.target + (request.headers.contains("range") ? " " + request.headers.at("range") : ""));
    if (rule_) {
      if (auto answer = rule_(request)) return *answer;
    }
    if (request.target == "/api/models/owner/model/revision/main") {
      return {200, Json{{"id", "owner/model"}, {"sha", kCommit}}.dump()};
    }
    if (request.target == "/api/models/owner/model/tree/" + kCommit + "?recursive=true") return {200, listing().dump()};
    if (request.target == "/owner/model/resolve/" + kCommit + "/config.json") return {200, config_};
    if (request.target == "/owner/model/resolve/" + kCommit + "/model.safetensors") return part_of(weights_, request);
    return {404, "{}"};
  }
  static test::LoopbackAnswer part_of(const std::string& all, const test::LoopbackRequest& request) {
    const auto range = request.headers.find("range");
    if (range == request.headers.end()) return {200, all};
    const std::size_t from = std::stoul(range->second.substr(6));
    if (from >= all.size()) return {416, ""};
    test::LoopbackAnswer answer{206, all.substr(from)};
    answer.headers["Content-Range"] =
        "bytes " + std::to_string(from) + "-" + std::to_string(all.size() - 1) + "/" + std::to_string(all.size());
    return answer;
  }
  std::string refusal() const {
    try {
      pull(options_);
    } catch (const Error& e) {
      std::string message = e.what();
      const auto at = message.find(options_.hub);
      if (!options_.hub.empty() && at != std::string::npos) message.replace(at, options_.hub.size(), "HUB");
      return message;
    }
    return "no error";
  }
  bool is_weights(const test::LoopbackRequest& r) const { return r.target.ends_with("model.safetensors"); }

  test::ScratchFolder scratch_;
  std::string weights_, config_;
  std::vector<std::string> requests_;
  std::function<std::optional<test::LoopbackAnswer>(const test::LoopbackRequest&)> rule_;
  test::LoopbackServer server_{[this](const test::LoopbackRequest& r) { return serve(r); }};
  PullOptions options_;
};

TEST_F(Hub, FetchesWhatAModelNeedsOnce) {
  const Pulled pulled = pull(options_);
  EXPECT_EQ(pulled.commit, kCommit);
  ASSERT_EQ(pulled.files.size(), 2u);  // no pickle, no folder
  EXPECT_EQ(base::read_file(pulled.folder / "model.safetensors"), weights_);
  EXPECT_EQ(base::read_file(pulled.folder / "config.json"), config_);
  EXPECT_EQ(pulled.files[1].fetched, static_cast<std::int64_t>(weights_.size()));
  const std::size_t before = requests_.size();
  const Pulled again = pull(options_);
  EXPECT_EQ(again.files[1].fetched, 0);
  EXPECT_EQ(requests_.size(), before + 2);  // commit and listing
  // Without a network, by branch and by commit.
  options_.hub.clear();
  options_.offline = true;
  EXPECT_EQ(pull(options_).folder, pulled.folder);
  options_.revision = kCommit;
  EXPECT_EQ(pull(options_).folder, pulled.folder);
  base::write_file_atomic(pulled.folder / "config.json", "{}");
  EXPECT_THAT(refusal(), HasSubstr("config.json: is missing or damaged in the cache"));
}

TEST_F(Hub, GoesOnWhereAConnectionWasCut) {
  int cuts = 0;
  rule_ = [&](const test::LoopbackRequest& r) -> std::optional<test::LoopbackAnswer> {
    if (!is_weights(r) || ++cuts > 4) return std::nullopt;
    test::LoopbackAnswer answer = part_of(weights_, r);
    answer.cut_after = 50000;
    return answer;
  };
  const Pulled pulled = pull(options_);
  EXPECT_EQ(base::read_file(pulled.folder / "model.safetensors"), weights_);
  EXPECT_EQ(pulled.files[1].fetched, static_cast<std::int64_t>(weights_.size()));  // nothing came twice
  EXPECT_THAT(requests_, testing::Contains("/owner/model/resolve/" + kCommit + "/model.safetensors bytes=200000-"));
}

TEST_F(Hub, GoesOnInTheNextRun) {
  rule_ = [&](const test::LoopbackRequest& r) -> std::optional<test::LoopbackAnswer> {
    if (!is_weights(r)) return std::nullopt;
    if (r.headers.contains("range")) return test::LoopbackAnswer{503, ""};
    test::LoopbackAnswer answer{200, weights_};
    answer.cut_after = 120000;
    return answer;
  };
  options_.attempts = 2;
  EXPECT_THAT(refusal(), HasSubstr("no file \"model.safetensors\": the hub answers 503"));
  rule_ = nullptr;
  const Pulled pulled = pull(options_);
  EXPECT_EQ(base::read_file(pulled.folder / "model.safetensors"), weights_);
  EXPECT_EQ(pulled.files[1].fetched, static_cast<std::int64_t>(weights_.size()) - 120000);
}

TEST_F(Hub, BeginsAgainWhereTheHubKnowsNoRanges) {
  int calls = 0;
  rule_ = [&](const test::LoopbackRequest& r) -> std::optional<test::LoopbackAnswer> {
    if (!is_weights(r)) return std::nullopt;
    test::LoopbackAnswer answer{200, weights_};
    if (++calls == 1) answer.cut_after = 1000;
    return answer;
  };
  EXPECT_EQ(base::read_file(pull(options_).folder / "model.safetensors"), weights_);
}

TEST_F(Hub, AWrongChecksumIsAskedForOnceMoreAndThenRefused) {
  std::string wrong = weights_;
  wrong[77] ^= 1;
  int calls = 0;
  rule_ = [&](const test::LoopbackRequest& r) -> std::optional<test::LoopbackAnswer> {
    if (!is_weights(r)) return std::nullopt;
    return ++calls == 1 ? test::LoopbackAnswer{200, wrong} : part_of(weights_, r);
  };
  EXPECT_EQ(base::read_file(pull(options_).folder / "model.safetensors"), weights_);
  std::filesystem::remove_all(options_.cache);
  rule_ = [&](const test::LoopbackRequest& r) -> std::optional<test::LoopbackAnswer> {
    return is_weights(r) ? std::optional(part_of(wrong, r)) : std::nullopt;
  };
  EXPECT_THAT(refusal(), HasSubstr("\"model.safetensors\" arrived twice with another checksum than the hub lists"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.cache)) {
    EXPECT_NE(entry.path().filename(), "model.safetensors");
    EXPECT_NE(entry.path().filename(), ".ballast-pull.json");
  }
}

TEST_F(Hub, MoreBytesThanListedAreRefused) {
  rule_ = [&](const test::LoopbackRequest& r) -> std::optional<test::LoopbackAnswer> {
    return is_weights(r) ? std::optional(test::LoopbackAnswer{200, weights_ + "x"}) : std::nullopt;
  };
  EXPECT_THAT(refusal(), HasSubstr("is longer than the hub lists (300000)"));
}

TEST_F(Hub, FollowsARedirectionAndKeepsTheTokenAtHome) {
  std::map<std::string, std::string> elsewhere;
  test::LoopbackServer other([&](const test::LoopbackRequest& r) {
    elsewhere = r.headers;
    return part_of(weights_, r);
  });
  bool authorised = true;
  rule_ = [&](const test::LoopbackRequest& r) -> std::optional<test::LoopbackAnswer> {
    authorised &= r.headers.contains("authorization") && r.headers.at("authorization") == "Bearer secret";
    if (!is_weights(r)) return std::nullopt;
    test::LoopbackAnswer answer{302, ""};
    answer.headers["Location"] = "http://localhost:" + std::to_string(other.port()) + "/blob";
    return answer;
  };
  options_.token = "secret";
  EXPECT_EQ(base::read_file(pull(options_).folder / "model.safetensors"), weights_);
  EXPECT_TRUE(authorised);
  EXPECT_FALSE(elsewhere.contains("authorization"));
}

TEST_F(Hub, GoesThroughAProxy) {
  // A proxy is asked for whole addresses; the hub itself has a name that no machine has.
  test::LoopbackServer proxy([&](const test::LoopbackRequest& r) {
    test::LoopbackRequest inner = r;
    const std::string there = "http://hub.invalid";
    EXPECT_TRUE(r.target.starts_with(there)) << r.target;
    inner.target = r.target.substr(std::min(r.target.size(), there.size()));
    return serve(inner);
  });
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  options_.hub = "http://hub.invalid";
  const Pulled pulled = pull(options_);
  ::unsetenv("http_proxy");
  EXPECT_EQ(base::read_file(pulled.folder / "model.safetensors"), weights_);
}

TEST_F(Hub, SaysWhatIsWrong) {
  options_.revision = "v9";
  EXPECT_EQ(refusal(), "HUB/api/models/owner/model/revision/v9: the hub has no owner/model of revision \"v9\"");
  options_.revision = "main";
  rule_ = [](const test::LoopbackRequest&) { return test::LoopbackAnswer{401, ""}; };
  EXPECT_THAT(refusal(), HasSubstr("the hub refuses answer about the model (401) (set BALLAST_HUB_TOKEN"));
  const auto about_commit = [&](const std::string& body) {
    rule_ = [body](const test::LoopbackRequest&) { return test::LoopbackAnswer{200, body}; };
    return refusal();
  };
  EXPECT_THAT(about_commit("<html>"), HasSubstr("not valid JSON"));
  EXPECT_THAT(about_commit("{\"sha\": \"../../etc\"}"), HasSubstr("\"../../etc\" is no commit"));
  const auto about_tree = [&](const Json& tree) {
    rule_ = [tree](const test::LoopbackRequest& r) -> std::optional<test::LoopbackAnswer> {
      return r.target.find("/tree/") != std::string::npos ? std::optional(test::LoopbackAnswer{200, tree.dump()})
                                                          : std::nullopt;
    };
    return refusal();
  };
  Json evil = listing();
  for (const char* path : {"../x.json", "/etc/x.json", "a//x.json", "a\\x.json", "./x.json", ""}) {
    evil[1]["path"] = path;
    EXPECT_THAT(about_tree(evil), HasSubstr("leaves the model's folder")) << path;
  }
  evil = listing();
  evil[2]["lfs"]["oid"] = "abc";
  EXPECT_THAT(about_tree(evil), HasSubstr("\"model.safetensors\" has no checksum, but \"abc\""));
  evil = listing();
  evil.erase(2);
  EXPECT_THAT(about_tree(evil), HasSubstr("the weights are pickle files only"));
  rule_ = nullptr;
  options_.only = {"*.gguf"};
  EXPECT_THAT(refusal(), HasSubstr("no file of the model has such a name"));
  options_.only.clear();
  options_.id = "../x";
  EXPECT_THAT(refusal(), HasSubstr("\"../x\" is no model's name"));
  options_.id = "owner/model";
  options_.hub = "";
  EXPECT_EQ(refusal(),
            "--hub: no hub is set (set BALLAST_HUB to the base address of a Hugging Face-compatible hub, or give "
            "--hub URL)");
  options_.hub = "http://hub.example";
  options_.token = "secret";
  EXPECT_THAT(refusal(), HasSubstr("the token would cross the network in clear"));
  options_.hub = "ftp://hub.example";
  EXPECT_THAT(refusal(), HasSubstr("is no address"));
  options_.offline = true;
  EXPECT_THAT(refusal(), HasSubstr("is not in the cache (pull it once without --offline)"));
}

TEST_F(Hub, AHubThatDoesNotAnswerIsANetworkError) {
  options_.hub = "http://127.0.0.1:9";  // discard: nobody listens
  options_.attempts = 2;
  try {
    pull(options_);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::network);
  }
}

}  // namespace
}  // namespace ballast::remote
