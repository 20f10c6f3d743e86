// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/ingest/record.h"
#include "ballast/risk/operations_templates.h"
#include "tests/support/shared.h"

namespace ballast::risk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::int64_t> mine(TemplateMiner& miner, const std::vector<std::string>& lines) {
  std::vector<std::int64_t> ids;
  for (const std::string& line : lines) ids.push_back(miner.add(line));
  for (std::int64_t& id : ids) id = miner.resolve(id);
  return ids;
}

TEST(LogTemplates, MasksWhatIsAValueByItsLook) {
  const std::pair<const char*, const char*> cases[] = {
      {"Received block blk_-16 of size 67108864 from /10.251.39.209", "Received block <*> of size <*> from <*>"},
      {"connection from 211.167.68.59 () at Sat Jul  9 12:16:49 2005", "connection from <*> (<*>) at <*>"},
      {"lookup of ns.example.com failed", "lookup of <*> failed"},
      {"open http://a.b/c?d=e, then /var/log/x y", "open <*>, then <*> y"},
      {"link 0a:1b:2c:3d:4e:5f is up", "link <*> is up"},
      {"prefetch depth....................0", "prefetch depth....................<*>"},
      {"May the force be", "May the force be"},
      {"服务器 12 已启动", "服务器 <*> 已启动"},
  };
  for (const auto& [line, text] : cases) {
    TemplateMiner miner;
    EXPECT_EQ(miner.text(miner.add(line)), text);
  }
}

TEST(LogTemplates, AWordBecomesAVariableByEvidence) {
  TemplateMiner miner;
  // After "user", three different words are enough; elsewhere five are needed.
  const auto ids =
      mine(miner, {"session closed for user news", "session closed for user root", "session closed for user cyrus",
                   "VM Started by system", "VM Paused by system", "VM Resumed by system"});
  EXPECT_THAT(ids, ElementsAre(1, 1, 1, 4, 5, 6));
  EXPECT_EQ(miner.text(1), "session closed for user <*>");
  EXPECT_THAT(miner.parameters(1, "session closed for user news"), ElementsAre("news"));
  EXPECT_EQ(miner.resolve(2), 1);
  EXPECT_EQ(miner.match("session closed for user anybody"), 1);
  EXPECT_EQ(miner.match("never seen"), 0);
}

