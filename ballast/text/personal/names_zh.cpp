// SPDX-License-Identifier: Apache-2.0
// Chinese names: a surname with one or two characters where a label ("户名", "我叫"), an honorific ("先生") or what the
// person does ("说", "的账户") shows that it is one.
#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

#include "ballast/text/personal/name_lists.h"
#include "ballast/text/personal/view.h"
#include "ballast/text/preprocess.h"

namespace ballast::text {
namespace {

using Strings = std::vector<std::u16string_view>;

/// What the rules ask of a text: characters, and the words that ICU's dictionary sees.
class Text {
 public:
  Text(const View& view, std::string_view text) : view_(view) {
    // A word of several characters that begins where a name would: then it is likely that word.
    for (const Span& word : split_words(text)) words_.insert({word.begin, word.end});
  }

  bool follows(std::int32_t at, std::u16string_view word) const {
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (view_.at(at + static_cast<std::int32_t>(i)) != word[i]) return false;
    }
    return true;
  }
  /// Units of the longest of `words` that begins at `at`; 0 where none does.
  std::int32_t longest(std::int32_t at, const Strings& words) const {
    std::size_t best = 0;
    for (const auto word : words) {
      if (word.size() > best && follows(at, word)) best = word.size();
    }
    return static_cast<std::int32_t>(best);
  }
  std::int32_t longest_before(std::int32_t at, const Strings& words) const {
    std::size_t best = 0;
    for (const auto word : words) {
      if (word.size() > best && follows(at - static_cast<std::int32_t>(word.size()), word)) best = word.size();
    }
    return static_cast<std::int32_t>(best);
  }
  std::string one(std::int32_t at) const { return view_.text(at, at + 1); }
  bool han(std::int32_t at) const { return is_han(view_.at(at)); }
  /// Units of the surname at `at`: 0, 1 or 2.
  std::int32_t surname(std::int32_t at) const {
    if (!han(at)) return 0;
    if (han(at + 1) && compound_surnames_zh().contains(view_.text(at, at + 2))) return 2;
    return surnames_zh().contains(one(at)) ? 1 : 0;
  }
  /// The same, rare ones included.
  std::int32_t any_surname(std::int32_t at) const {
    const std::int32_t usual = surname(at);
    return usual > 0 || !han(at) ? usual : rare_surnames_zh().contains(one(at)) ? 1 : 0;
  }
  bool usual_given(std::int32_t at) const { return han(at) && given_characters_zh().contains(one(at)); }
  /// Whether the dictionary has a word at `at` that is not a name from `at` to `end` (高兴, 方案; but 张三丰 is one).
  bool is_word(std::int32_t at, std::int32_t end) const {
    static const std::unordered_set<std::string> kOrdinary = {
        "高兴", "安全", "成本", "金融", "黄金", "白银", "石油", "白天", "周一", "周二", "周三", "周四", "周五", "周六",
        "周日", "平安", "华为", "高级", "张家", "王府", "万一", "成立", "成功", "高新", "高中", "万元", "万亿", "时长",
        "时光", "常年", "常用", "向来", "解开", "解决", "盛大", "温和", "温暖", "安心", "安康", "安定", "单一", "单方",
        "江山", "江南", "江北", "江西", "江东", "山东", "方法", "方正", "石家", "马来", "马达", "金银", "金石", "金山",
        "金山", "金额", "钱财", "高达", "高明", "高贵", "高等", "高远", "明明", "明星", "明年", "古今", "项目", "成年",
        "成长", "成员", "应用", "应有", "毛利", "白白", "白金", "路上", "车主", "边境", "马力", "水平", "连续", "连锁",
        "齐全", "温州", "常州", "徐州", "苏州", "郑州", "柳州", "万州", "云南", "湖北", "湖南", "龙江", "高峰", "周年",
        "任期", "江苏", "江阴", "宁波", "宁夏", "常熟", "武汉", "武昌", "成都", "安徽", "安阳", "安庆", "唐山", "邢台",
        "余杭", "余姚", "阳江", "滕州", "梅州", "黄山", "黄石", "黄冈", "马鞍", "连云", "毕节", "龙岩", "包头", "桂林",
        "荆州", "荆门", "白族", "黎族", "苗族", "常客", "游客", "房客", "安卓", "时常", "万科", "高管", "高层", "白领",
        "党员", "党委", "常住", "单身", "应届", "安保", "任课", "常年", "金卡", "白卡", "路过", "解约", "边上", "游戏",
        "成人", "平时", "常常", "连夜", "方便", "全职", "兼职", "花钱", "费用", "龙头", "房贷", "车贷", "房子", "车子",
        "房产", "房东", "房租", "时时", "雷霆", "顾客", "凌晨", "高盛", "华夏", "广发", "车队", "车行", "钱全", "钱都",
        "任一"};
    if (kOrdinary.contains(view_.text(at, std::min(at + 2, view_.size())))) return true;
    for (std::int32_t stop = at + 2; stop <= std::min(at + 5, view_.size()); ++stop) {
      if (!words_.contains({view_.byte(at), view_.byte(stop)})) continue;
      if (stop > end) return true;
      for (std::int32_t i = at + surname(at); i < stop; ++i) {
        if (surname(at) == 1 && !usual_given(i)) return true;
      }
    }
    return false;
  }
  std::int32_t size() const { return view_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const std::pair<std::size_t, std::size_t>& p) const { return p.first * 1000003 + p.second; }
  };
  const View& view_;
  std::unordered_set<std::pair<std::size_t, std::size_t>, Hash> words_;
};

