// SPDX-License-Identifier: Apache-2.0
// A rule, not a model: keywords for each of the seven level-1 event types of Basel II, annex 9. English keywords match
// at the start of a word ("hack" also in "hackers"), Chinese ones anywhere.
#include "ballast/risk/entities/characters.h"
#include "ballast/risk/signals.h"

namespace ballast::risk {
namespace {

struct EventType {
  const char* name;
  std::vector<std::string_view> keywords;
};

const std::vector<EventType>& event_types() {
  static const std::vector<EventType> kTypes = {
      {"internal_fraud",
       {"embezzl",
        "rogue trad",
        "insider",
        "falsif",
        "accounting fraud",
        "misappropriat",
        "cooked the books",
        "fictitious",
        "bribe",
        "kickback",
        "misstate",
        "mismark",
        "unauthorised trad",
        "unauthorized trad",
        "employee stole",
        "self-dealing",
        "挪用",
        "侵占",
        "舞弊",
        "造假",
        "虚增",
        "贪污",
        "受贿",
        "内幕交易",
        "职务犯罪",
        "虚假记载",
        "财务欺诈"}},
      {"external_fraud",
       {"hack",
        "phish",
        "cyber",
        "ransomware",
        "scam",
        "stolen",
        "theft",
        "robber",
        "forg",
        "identity",
        "skimm",
        "malware",
        "data breach",
        "impersonat",
        "counterfeit",
        "fraudster",
        "unauthorized charge",
        "unauthorised charge",
        "ponzi",
        "黑客",
        "诈骗",
        "盗刷",
        "盗窃",
        "钓鱼",
        "勒索",
        "网络攻击",
        "泄露",
        "伪造",
        "抢劫",
        "冒用"}},
      {"employment",
       {"strike",        "walkout",          "discriminat", "harass",    "wage",     "union",  "labour", "labor",
        "worker safety", "unfair dismissal", "workplace",   "key staff", "resign",   "worker", "罢工",   "欠薪",
        "工伤",          "劳动争议",         "歧视",        "骚扰",      "员工安全", "辞职"}},
      {"clients_products",
       {"mis-sell",
        "mis-sold",
        "missell",
        "mislead",
        "money launder",
        "recall",
        "defect",
        "privacy",
        "antitrust",
        "market manipulation",
        "manipulat",
        "sanctions breach",
        "fiduciary",
        "overcharg",
        "unsuitable",
        "complian",
        "product liability",
        "side effect",
        "deceptive",
        "误导",
        "洗钱",
        "召回",
        "缺陷",
        "操纵",
        "违规销售",
        "隐私",
        "质量问题",
        "虚假宣传",
        "反垄断",
        "不当销售",
        "信息披露"}},
      {"physical_assets",
       {"fire",   "flood",  "earthquake", "explosion", "explod", "blast",  "hurricane", "typhoon", "storm", "wildfire",
        "terror", "vandal", "spill",      "collapse",  "crash",  "derail", "sank",      "火灾",    "爆炸",  "地震",
        "洪水",   "台风",   "坍塌",       "起火",      "暴雨",   "泄漏",   "事故",      "恐怖"}},
      {"systems", {"outage",    "system failure", "glitch",   "software",   "server",   "network failure",
                   "power cut", "blackout",       "offline",  "it failure", "computer", "downtime",
                   "website",   "app ",           "bug",      "宕机",       "系统故障", "瘫痪",
                   "停电",      "断网",           "软件故障", "服务器",     "崩溃",     "无法登录",
                   "技术故障"}},
      {"execution",
       {"error",       "mistake",  "fat finger", "settlement", "delay",      "misprice",     "data entry", "reconcil",
        "late filing", "botched",  "incorrect",  "wrong",      "processing", "not credited", "paperwork",  "restat",
        "差错",        "操作失误", "乌龙",       "结算失败",   "延迟",       "错误",         "失误",       "更正"}},
  };
  return kTypes;
}

int count_keyword(std::string_view text, std::string_view keyword) {
  int count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    count += to_lower(text[i]) == keyword[0] && has_at(text, i, keyword) &&
             (!is_alpha(keyword[0]) || i == 0 || !is_alnum(text[i - 1]));
  }
  return count;
}

}  // namespace

std::string basel_type(std::string_view text) {
  std::string best = "execution";
  int best_count = 0;
  for (const EventType& type : event_types()) {
    int count = 0;
    for (const std::string_view keyword : type.keywords) count += count_keyword(text, keyword);
    if (count > best_count) best = type.name, best_count = count;
  }
  return best;
}

}  // namespace ballast::risk