TEST(LogTemplates, WhatAMessageStartsWithIsNeverAVariable) {
  TemplateMiner miner;
  EXPECT_THAT(mine(miner, {"cupsd startup succeeded", "klogd startup succeeded", "sdpd startup succeeded",
                           "hcid startup succeeded", "portmap startup succeeded", "syslogd startup succeeded"}),
              ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(LogTemplates, AWordJoinsWhereANumberStandsElsewhere) {
  TemplateMiner miner;
  EXPECT_THAT(mine(miner, {"chdir(pwd) failed", "chdir(/home/a1) failed", "chdir(x) failed"}), ElementsAre(1, 1, 1));
}

TEST(LogTemplates, ParametersGiveTheLineBack) {
  TemplateMiner miner;
  const std::string line = "Failed password for root from 183.62.140.253 port 34100 ssh2";
  const std::int64_t id = miner.add(line);
  std::string text = miner.text(id);
  EXPECT_EQ(text, "Failed password for root from <*> port <*>");
  for (const std::string& value : miner.parameters(id, line)) text.replace(text.find("<*>"), 3, value);
  EXPECT_EQ(text, line);
}

TEST(LogTemplates, FrozenTemplatesAreVersionedAndComeBack) {
  TemplateMiner miner;
  mine(miner, {"user a in", "user b in", "user c in", "disk full"});
  const base::Json first = miner.freeze();
  EXPECT_EQ(first["version"], 1);
  TemplateMiner again = TemplateMiner::thaw(first, "t.json");
  EXPECT_EQ(again.freeze(), first);
  EXPECT_EQ(again.match("user z in"), 1);
  EXPECT_EQ(again.resolve(2), 1);  // ids that were given out before they were united stay good
  EXPECT_EQ(again.add("fan stopped"), 5);
  const base::Json second = again.freeze();
  EXPECT_EQ(second["version"], 2);
  EXPECT_EQ(second["parent"], first["sha256"]);
}

TEST(LogTemplates, ChangedOrForeignFilesAreRefused) {
  TemplateMiner miner;
  miner.add("disk full");
  base::Json frozen = miner.freeze();
  frozen["templates"][0]["words"][0] = "tape";
  const auto problem = [](const base::Json& json) {
    try {
      TemplateMiner::thaw(json, "t.json");
    } catch (const base::Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(problem(frozen), HasSubstr("the templates are not those that were frozen (sha256 differs)"));
  EXPECT_THAT(problem({{"format", "other"}}), HasSubstr("is not a file of frozen log templates"));
  EXPECT_THAT(problem(base::Json::object()), HasSubstr("format"));
  EXPECT_THROW(miner.text(9), base::Error);
}

TEST(LogTemplates, HeadersOfManyKinds) {
  const std::array<const char*, 4> cases[] = {
      {"[Sun Dec 04 20:32:37 2005] [notice] jk2_init() Found child", "[Sun Dec 04 20:32:37 2005]", "notice",
       "jk2_init() Found child"},
      {"081111 095840 26225 INFO dfs.DataNode$PacketResponder: Received block x", "081111 095840 26225", "INFO",
       "Received block x"},
      {"2015-10-18 18:06:18,045 INFO [RMC Allocator] org.apache.Client: Retrying connect", "2015-10-18 18:06:18,045",
       "INFO", "Retrying connect"},
      {"Jul  9 12:16:49 combo ftpd[23142]: connection from x", "Jul  9 12:16:49", "", "connection from x"},
      {"2015-07-29 19:29:03,816 - WARN  [Recv[id=1]/0:Q@765] - Interrupting SendWorker", "2015-07-29 19:29:03,816",
       "WARN", "Interrupting SendWorker"},
      {"no header at all", "", "", "no header at all"},
      {"", "", "", ""},
  };
  for (const auto& [line, timestamp, level, content] : cases) {
    const LogLine split = split_log_line(line);
    EXPECT_EQ(split.timestamp, timestamp);
    EXPECT_EQ(split.level, level);
    EXPECT_EQ(split.content, content);
  }
}

TEST(LogTemplates, LongAndOddLinesAreBounded) {
  TemplateOptions options;
  options.max_tokens = 10;
  TemplateMiner miner(options);
  std::string line;
  for (int i = 0; i < 1000; ++i) line += "word ";
  const std::int64_t id = miner.add(line);
  EXPECT_THAT(miner.text(id), HasSubstr("word word <*>"));
  EXPECT_EQ(miner.match(line + "more"), id);
  EXPECT_EQ(miner.text(miner.add("")), "");
  EXPECT_EQ(miner.add("\xff\xfe(((((]]]"), 3);
}

TEST(LogTemplates, GroupingAccuracyCountsWholeGroups) {
  const std::vector<std::string> truth = {"a", "a", "b", "b", "c"}, said = {"1", "1", "2", "3", "4"};
  EXPECT_DOUBLE_EQ(grouping_accuracy(truth, said), 0.6);
}

TEST(LogTemplates, Loghub) {
  BALLAST_NEEDS_SHARED("data/loghub_2k");
  double sum = 0;
  const std::vector<std::string> systems = {"Apache", "BGL",     "HDFS",      "Hadoop",
                                            "Linux",  "OpenSSH", "OpenStack", "Zookeeper"};
  for (const std::string& name : systems) {
    const auto file = test::shared_dir() / "data/loghub_2k" / name / (name + "_2k.log_structured.csv.gz");
    ingest::RecordReader reader = ingest::RecordReader::open(file.string());
    TemplateMiner miner;
    std::vector<std::int64_t> ids;
    std::vector<std::string> truth, said;
    for (ingest::Record row; reader.next(row);) {
      ids.push_back(miner.add(*row.text("Content")));
      truth.push_back(*row.text("EventId"));
    }
    for (const std::int64_t id : ids) said.push_back(std::to_string(miner.resolve(id)));
    sum += grouping_accuracy(truth, said);
  }
  EXPECT_GT(sum / 8, 0.997);
}

}  // namespace
}  // namespace ballast::risk