const Strings kHonorifics = {u"先生", u"女士",   u"小姐",   u"太太", u"经理", u"主任", u"老师",
                             u"医生", u"律师",   u"教授",   u"师傅", u"阿姨", u"叔叔", u"同志",
                             u"行长", u"总经理", u"董事长", u"主管", u"科长", u"处长"};
/// Labels after which a name is all that can stand.
const Strings kStrong = {
    u"我叫",     u"名叫",   u"妈叫",         u"爸叫",       u"姓名",   u"户名",     u"收款人",   u"付款人", u"持卡人",
    u"开户人",   u"联系人", u"申请人",       u"借款人",     u"还款人", u"担保人",   u"出借人",   u"保证人", u"受益人填",
    u"受益人写", u"一栏写", u"被保险人填",   u"投保人",     u"经办人", u"经办柜员", u"经办",     u"复核",   u"收件人",
    u"签名",     u"签字人", u"法定代表人为", u"法定代表人", u"负责人", u"贷款经理", u"客户经理", u"董事长", u"总经理",
    u"副行长",   u"行长",   u"总裁",         u"主席",       u"尊敬的", u"亲爱的",   u"转给",     u"汇给",   u"转给了",
    u"汇给了",   u"妈妈叫", u"爸爸叫",       u"名字是",     u"名字叫", u"户主"};
/// Words after which a name may stand: the given name must be a usual one, and no dictionary word begin there.
const Strings kWeak = {u"我是", u"客户", u"老公", u"老婆",   u"爱人", u"丈夫", u"妻子", u"儿子", u"女儿", u"妈妈",
                       u"爸爸", u"父亲", u"母亲", u"同事",   u"朋友", u"哥哥", u"姐姐", u"弟弟", u"妹妹", u"本人",
                       u"把",   u"帮",   u"请帮", u"请联系", u"联系", u"给",   u"柜员", u"同学", u"老板", u"户主"};
/// Words by which people say who they are.
const Strings kSelf = {u"我叫", u"我是", u"本人", u"这里是", u"这边是", u"我的名字是", u"我名字是", u"我的姓名是"};
const Strings kSurnameOnly = {u"我姓", u"免贵姓", u"贵姓", u"姓"};
/// What a person does or has.
const Strings kActs = {u"说",     u"表示",   u"称",       u"来电",     u"反映",   u"投诉",   u"认为",
                       u"的账户", u"的帐户", u"的身份证", u"的工资卡", u"的贷款", u"的额度", u"的预约",
                       u"的卡",   u"的手机", u"的信用卡", u"的银行卡", u"的理财", u"的存款", u"本人",
                       u"收，",   u"收,",    u"名下",     u"在电话",   u"申请",   u"咨询"};
/// Characters that follow a name rather than end it.
constexpr std::u16string_view kAfterName =
    u"的在来说表称于与和及已因从要将不有是到收反今昨未也都申投出借电对把被让请就先，。（）了多两均共等主同";

bool is_break(const View& view, std::int32_t at) {
  return !is_han(view.at(at));
}

/// How many given characters stand at `at`: 2, 1 or 0. With `usual` both must be usual ones.
std::int32_t given_length(const Text& text, const View& view, std::int32_t at, bool usual) {
  const auto fits = [&](std::int32_t i) {
    return text.han(i) && (!usual || text.usual_given(i)) && (kAfterName.find(view.at(i)) == std::u16string_view::npos);
  };
  if (!fits(at)) return 0;
  const std::int32_t honorific = text.longest(at + 1, kHonorifics);
  if (honorific > 0 || is_break(view, at + 1)) return 1;
  if (!fits(at + 1) || text.longest(at + 1, kActs) > 0) return 1;
  // Without a break or a known word behind it, the second character must be usual in names.
  const bool clear = is_break(view, at + 2) || text.longest(at + 2, kHonorifics) > 0 ||
                     text.longest(at + 2, kActs) > 0 || kAfterName.find(view.at(at + 2)) != std::u16string_view::npos;
  return clear || text.usual_given(at + 1) ? 2 : 1;
}

/// The end of a name that begins at `at`, or `at` itself.
std::int32_t name_end(const Text& text, const View& view, std::int32_t at, bool usual) {
  const std::int32_t surname = text.surname(at);
  if (surname == 0) return at;
  const std::int32_t given = given_length(text, view, at + surname, usual && surname == 1);
  return given == 0 ? at : at + surname + given;
}

