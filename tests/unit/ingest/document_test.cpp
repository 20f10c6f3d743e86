// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/document.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "tests/unit/ingest/collect.h"

namespace ballast::ingest {
namespace {

using test::collect;
using test::error_of;
using test::put;
using ::testing::ElementsAre;
using ::testing::Pair;

std::string gzipped(const std::string& path, const std::string& text) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return path;
}

TEST(Document, TakesIdTitleDateAndOtherColumns) {
  const test::ScratchFolder folder;
  const auto all = collect({put(folder, "n.csv", "id,title,text,date,ticker\n7,T,Body,2026-01-02,ABC\n")});
  ASSERT_EQ(all.documents.size(), 1u);
  const Document& d = all.documents[0];
  EXPECT_EQ(d.id, "7");
  EXPECT_EQ(d.title, "T");
  EXPECT_EQ(d.text, "Body");
  EXPECT_EQ(d.published_at, "2026-01-02");
  EXPECT_EQ(d.line, 2);
  EXPECT_THAT(d.fields, ElementsAre(Pair("ticker", "ABC")));
}

TEST(Document, JoinsTitleAndBodyWhereThereIsNoText) {
  const test::ScratchFolder folder;
  EXPECT_EQ(collect({put(folder, "n.csv", "title,content\nA,B\n")}).documents.at(0).text, "A\nB");
  EXPECT_EQ(collect({put(folder, "n.csv", "title,body\nA,\n")}).documents.at(0).text, "A");
  ReadOptions options;
  options.text_columns = {"b", "a"};
  EXPECT_EQ(collect({put(folder, "n.csv", "a,b\n1,2\n")}, options).documents.at(0).text, "2\n1");
}

TEST(Document, TheSameTextHasTheSameIdWhereverItComesFrom) {
  const test::ScratchFolder folder;
  const auto all =
      collect({put(folder, "a.txt", "Acme defaults\n\nOther\n"), put(folder, "b.csv", "text\n\"Acme defaults\"\n")});
  ASSERT_EQ(all.documents.size(), 3u);
  EXPECT_EQ(all.documents[0].id, "77a9ba628db4f02b");
  EXPECT_EQ(all.documents[2].id, all.documents[0].id);
  EXPECT_EQ(all.documents[1].line, 3);
  EXPECT_NE(all.documents[0].id, all.documents[1].id);
  EXPECT_NE(text_id("a  b"), text_id("a b"));
}

TEST(Document, AnIdUsedForTwoTextsIsSetAside) {
  const test::ScratchFolder folder;
  const auto all = collect({put(folder, "a.csv", "id,text\n1,x\n1,x\n1,y\n")});
  EXPECT_EQ(all.documents.size(), 2u);
  ASSERT_EQ(all.bad.size(), 1u);
  EXPECT_EQ(all.bad[0].column, "id");
  EXPECT_EQ(all.bad[0].reason, "id \"1\" was already used for another text");
}

TEST(Document, EmptyTextIsSetAsideAndCounted) {
  const test::ScratchFolder folder;
  const auto all = collect({put(folder, "a.csv", "id,text\n1,\n2, \u3000\n3,x\n4\n")});
  EXPECT_EQ(all.report.read, 4);
  EXPECT_EQ(all.report.accepted, 1);
  EXPECT_EQ(all.report.quarantined, 3);
  EXPECT_THAT(all.report.by_reason, ElementsAre(Pair("empty text", 2), Pair("has N fields, expected N", 1)));
  EXPECT_EQ(all.bad[0].column, "text");
}

TEST(Document, AMissingTextColumnIsAnErrorForTheFile) {
  const test::ScratchFolder folder;
  EXPECT_EQ(error_of([&] { collect({put(folder, "a.csv", "id,full_text\n1,x\n")}); }),
            "has no column \"text\" (its columns: id, full_text) | --text-column full_text");
  EXPECT_EQ(error_of([&] { collect({put(folder, "a.jsonl", "{\"id\":1,\"Text\":\"x\"}\n")}); }),
            "has no column \"text\" (its columns: id, Text) | --text-column Text");
  EXPECT_EQ(error_of([&] { collect({put(folder, "a.csv", "id,headline\n1,x\n")}); }),
            "has no column \"text\" (its columns: id, headline) | --text-column headline");
  const auto all = collect({put(folder, "a.jsonl", "{\"id\":1,\"no\":\"x\"}\n{\"text\":\"x\"}\n")});
  EXPECT_EQ(all.documents.size(), 1u);
  EXPECT_EQ(all.bad.at(0).reason, "has no field \"text\"");
  EXPECT_EQ(all.report.read, 2);
}

TEST(Document, EmptyAndAbsentFilesAreErrors) {
  const test::ScratchFolder folder;
  EXPECT_EQ(error_of([&] { collect({put(folder, "a.csv", "")}); }), "the file is empty");
  EXPECT_EQ(error_of([&] { collect({(folder / "absent.csv").string()}); }), "cannot open: No such file or directory");
}

TEST(Document, ReadsGzipAndRefusesCutOnes) {
  const test::ScratchFolder folder;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i * 7919) + " defaults\n";
  const std::string path = gzipped((folder / "a.txt.gz").string(), text);
  EXPECT_EQ(collect({path}).documents.size(), 5000u);
  const std::string bytes = base::read_file(path);
  EXPECT_EQ(error_of([&] { collect({put(folder, "cut.txt.gz", bytes.substr(0, bytes.size() / 2))}); }),
            "gzip data ends early | fetch the file again");
}

