// SPDX-License-Identifier: Apache-2.0
#include "demo_feed.h"

namespace ballast::apps {
namespace {

// All six risk kinds and none; pairs that differ in little but mean the opposite (a rating cut and a rating raised, a
// coupon missed and a coupon paid).
constexpr std::string_view kFeed = R"(id,published_at,text
en-01,2026-03-02T07:10:00Z,"Halverstow Trust Bank says savers moved 4% of its deposits into money funds in February, leaving it leaning on overnight borrowing"
en-02,2026-03-02T07:45:00Z,Castrel Ratings raises Orbrin Steelworks to BBB as debt falls
en-03,2026-03-02T08:00:00Z,Calmora Airlines restores its full timetable after planned maintenance of the booking system
zh-01,2026-03-02T01:30:00Z,青岚新能源：2025年净利润同比增长21%，拟每10股派发现金红利3元
zh-02,2026-03-02T02:05:00Z,启衡证券完成交易系统升级，早盘运行平稳
zh-03,2026-03-02T09:20:00Z,沐澄地产美元债利息已按期足额支付
en-04,2026-03-02T10:30:00Z,Tessary Pay wins the central bank's permission to issue electronic money
en-05,2026-03-02T16:40:00Z,Copper posts its steepest one-day drop in six years as funds rush out of crowded bets
zh-04,2026-03-02T13:15:00Z,沪铜主力合约夜盘触及跌停，创四年来最大单日跌幅
en-06,2026-03-02T17:00:00Z,Larkmoor Foods will move its head office to a new building in May
en-07,2026-03-03T06:50:00Z,Castrel Ratings cuts Quillmere Stores to BB- as debt climbs
en-08,2026-03-03T08:15:00Z,Calmora Airlines cancels 210 flights after its booking system fails for a second day
zh-05,2026-03-03T01:40:00Z,青岚新能源预计一季度由盈转亏，称组件价格持续走低、海外订单不及预期
zh-06,2026-03-03T02:20:00Z,启衡证券交易系统早盘宕机四十分钟，多名客户反映无法撤单
zh-07,2026-03-03T08:00:00Z,云岭化工与三家老客户续签五年供货合同
en-09,2026-03-03T11:05:00Z,Complaint: Tessary Pay charged me twice for the same transfer on 27 February and nobody answers the phone
en-10,2026-03-03T12:30:00Z,Complaint closed: Tessary Pay returned the double charge within an hour and apologised
en-11,2026-03-03T13:00:00Z,Halverstow Trust Bank's wholesale lenders decline to roll over half of its maturing notes
en-12,2026-03-03T15:00:00Z,
zh-08,2026-03-03T10:45:00Z,央行意外上调政策利率25个基点，并称将视通胀情况继续收紧
en-13,2026-03-03T16:35:00Z,Government bond yields jump to a three-year high after the surprise rate rise
en-14,2026-03-04T07:00:00Z,Quillmere Stores cuts its full-year profit forecast for the second time as shoppers stay away
en-15,2026-03-04T07:05:00Z,Larkmoor Foods lifts its full-year profit forecast as shoppers come back
zh-09,2026-03-04T01:35:00Z,青岚新能源收到交易所问询函，要求说明应收账款大幅增加的原因
zh-10,2026-03-04T03:10:00Z,启衡证券因反洗钱内部控制存在重大缺陷，被监管部门罚款两千三百万元
zh-11,2026-03-04T06:30:00Z,沐澄地产账上可动用现金已不足以覆盖一年内到期的债务
en-16,2026-03-04T09:30:00Z,Halverstow Trust Bank limits withdrawals to 500 a day as queues form outside its branches
en-17,2026-03-04T10:10:00Z,Shares in Halverstow Trust Bank plunge 38% before trading is halted
en-18,2026-03-04T11:50:00Z,Pilots at Calmora Airlines vote to strike over the Easter weekend
en-19,2026-03-04T14:20:00Z,Hackers steal the account details of 2.3 million Tessary Pay customers
en-20,2026-03-04T15:45:00Z,Orbrin Steelworks starts its second electric furnace two months early
zh-12,2026-03-05T00:50:00Z,云岭化工一厂区反应釜发生爆炸，致三人死亡，全部装置已停产
zh-13,2026-03-05T01:45:00Z,青岚新能源控股股东所持股份质押比例升至91%，部分质押已触及平仓线
zh-14,2026-03-05T02:30:00Z,沐澄地产未能按期支付美元债利息，公司正与持有人协商展期
zh-15,2026-03-05T07:20:00Z,启衡证券一名前员工涉嫌挪用客户资金，已被警方立案侦查
en-21,2026-03-05T08:40:00Z,Quillmere Stores misses a coupon on its 2027 bonds and enters a 30-day grace period
en-22,2026-03-05T09:15:00Z,Regulator suspends the licence of Tessary Pay to issue electronic money
en-23,2026-03-05T12:00:00Z,Larkmoor Foods recalls 12 000 jars of baby food after glass splinters are found
zh-16,2026-03-05T09:30:00Z,投诉：我在启衡证券买的理财产品上月到期，至今无法赎回，客服只说系统处理中
zh-17,2026-03-05T11:00:00Z,晴沅乳业董事长因个人原因辞任，由总经理暂代其职
en-24,2026-03-06T06:30:00Z,Authorities take control of Halverstow Trust Bank and warn that bondholders will bear losses
zh-18,2026-03-06T02:00:00Z,法院裁定受理债权人对沐澄地产的破产重整申请
zh-19,2026-03-06T03:40:00Z,稳沅纯债基金公告：因遭遇巨额赎回且债券难以变现，暂停办理赎回业务
en-25,2026-03-06T09:00:00Z,Court orders Larkmoor Foods to pay 85 million for fixing the price of flour
en-26,2026-03-06T10:20:00Z,Orbrin Steelworks will pay its usual dividend on 31 March
zh-20,2026-03-06T08:10:00Z,央行下调存款准备金率0.5个百分点，释放长期资金约一万亿元
)";

constexpr std::string_view kWatchList = R"(name,aliases,kind
Halverstow Trust Bank,Halverstow Trust|Halverstow,company
Orbrin Steelworks,Orbrin,company
Calmora Airlines,Calmora,company
Quillmere Stores,Quillmere,company
Tessary Pay,Tessary,company
Larkmoor Foods,Larkmoor,company
青岚新能源,青岚能源|Qinglan New Energy,company
沐澄地产,沐澄集团|Mucheng Properties,company
启衡证券,Qiheng Securities,company
云岭化工,Yunling Chemical,company
)";

}  // namespace

std::string_view demo_feed() {
  return kFeed;
}
std::string_view demo_watch_list() {
  return kWatchList;
}

}  // namespace ballast::apps
