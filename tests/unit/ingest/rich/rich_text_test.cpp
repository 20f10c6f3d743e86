// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/rich_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "tests/support/scratch.h"

namespace ballast::ingest {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string block_text(const RichText& d, std::size_t i) {
  return d.text.substr(d.blocks[i].begin, d.blocks[i].end - d.blocks[i].begin);
}

TEST(Markdown, BlocksAreSectionsWithTheirHeadings) {
  const RichText d =
      read_markdown("intro\n\n# Cards\n\n## Lost card?\nCall us.\n### Abroad\nCall +1.\n## Fees ##\nNone.\n");
  ASSERT_EQ(d.blocks.size(), 4u);
  EXPECT_EQ(d.title, "Cards");
  EXPECT_EQ(block_text(d, 0), "intro\n\n");
  EXPECT_EQ(d.blocks[1].heading, "Cards > Lost card?");
  EXPECT_EQ(d.blocks[1].anchor, "lost-card");
  EXPECT_EQ(block_text(d, 1), "Call us.\n");
  EXPECT_EQ(d.blocks[2].heading, "Cards > Lost card? > Abroad");
  EXPECT_EQ(d.blocks[3].heading, "Cards > Fees");
  EXPECT_EQ(block_text(d, 3), "None.\n");
}

TEST(Markdown, FencesHoldNoHeadingsAndCommentsAreBarred) {
  const RichText d = read_markdown("# A\n```\n# not one\n```\nx <!-- hidden --> y\n<!-- open");
  ASSERT_EQ(d.blocks.size(), 1u);
  ASSERT_EQ(d.barred.size(), 2u);
  EXPECT_EQ(d.text.substr(d.barred[0].first, d.barred[0].second - d.barred[0].first), "<!-- hidden -->");
  EXPECT_EQ(d.barred[1].second, d.text.size());
  EXPECT_EQ(d.hidden, 2);
}

TEST(Markdown, InvisibleCharactersGo) {
  const RichText d = read_markdown(
      "\xef\xbb\xbf"
      "a\xe2\x80\x8b\xe2\x80\x8b"
      "b 年\xff");
  EXPECT_EQ(d.text, "ab 年\xef\xbf\xbd");
  EXPECT_EQ(d.hidden, 1);
}

TEST(Html, GivesWhatAReaderSees) {
  const RichText d = read_html(
      "<html><head><title>Fees &amp; more</title><style>p{}</style></head><body><h1 id=top>Fees</h1><p>A  card\n is "
      "<b>free</b>."
      "</p><script>alert(1)</script><h2 id='abroad'>Abroad</h2><ul><li>1 %</li><li>2 €</li></ul></body></html>",
      "f.html");
  EXPECT_EQ(d.title, "Fees & more");
  ASSERT_EQ(d.blocks.size(), 2u);
  EXPECT_EQ(d.blocks[0].heading, "Fees");
  EXPECT_EQ(d.blocks[0].anchor, "top");
  EXPECT_EQ(block_text(d, 0), "A card is free.\n");
  EXPECT_EQ(d.blocks[1].heading, "Fees > Abroad");
  EXPECT_EQ(block_text(d, 1), "1 %\n2 €\n");
}

TEST(Html, HiddenPartsAreLeftOutAndCounted) {
  const RichText d = read_html(
      "<body><p>seen</p><p style='display: none'>h1</p><p hidden>h2</p><span style=\"FONT-SIZE:0\">h3</span>"
      "<div style='color:#fff'>h4</div><div style='background-color:#fff'>white</div><!-- h5 --><p "
      "aria-hidden=true>h6</p>"
      "<div style='color:white;background:#000'>light</div></body>",
      "f.html");
  EXPECT_THAT(d.text, HasSubstr("seen"));
  EXPECT_THAT(d.text, HasSubstr("white"));
  EXPECT_THAT(d.text, HasSubstr("light"));
  for (const char* h : {"h1", "h2", "h3", "h4", "h5", "h6"}) EXPECT_THAT(d.text, Not(HasSubstr(h)));
  EXPECT_EQ(d.hidden, 6);
}

TEST(Html, BrokenAndForeignPages) {
  EXPECT_THAT(read_html("<p>a<b>c</p><div>d", "f").text, HasSubstr("d"));
  EXPECT_THAT(read_html("<meta charset=gb18030><p>\xd2\xf8\xd0\xd0</p>", "f").text, HasSubstr("银行"));
  EXPECT_THAT(read_html("<p>银行</p>", "f").text, HasSubstr("银行"));  // no charset: UTF-8
  EXPECT_THROW((void)read_html("", "f"), base::Error);
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<div>";
  EXPECT_NO_THROW((void)read_html(deep + "x", "f"));
}

/// A page with one line of text, with its cross-reference table left for the reader to rebuild.
std::string pdf_saying(const std::string& content) {
  return "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
         "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 "
         "R>>>>>>endobj\n"
         "4 0 obj<</Length " +
         std::to_string(content.size()) + ">>stream\n" + content +
         "\nendstream endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 "
         "R>>\n%%EOF\n";
}

TEST(Pdf, PagesAreBlocksAndLinesAreJoined) {
  const RichText d = read_pdf(
      pdf_saying("BT /F1 12 Tf 20 150 Td (The annual fee of the) Tj 0 -14 Td (gold card is 60 dollars.) Tj ET"),
      "f.pdf");
  ASSERT_EQ(d.blocks.size(), 1u);
  EXPECT_EQ(d.blocks[0].anchor, "page 1");
  EXPECT_THAT(d.text, HasSubstr("The annual fee of the gold card is 60 dollars."));
}

TEST(Pdf, WhatCannotBeReadIsRefused) {
  EXPECT_THROW((void)read_pdf("hello", "f.pdf"), base::Error);
  EXPECT_THROW((void)read_pdf("%PDF-1.4\n", "f.pdf"), base::Error);
  EXPECT_THROW((void)read_pdf(pdf_saying(""), "f.pdf"), base::Error);  // a page without text
  const std::string whole = pdf_saying("BT /F1 12 Tf 20 150 Td (x) Tj ET");
  for (std::size_t cut = 0; cut < whole.size(); cut += 37) {
    try {
      (void)read_pdf(whole.substr(0, cut), "f.pdf");
    } catch (const base::Error&) {
    }
  }
}

TEST(RichText, GoesByTheName) {
  const test::ScratchFolder scratch;
  base::write_file_atomic(scratch / "a.HTM", "<p>x</p>");
  base::write_file_atomic(scratch / "a.md", "x");
  base::write_file_atomic(scratch / "a.docx", "x");
  EXPECT_EQ(read_rich_text(scratch / "a.HTM").text, "x\n");
  EXPECT_EQ(read_rich_text(scratch / "a.md").text, "x");
  EXPECT_THROW((void)read_rich_text(scratch / "a.docx"), base::Error);
  EXPECT_THROW((void)read_rich_text(scratch / "absent.md"), base::Error);
}

}  // namespace
}  // namespace ballast::ingest