TEST(Document, APageIsOneDocument) {
  const test::ScratchFolder folder;
  put(folder, "f/a.html", "<title>T</title><h1>H</h1><p>One.</p><p style='display:none'>no</p><p>Two.</p>");
  put(folder, "f/b.pdf", "no pdf");
  const auto all = collect({(folder / "f").string()});
  ASSERT_EQ(all.documents.size(), 1u);
  EXPECT_EQ(all.documents[0].title, "T");
  EXPECT_EQ(all.documents[0].text, "H\nOne.\nTwo.\n");
  ASSERT_EQ(all.bad.size(), 1u);
  EXPECT_EQ(all.bad[0].reason, "is not a PDF");
}

TEST(Document, WalksFoldersInOrderWithoutHiddenFiles) {
  const test::ScratchFolder folder;
  put(folder, "f/b.txt", "second\n");
  put(folder, "f/a/z.jsonl", "{\"text\":\"first\"}\n");
  put(folder, "f/.hidden.txt", "no\n");
  put(folder, "f/.git/x.txt", "no\n");
  put(folder, "f/README.md", "no\n");
  put(folder, "f/c_empty.csv", "");
  const auto all = collect({(folder / "f").string()});
  ASSERT_EQ(all.documents.size(), 2u);
  EXPECT_EQ(all.documents[0].text, "first");
  EXPECT_EQ(all.documents[1].text, "second");
  EXPECT_EQ(all.report.files_skipped, 1);
  ASSERT_EQ(all.bad.size(), 1u);
  EXPECT_EQ(all.bad[0].line, 0);
  EXPECT_EQ(all.bad[0].reason, "the file is empty");
}

TEST(Document, GuessesTheFormatOfFilesWithoutAnExtension) {
  const test::ScratchFolder folder;
  EXPECT_EQ(collect({put(folder, "feed", "{\"text\":\"a\"}\n")}).documents.at(0).text, "a");
  EXPECT_EQ(collect({put(folder, "feed", "[{\"text\":\"a\"}]")}).documents.at(0).text, "a");
  EXPECT_EQ(collect({put(folder, "feed", "id,text\n1,a\n")}).documents.at(0).text, "a");
  EXPECT_EQ(collect({put(folder, "feed", "Shares fall, traders say\n")}).documents.at(0).text,
            "Shares fall, traders say");
  EXPECT_EQ(error_of([] { format_named("xml"); }),
            "unknown format \"xml\" | use auto, txt, csv, tsv, jsonl, ndjson or json");
}

TEST(Document, ReadsAWholeTextFileAsOneDocument) {
  const test::ScratchFolder folder;
  ReadOptions options;
  options.whole_file = true;
  const auto all = collect({put(folder, "a.txt", "one\n\ntwo\n")}, options);
  ASSERT_EQ(all.documents.size(), 1u);
  EXPECT_EQ(all.documents[0].text, "one\n\ntwo\n");
}

}  // namespace
}  // namespace ballast::ingest
