// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/entities.h"

#include <gmock/gmock.h>

#include "ballast/base/error.h"
#include "ballast/base/files.h"
#include "tests/support/scratch.h"

namespace ballast::risk {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// "kind:text" or "kind:text=canonical"; checks that the offsets hold the text.
std::vector<std::string> found(const std::string& text, const WatchList* list = nullptr) {
  std::vector<std::string> words;
  for (const Entity& e : find_entities(text, list)) {
    EXPECT_EQ(text.substr(e.start, e.end - e.start), e.text);
    words.push_back(e.kind + ":" + e.text + (e.canonical == e.text ? "" : "=" + e.canonical));
  }
  return words;
}

TEST(Entities, Tickers) {
  EXPECT_THAT(found("$AAPL and $brk.b, not $5 or US$X1"),
              ElementsAre("ticker:$AAPL=AAPL", "ticker:$brk=BRK", "money:$5"));
  EXPECT_THAT(found("$BRK.B fell"), ElementsAre("ticker:$BRK.B=BRK.B"));
  EXPECT_THAT(found("贵州茅台(600519)跌"), ElementsAre("ticker:600519=600519.SH"));
  EXPECT_THAT(found("600519.SH 000001.sz 0700.HK"),
              ElementsAre("ticker:600519.SH", "ticker:000001.sz=000001.SZ", "ticker:0700.HK"));
  EXPECT_THAT(found("买入300123，SZ000001"), ElementsAre("ticker:300123=300123.SZ", "ticker:SZ000001=000001.SZ"));
  EXPECT_THAT(found("Acme (NYSE: ACM), [HEL: RUTAV] and Nasdaq: X"),
              ElementsAre("ticker:NYSE: ACM=NYSE:ACM", "ticker:HEL: RUTAV=HEL:RUTAV", "ticker:Nasdaq: X=NASDAQ:X"));
}

TEST(Entities, NumbersThatAreNotTickers) {
  EXPECT_THAT(found("减持600000股"), IsEmpty());
  EXPECT_THAT(found("601234元"), ElementsAre("money:601234元"));
  EXPECT_THAT(found("about 600000 people and 300100 units"), IsEmpty());
  EXPECT_THAT(found("编号1600519号"), IsEmpty());
  EXPECT_THAT(found("1,600519 和 3.600519"), IsEmpty());
}

TEST(Entities, Companies) {
  EXPECT_THAT(found("The Norvale Shipping plc board met Acme, Inc. on it."),
              ElementsAre("company:Norvale Shipping plc", "company:Acme, Inc."));
  EXPECT_THAT(found("Raute Oyj and AT&T Corp say; Marsh & Lennon Group"),
              ElementsAre("company:Raute Oyj", "company:AT&T Corp", "company:Marsh & Lennon Group"));
  EXPECT_THAT(found("a group of holdings; The Group said"), IsEmpty());
  EXPECT_THAT(found("公司向远海银行借款，天华科技股份有限公司担保"),
              ElementsAre("company:远海银行", "company:天华科技股份有限公司"));
  EXPECT_THAT(found("股东减持股份，商业银行收紧"), IsEmpty());
}

TEST(Entities, Money) {
  EXPECT_THAT(
      found("$3.5bn, EUR 20 million, 12,000 yuan, US$1.2 billion and EUR3m"),
      ElementsAre("money:$3.5bn", "money:EUR 20 million", "money:12,000 yuan", "money:US$1.2 billion", "money:EUR3m"));
  EXPECT_THAT(found("亏损3.5亿元，融资2000万美元"), ElementsAre("money:3.5亿元", "money:2000万美元"));
  EXPECT_THAT(found("5 million users, 3.5%"), IsEmpty());
}

TEST(Entities, Dates) {
  EXPECT_THAT(
      found("2026-03-31, 2026/3/1, 31 March 2026, March 31, 2026, Dec. 2025"),
      ElementsAre("date:2026-03-31", "date:2026/3/1", "date:31 March 2026", "date:March 31, 2026", "date:Dec. 2025"));
  EXPECT_THAT(found("2026年3月31日至4月5日，2025年"), ElementsAre("date:2026年3月31日", "date:4月5日", "date:2025年"));
  EXPECT_THAT(found("2026-13-01, may 5, 45 March"), IsEmpty());
}

TEST(Entities, WatchListNames) {
  const test::ScratchFolder folder;
  base::write_file_atomic(folder / "w.csv",
                          "name,aliases,kind,ticker\n"
                          "Acme,Acme Holdings|ACM Group,issuer,NYSE:ACM\n"
                          "天华科技,天华,,300123.SZ\n"
                          "People's Bank of China,PBOC|央行,central_bank,\n");
  const WatchList list = WatchList::read((folder / "w.csv").string());
  EXPECT_EQ(list.size(), 3u);
  EXPECT_THAT(found("ACME HOLDINGS and acme's rival Acmetron", &list),
              ElementsAre("issuer:ACME HOLDINGS=Acme", "issuer:acme=Acme"));
  EXPECT_THAT(found("央行约谈天华，300123停牌", &list), ElementsAre("central_bank:央行=People's Bank of China",
                                                                    "company:天华=天华科技", "ticker:300123=天华科技"));
  EXPECT_THAT(found("Acme Freight plc (NYSE: ACM)", &list),
              ElementsAre("issuer:Acme Freight plc=Acme", "ticker:NYSE: ACM=Acme"));
}

TEST(Entities, AWatchListNeedsNames) {
  const test::ScratchFolder folder;
  base::write_file_atomic(folder / "w.csv", "company\nAcme\n");
  try {
    WatchList::read((folder / "w.csv").string());
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), base::ErrorCode::bad_input);
    EXPECT_EQ(e.problem(), "has no column \"name\" (its columns: company)");
  }
}

TEST(Entities, StrangeBytesAreHarmless) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += static_cast<char>((i * 7919) >> 3);
  for (const Entity& e : find_entities(text)) EXPECT_LE(e.end, text.size());
  EXPECT_THAT(found(""), IsEmpty());
  EXPECT_THAT(found("$"), IsEmpty());
}

}  // namespace
}  // namespace ballast::risk
