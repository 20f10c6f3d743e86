// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/bytes/encoding.h"

#include <gmock/gmock.h>

#include "tests/unit/ingest/collect.h"

namespace ballast::ingest {
namespace {

using test::collect;
using test::error_of;
using test::put;

// "公司违约，评级下调" in GB 18030.
const std::string kDefaultGb = "\xB9\xAB\xCB\xBE\xCE\xA5\xD4\xBC\xA3\xAC\xC6\xC0\xBC\xB6\xCF\xC2\xB5\xF7";
const std::string kDefault = "公司违约，评级下调";

std::string utf16(std::u16string_view text, bool little, bool mark) {
  std::string bytes;
  const auto add = [&](unsigned unit) {
    const char high = static_cast<char>(unit >> 8), low = static_cast<char>(unit & 255);
    bytes += little ? low : high;
    bytes += little ? high : low;
  };
  if (mark) add(0xFEFF);
  for (const char16_t unit : text) add(unit);
  return bytes;
}

TEST(Encoding, TellsTheEncodingsApart) {
  EXPECT_EQ(detect_encoding("plain ASCII\n").name, "UTF-8");
  EXPECT_EQ(detect_encoding(kDefault).name, "UTF-8");
  EXPECT_EQ(detect_encoding("\xEF\xBB\xBF"
                            "a")
                .bom,
            3u);
  EXPECT_EQ(detect_encoding(kDefaultGb).name, "GB18030");
  EXPECT_EQ(detect_encoding("id,text\n1," + kDefaultGb + "\n").name, "GB18030");
  EXPECT_EQ(detect_encoding("one bad \xFF byte in English\n").name, "UTF-8");
  EXPECT_EQ(detect_encoding("caf\xE9 and na\xEFve\n").name, "UTF-8");
  EXPECT_EQ(detect_encoding(utf16(u"公司违约\n评级\n", true, true)).name, "UTF-16LE");
  EXPECT_EQ(detect_encoding(utf16(u"公司违约\n评级 1\n", true, false)).name, "UTF-16LE");
  EXPECT_EQ(detect_encoding(utf16(u"公司违约\n评级 1\n", false, false)).name, "UTF-16BE");
}

TEST(Encoding, ReadsGb18030AsTheSameText) {
  const test::ScratchFolder folder;
  const auto all = collect({put(folder, "a.csv", "id,text\r\n1," + kDefaultGb + "\r\n2,\x81\x30\x84\x36\r\n")});
  ASSERT_EQ(all.documents.size(), 2u);
  EXPECT_EQ(all.documents[0].text, kDefault);
  EXPECT_EQ(all.documents[0].text.size(), 27u);  // offsets count UTF-8 bytes, not those of the file
  EXPECT_EQ(all.documents[1].text, "\u00A5");    // a four-byte form
}

TEST(Encoding, ReadsUtf16WithAndWithoutMark) {
  const test::ScratchFolder folder;
  for (const bool little : {true, false}) {
    for (const bool mark : {true, false}) {
      const auto all = collect({put(folder, "a.csv", utf16(u"id,text\n1,\"违约，𝄞\"\n2,b\n", little, mark))});
      ASSERT_EQ(all.documents.size(), 2u);
      EXPECT_EQ(all.documents[0].text, "违约，𝄞");
    }
  }
  ReadOptions options;
  options.encoding = "utf-16le";
  const auto all = collect({put(folder, "a.txt", utf16(u"违约", true, true))}, options);
  ASSERT_EQ(all.documents.size(), 1u);
  EXPECT_EQ(all.documents[0].text, "违约");
}

TEST(Encoding, NamesTheSourceOffsetOfUndecodableBytes) {
  const test::ScratchFolder folder;
  const std::string gb = "id,text\n1," + kDefaultGb + "\n2,\xB9\xFF" + kDefaultGb + "\n3," + kDefaultGb + "\n";
  auto all = collect({put(folder, "gb.csv", gb)});
  EXPECT_EQ(all.documents.size(), 2u);
  ASSERT_EQ(all.bad.size(), 1u);
  EXPECT_EQ(all.bad[0].line, 3);
  EXPECT_EQ(all.bad[0].reason, "cannot be decoded at byte 31 of the file");
  std::string half = utf16(u"id,text\n1,a\n2,\xD800x\n3,b\n", true, true);
  half += 'z';  // half a unit
  all = collect({put(folder, "u.csv", half)});
  EXPECT_EQ(all.documents.size(), 2u);
  ASSERT_EQ(all.bad.size(), 2u);
  EXPECT_EQ(all.bad[0].reason, "cannot be decoded at byte 30 of the file");
  EXPECT_EQ(all.bad[1].reason, "cannot be decoded at byte 44 of the file");
}

TEST(Encoding, LongFilesAreDecodedAcrossChunks) {
  const test::ScratchFolder folder;
  std::string gb = "text\n";
  for (int i = 0; i < 40000; ++i) gb += (i % 3 == 0 ? "x" : "") + kDefaultGb + "\n";
  const auto all = collect({put(folder, "gb.csv", gb)});
  ASSERT_EQ(all.documents.size(), 40000u);
  for (std::size_t i = 0; i < all.documents.size(); ++i) {
    ASSERT_EQ(all.documents[i].text, (i % 3 == 0 ? "x" : "") + kDefault) << i;
  }
}

TEST(Encoding, AnUnknownNameIsAUsageError) {
  const test::ScratchFolder folder;
  ReadOptions options;
  options.encoding = "klingon";
  EXPECT_EQ(error_of([&] { collect({put(folder, "a.txt", "x\n")}, options); }),
            "unknown encoding \"klingon\" | use auto, utf-8, utf-16, gb18030 or another name that ICU knows");
}

}  // namespace
}  // namespace ballast::ingest
