// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/feed.h"

#include <gtest/gtest.h>

#include "ballast/base/error.h"

namespace ballast::ingest {
namespace {

TEST(Feed, Rss) {
  const auto items = read_feed(
      "<?xml version='1.0'?><rss version='2.0'><channel><title>T</title><item><title>Bank &amp; co</title>"
      "<description>&lt;p&gt;It "
      "&lt;b&gt;failed&lt;/b&gt;.&lt;/p&gt;</description><link>http://x/1</link><guid>g1</guid>"
      "<pubDate>Tue, 10 Jun 2003 04:00:00 GMT</pubDate></item><item><title>银行</title></item></channel></rss>",
      "f");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].id, "g1");
  EXPECT_EQ(items[0].title, "Bank & co");
  EXPECT_EQ(items[0].text, "It failed.");
  EXPECT_EQ(items[0].link, "http://x/1");
  EXPECT_EQ(items[0].published_at, "2003-06-10T04:00:00Z");
  EXPECT_EQ(items[1].id, "银行");
}

TEST(Feed, AtomAndRdf) {
  const auto atom = read_feed(
      "<feed "
      "xmlns='http://www.w3.org/2005/Atom'><title>T</title><entry><id>urn:1</id><title>A</title><summary>S</summary>"
      "<link rel='self' href='http://x/s'/><link rel='alternate' "
      "href='http://x/a'/><updated>2003-12-13T18:30:02.25+01:00</updated>"
      "</entry></feed>",
      "f");
  ASSERT_EQ(atom.size(), 1u);
  EXPECT_EQ(atom[0].id, "urn:1");
  EXPECT_EQ(atom[0].link, "http://x/a");
  EXPECT_EQ(atom[0].published_at, "2003-12-13T17:30:02Z");
  const auto rdf = read_feed(
      "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
      "<item><title>R</title><link>http://x/r</link></item></rdf:RDF>",
      "f");
  ASSERT_EQ(rdf.size(), 1u);
  EXPECT_EQ(rdf[0].id, "http://x/r");
}

TEST(Feed, WhatIsNoFeedIsRefused) {
  for (const char* bad : {"", "hello", "<html><body>x</body></html>", "{\"a\":1}"})
    EXPECT_THROW((void)read_feed(bad, "f"), base::Error) << bad;
  EXPECT_EQ(read_feed("<rss><channel><item><title>cut", "f").size(), 1u);  // what is there is read
}

// An entity that names a file must not bring it in.
TEST(Feed, NothingIsFetched) {
  const auto items = read_feed(
      "<!DOCTYPE rss [<!ENTITY e SYSTEM "
      "'file:///etc/passwd'>]><rss><channel><item><title>a&e;b</title></item></channel></rss>",
      "f");
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].title.find("root"), std::string::npos);
}

TEST(FeedTime, BothForms) {
  EXPECT_EQ(feed_time("Sat, 01 Jan 2022 00:30:00 +0130"), "2021-12-31T23:00:00Z");
  EXPECT_EQ(feed_time("1 Mar 2024 08:00:00 EST"), "2024-03-01T13:00:00Z");
  EXPECT_EQ(feed_time("2024-02-29T23:59:59Z"), "2024-02-29T23:59:59Z");
  for (const char* bad : {"", "yesterday", "2024-02-30T00:00:00Z", "Tue, 10 Foo 2003 04:00:00 GMT", "2024-01-01"})
    EXPECT_EQ(feed_time(bad), "") << bad;
}

}  // namespace
}  // namespace ballast::ingest