std::int32_t by_label(const Text& text, const View& view, std::int32_t at) {
  // `at` is where the name would begin: a label stands before it, perhaps with a colon between.
  std::int32_t label_end = at;
  while (label_end > 0 && std::u16string_view(u": 为是“").find(view.at(label_end - 1)) != std::u16string_view::npos)
    --label_end;
  if (text.longest_before(at, kSurnameOnly) > 0 && text.surname(at) > 0 && is_break(view, at + text.surname(at)))
    return at + text.surname(at);
  const bool strong = text.longest_before(at, kStrong) > 0 || text.longest_before(label_end, kStrong) > 0;
  // 钱, 车, 房 and 费 are things before they are surnames.
  const bool thing = std::u16string_view(u"钱车房费").find(view.at(at)) != std::u16string_view::npos;
  const bool weak = !thing && text.longest_before(at, kWeak) > 0;
  if (!strong && !weak) return at;
  const std::int32_t end = name_end(text, view, at, !strong || thing);
  return end > at && !text.is_word(at, end) ? end : at;
}

/// "我是谭嗣骞，": after such words a surname, rare ones too, and one or two characters that no list needs to know,
/// where a stop or something that people do comes next and no dictionary word begins.
std::int32_t by_introduction(const Text& text, const View& view, std::int32_t at) {
  if (text.longest_before(at, kSelf) == 0) return at;
  const std::int32_t surname = text.any_surname(at);
  // What is a preposition, an adverb or a thing before it is a surname is left to the lists of given names.
  constexpr std::u16string_view kOtherWords = u"于向由相都真应连任从和时常成万单解钱车房费水路边";
  if (surname == 0 || (surname == 1 && kOtherWords.find(view.at(at)) != std::u16string_view::npos)) return at;
  for (std::int32_t given = 2; given >= 1; --given) {
    const std::int32_t end = at + surname + given;
    bool fits = given + surname >= 3 || text.usual_given(end - 1) || text.surname(at) == 0;
    for (std::int32_t i = at + surname; i < end; ++i) {
      fits = fits && text.han(i) && kAfterName.find(view.at(i)) == std::u16string_view::npos;
    }
    const bool stops = is_break(view, end) || text.longest(end, kActs) > 0 || text.longest(end, {u"自愿"}) > 0;
    if (fits && stops && !text.is_word(at, end)) return end;
  }
  return at;
}

std::int32_t by_honorific(const Text& text, const View& view, std::int32_t at) {
  const std::int32_t surname = text.surname(at);
  if (surname == 0) return at;
  for (std::int32_t given = 2; given >= 1; --given) {
    bool usual = true;
    for (std::int32_t i = 0; i < given; ++i) usual = usual && text.usual_given(at + surname + i);
    const std::int32_t end = at + surname + given;
    if (usual && text.longest(end, kHonorifics) > 0 &&
        (!text.is_word(at, end) || text.longest(end, {u"先生", u"女士", u"小姐"}) > 0))
      return end;
  }
  // The surname alone: not within a word, as in 高级经理.
  const bool fresh = is_break(view, at - 1) || text.longest_before(at, {u"的", u"是", u"给", u"找", u"让", u"请", u"和",
                                                                        u"位", u"你们", u"我"}) > 0;
  return fresh && text.longest(at + surname, kHonorifics) > 0 ? at + surname : at;
}

std::int32_t by_act(const Text& text, const View& view, std::int32_t at) {
  if (!is_break(view, at - 1) || text.surname(at) == 0) return at;
  const std::int32_t end = name_end(text, view, at, true);
  if (end == at) return at;
  if (text.is_word(at, end)) return at;
  const bool acts = text.longest(end, kActs) > 0;
  const bool pair = (view.at(end) == u'、' || view.at(end) == u'和' || view.at(end) == u'与') &&
                    name_end(text, view, end + 1, true) > end + 1;
  return acts || pair ? end : at;
}

}  // namespace

void find_names_zh(const View& view, std::string_view source, std::vector<Candidate>& found) {
  std::int32_t han = 0;
  for (std::int32_t i = 0; i < view.size(); ++i) han += is_han(view.at(i));
  if (han == 0) return;
  const Text text(view, source);
  std::int32_t last = -1;  // end of the last name
  for (std::int32_t at = 0; at < view.size(); ++at) {
    if (text.any_surname(at) == 0) continue;
    std::int32_t end = by_introduction(text, view, at);
    if (end == at) end = by_label(text, view, at);
    if (end == at) end = by_honorific(text, view, at);
    if (end == at) end = by_act(text, view, at);
    // "刘洋、王静": what a name is joined to is a name, too.
    if (end == at && last == at - 1 &&
        std::u16string_view(u"、和与及").find(view.at(at - 1)) != std::u16string_view::npos)
      end = name_end(text, view, at, true);
    if (end == at) continue;
    found.push_back({PersonalKind::name, at, end});
    last = end;
    at = end - 1;
  }
}

}  // namespace ballast::text
