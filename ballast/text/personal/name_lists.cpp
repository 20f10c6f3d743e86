// SPDX-License-Identifier: Apache-2.0
#include "ballast/text/personal/name_lists.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace ballast::text {
namespace {

WordSet words(std::string_view list) {
  WordSet out;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(' ', begin), list.size());
    if (end > begin) out.emplace(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

/// One entry a character of three bytes.
WordSet characters(std::string_view list) {
  WordSet out;
  for (std::size_t i = 0; i + 3 <= list.size(); i += 3) out.emplace(list.substr(i, 3));
  return out;
}

}  // namespace

const WordSet& given_names() {
  static const WordSet kWords = words(
      "aaron abdul abdullah abigail abraham adam adriana adrian agnes ahmad ahmed aisha akira alan alastair albert "
      "alberto "
      "alejandro alessandro alex alexander alexandra alexandre alexis alfred ali alice alicia alison allan allison "
      "amanda amelia "
      "amina amir amit amy ana anastasia andre andrea andreas andrei andrew andy angela angelina anita ann anna anne "
      "annette "
      "annie anthony antoine anton antonio antonia arjun arnold arthur arun ashley ashok audrey barbara barry beatrice "
      "becky "
      "ben benedict benjamin bernard bernadette beth bethany betty beverly bogdan boris brandon brenda brendan brian "
      "bridget "
      "bruce bruno bryan caleb calvin camilla camille cameron carl carla carlos carmen carol carolina caroline carolyn "
      "catherine cathy cecilia cedric charles charlie chiara chidi chloe chris christian christina christine christoph "
      "christopher claire clara clarence claudia claude clement clive colin colleen connor conrad constance corinne "
      "craig "
      "curtis cynthia cyril damian daniel daniela danielle danny darren dave david dawn deborah debbie deepak denise "
      "dennis "
      "derek diana diane diego dieter dimitri dmitri dominic dominique donald donna dora doris dorothy douglas dylan "
      "eduardo "
      "edgar edith edmund edward edwin eileen elaine eleanor elena eli elias elisabeth elizabeth ella ellen elliot "
      "emily "
      "emma emmanuel enrique eric erica erik erin ernest esther ethan eugene eva evelyn fabio farah fatima felicity "
      "felipe "
      "fernando fiona frances francesca francesco francis francisco francois frederick fred frieda fritz gabriel "
      "gabriela "
      "gareth gary gavin geoffrey george gerald gerard gertrude gina giovanni giulia giuseppe gloria gordon graham "
      "greg "
      "gregory gudrun guillaume gustav haruto hannah hans harold harry harriet hassan heather heidi helen helena helga "
      "henri "
      "henrik henry herbert hiroshi horst howard hugh hugo hussein ian ibrahim ida ignacio igor ines ingrid irene "
      "irina "
      "isabel isabella isaac ismail ivan jacob jacqueline jacques jaime jake james jamie jan jane janet janice jasmine "
      "jason "
      "javier jayden jean jeanette jeff jeffrey jennifer jenny jeremy jerome jerry jesse jessica jill jim jimmy joan "
      "joanna "
      "joanne joaquin joel johan johanna johannes john johnny jon jonas jonathan jorge jose joseph josephine joshua "
      "juan "
      "juanita judith judy julia julian juliana julie juliette jun jurgen justin kamal karen karim karl karin katarina "
      "kate "
      "katherine kathleen kathryn kathy katie katrin kavita keith kelly ken kenji kenneth kevin khalid kiran klaus "
      "kofi "
      "kristen kristina kumar kurt kwame kyle lakshmi lara lars laura lauren laurent lawrence leah leila leo leon "
      "leonard "
      "leonardo leslie liam linda lindsay lisa lloyd lois lorenzo lorraine louis louise luca lucas lucia lucy luis "
      "luisa luke "
      "lukas lydia lynn madeleine magdalena mahmoud manfred manuel marc marcel marcia marco marcus margaret margarita "
      "maria "
      "mariam marianne marie marilyn mario marion marjorie markus marlene marta martha martin martina mary maryam "
      "mateo "
      "matilda matteo matthew matthias maureen maurice maxime megan mehmet mei melanie melissa michael michaela michel "
      "michele "
      "michelle miguel mikhail mildred milan mina miriam mitchell mohamed mohammad mohammed monica monika moses "
      "muhammad "
      "murray nadia nadine nancy naomi natalia natalie natasha nathan neha neil nicholas nicola nicolas nicole nigel "
      "nikhil "
      "nikolai nina noah noor nora norma norman oleg olga olive oliver olivia omar oscar oskar otto owen pablo pamela "
      "patricia "
      "patrick paul paula paulo pauline pavel pedro peggy peter petra philip philippa phillip phyllis pierre piotr "
      "pooja "
      "prakash priya quentin rachel rafael rahul raj rajesh ralph ramesh ramon randy rashid raul ravi raymond rebecca "
      "renate renee ricardo richard rita robert roberta roberto robin rodney roger roland rolf ronald rosa "
      "rosemary "
      "ross roy rupert russell ruth ryan sabine sadia saeed sally salma samantha sami samir samuel sandeep sandra "
      "sanjay "
      "santiago sara sarah satoshi scott sean sebastian serena sergei sergio seth shane shannon sharon shaun sheila "
      "shirley "
      "sidney simon simone sofia solomon sonia sophia sophie stanley stefan stefano stephanie stephen steve steven "
      "stuart "
      "sunita suresh susan susanne suzanne svetlana sven sylvia takashi tamara tanya tara tariq tatiana taylor ted "
      "teresa "
      "terence terry theo theodore theresa thomas tiffany tim timothy tina tobias todd tom tomas tommy tony tracy "
      "trevor "
      "tyler ulrich ursula valentina valerie vanessa vera vernon veronica victor vijay vikram vincent viola virginie "
      "vivian "
      "vladimir walter wanda warren wayne wendy werner wilfred wilhelm william willem winston wolfgang yasmin yolanda "
      "yosef "
      "youssef yuki yusuf yvonne zachary zainab zara zoe");
  return kWords;
}

const WordSet& ambiguous_given_names() {
  static const WordSet kWords = words(
      "will mark grace rose may june april august frank bill hope joy faith chase rich jack sterling austin jordan "
      "paris "
      "georgia victoria florence charlotte madison lincoln jackson washington chad houston wilson dean earl duke "
      "prince king "
      "summer dawn penny sandy ruby amber crystal pearl ivy lily daisy violet iris art gene guy pat rob sue drew grant "
      "nick ray "
      "van wade max morgan sydney savannah carter mason hunter cole chance christian israel jade olive robin francis "
      "scott "
      "jean dale glen lance miles norm stanley brooks logan parker tanner walker angel destiny trinity melody harmony "
      "kelly "
      "kim lee ford mercedes sierra brooklyn chelsea dakota ashley carey wells charity constance eve heath gill curt "
      "buck roman");
  return kWords;
}

const WordSet& surnames_en() {
  static const WordSet kWords = words(
      "abbott adams adeyemi ahmed alexander ali allen alvarez anderson andrews armstrong arnold bailey baker baldwin "
      "banks "
      "barber barker barnes barnett barrett bauer becker bell bello benali bennett berg bernard berry bianchi bishop "
      "black "
      "blair blake bond booth bowen bowman boyd bradley brennan brooks brown bruno bryant burke burns burton butler "
      "byrne "
      "campbell carlson carpenter carr carroll carson carter castillo castro chandler chapman chavez chopra clark "
      "clarke cohen "
      "cole coleman collins colombo connor cook cooper costa cox craig crawford cruz cunningham curtis dalton daniels "
      "davidson "
      "davies davis dawson dean diaz dixon dubois duncan dunn edwards elliott ellis evans farrell ferguson fernandez "
      "ferrari "
      "fischer fisher fitzgerald fleming fletcher flores ford foster fowler fox francis fraser freeman fuller garcia "
      "gardner "
      "garrett george gibson gilbert gomez gonzales gonzalez goodman gordon graham grant gray green greene griffin "
      "gupta "
      "gutierrez hall hamilton hansen hanson harper harris harrison hart harvey hassan hawkins hayes henderson henry "
      "herrera "
      "hernandez hicks hill hoffman holland holloway holmes hopkins horton howard howell hudson hughes hunt hunter "
      "hussain "
      "ibrahim ionescu ivanov iyer jackson jacobs james jenkins jensen jimenez johansson johnson johnston jones jordan "
      "joshi "
      "kaur kaya kelley kelly kennedy khan kim kimani king klein knight kowalski kumar lambert lane larsen larson "
      "laurent "
      "lawrence lawson leblanc lee leonard lewis lindqvist lloyd long lopez lowe lynch macdonald mackenzie marsh "
      "marshall "
      "martin martinez mason matthews mccarthy mcdonald mckenzie medina mehta mendoza meyer miller mills mitchell "
      "moore "
      "morales moreau moreno morgan morris morrison moss muller müller murphy murray myers nakamura nelson newman "
      "nguyen "
      "nielsen novak nowak o'brien o'connor o'neill okafor olsen olson ortiz osborne owen owens palmer papadopoulos "
      "park "
      "parker parsons patel patterson payne pearson perez perkins perry peters petersen petrov phillips pierce popov "
      "porter "
      "powell price quinn rahman raman ramirez ramos ray reddy reed reid reyes reynolds rice richards richardson riley "
      "rivera "
      "roberts robertson robinson rodriguez rogers romano romero rose ross rossi russell ryan sanchez sanders santos "
      "sato "
      "saunders schmidt schneider schulz schwartz scott sharma shaw silva simmons simpson singh smith snyder spencer "
      "stephens "
      "stevens stewart stone sullivan suzuki takahashi tanaka taylor thomas thompson thornton torres tucker turner "
      "vargas "
      "vasquez wagner walker wallace walsh walters ward warren watanabe watson watts weaver webb weber webster wells "
      "west "
      "wheeler white whitaker wilkinson williams williamson willis wilson wood woods wright yamamoto young yusuf "
      "zimmermann "
      "tran pham hoang phan vu dang bui do ngo duong choi jung kang cho yoon jang lim");
  return kWords;
}

const WordSet& surnames_pinyin() {
  static const WordSet kWords = words(
      "wang li zhang liu chen yang zhao huang zhou wu xu sun hu zhu gao lin he guo ma luo liang song zheng xie han "
      "tang feng "
      "yu dong xiao cheng cao yuan deng fu shen zeng peng lu su jiang cai jia ding wei xue ye yan pan du dai xia zhong "
      "tian "
      "ren fan fang shi yao tan liao zou xiong jin hao kong bai cui kang mao qiu qin gu hou shao meng long wan duan "
      "qian yin "
      "chang wong chan cheung lam leung ng lau ouyang sima shangguan zhuge");
  return kWords;
}

bool is_pinyin(const std::string& word) {
  static const WordSet kInitials = words("b p m f d t n l g k h j q x zh ch sh r z c s y w");
  static const WordSet kFinals = words(
      "a o e i u ai ei ao ou an en ang eng ong ia ie iao iu ian in iang ing iong ua uo uai ui uan un uang ue er v");
  // ways[i]: in how few syllables the first i letters can be read
  std::vector<int> ways(word.size() + 1, 99);
  ways[0] = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (ways[i] >= 3) continue;
    for (std::size_t n = 1; n <= 6 && i + n <= word.size(); ++n) {
      const std::string syllable = word.substr(i, n);
      bool valid = syllable == "er" || syllable == "an" || syllable == "ai" || syllable == "ao" || syllable == "ou" ||
                   syllable == "en" || syllable == "ang";
      for (std::size_t k = 1; k <= 2 && k < n && !valid; ++k)
        valid = kInitials.contains(syllable.substr(0, k)) && kFinals.contains(syllable.substr(k));
      if (valid) ways[i + n] = std::min(ways[i + n], ways[i] + 1);
    }
  }
  return ways[word.size()] <= 2;
}

const WordSet& not_after_names() {
  static const WordSet kWords = words(
      "inc ltd llc llp plc corp co company companies group holdings holding bank banks banking capital partners "
      "securities "
      "financial finance motors motor logistics hotel hotels river street st road avenue lane drive square hospital "
      "school "
      "university college institute airport station park stadium bridge tower towers city county lake mountain valley "
      "island "
      "beach mutual insurance trust fund funds management asset assets advisors associates brothers sons foundation "
      "society "
      "museum church day week month period card cards gold secret store stores shop restaurant logic energy oil gas "
      "steel "
      "airlines airways technologies technology systems software labs pharma pharmaceuticals industries international "
      "global "
      "index prize award act law branch office court stanley sachs schwab fargo chase gamble jerry pacific atlantic "
      "north "
      "south east west hall house building center centre metro line railway mine mines media news times post journal "
      "mac ag sa gmbh nv se ab spa oyj pty");
  return kWords;
}

const WordSet& never_names() {
  static const WordSet kWords = words(
      "the a an this that these those my your our his her their its i we you he she they it and or but if when what "
      "which who "
      "how why where please thanks thank hello hi hey dear regards yes no not never all some any each every both more "
      "most "
      "is are was were be been do does did can could would should will shall may might must have has had there here "
      "now today "
      "tomorrow yesterday monday tuesday wednesday thursday friday saturday sunday january february march april may "
      "june july "
      "august september october november december card account bank branch loan mortgage credit debit deposit transfer "
      "payment "
      "statement customer client support service manager director officer chief executive president chair chairman "
      "judge "
      "court minister secretary treasurer head agent treasury federal reserve european central national international "
      "united "
      "states kingdom china america europe asia africa london york paris berlin tokyo beijing shanghai singapore "
      "sydney "
      "melbourne toronto chicago boston denver springfield portland manchester leeds bristol osaka lisbon zurich "
      "geneva pune "
      "vermont texas california new old north south east west upper lower great saint st mount lake river note error "
      "case "
      "order invoice ref reference iban bic swift pin cvv atm app sms id ssn passport phone mobile email e-mail fax "
      "tel "
      "address name number date form contract agreement policy claim ticket version session batch flight train apple "
      "google "
      "amazon microsoft tesla toyota ford boeing visa mastercard paypal netflix ups shares stock bond gold silver "
      "brent euro "
      "dollar yen pound yuan interest rate fee tax revenue income net gross tier capital ratio merry happy good "
      "morning "
      "afternoon evening sincerely kind best yours faithfully truly text call reach contact whatsapp deliver ship mail "
      "send "
      "write ask tell inform remove add change close open pay quote approved signed applicant beneficiary payee "
      "guarantor "
      "creditor attention file home corporate fleet vehicle unit flat suite room floor labor memorial presidents "
      "patrick's "
      "jan feb mar apr jun jul aug sep sept oct nov dec cheque check checks order pay demand center customer one two "
      "three "
      "hong kong wall main market oxford k for from to of in on at by with as is via per re cc treasurer credit head "
      "mr mrs ms "
      "miss dr prof i'm i've i'd i'll we're we've you're they're");
  return kWords;
}

const WordSet& introduced_words() {
  static const WordSet kWords = words(
      "very so too just still also only really quite extremely deeply truly fully currently self now glad sorry sure "
      "afraid aware able ready sick tired angry sad upset proud fed unhappy furious curious worried confused "
      "senior junior vice deputy assistant associate chartered certified accountant engineer teacher nurse doctor "
      "lawyer solicitor barrister student pensioner owner founder partner member user holder captain sergeant major "
      "corporal colonel lieutenant general consultant analyst coordinator supervisor administrator specialist advisor "
      "adviser developer designer architect pilot driver professor lecturer researcher scientist writer author artist "
      "musician actor farmer builder carpenter plumber electrician mechanic trader broker banker cashier teller clerk "
      "regional sales marketing project product operations legal technical human resources finance area site shift "
      "team "
      "leader lead chair power attorney guardian executor trustee director principal independent freelance "
      "british american english scottish welsh irish french german spanish italian polish dutch swiss swedish danish "
      "norwegian finnish greek turkish russian ukrainian romanian hungarian czech portuguese brazilian mexican "
      "canadian "
      "australian indian pakistani bangladeshi chinese japanese korean vietnamese thai filipino malaysian indonesian "
      "african nigerian kenyan ghanaian egyptian moroccan israeli iranian iraqi asian european latin native muslim "
      "christian catholic jewish hindu buddhist sikh roman orthodox protestant citizen resident national "
      "single mother father parent wife husband widow widower person being platinum premier premium prime plus "
      "first second third fourth fifth last final next phase part step stage version level chapter section number one "
      "two three four five complete total absolute utter pure worst grand royal public private personal business "
      "commercial online internet telephone christmas easter boxing valentine thanksgiving eve black cyber money "
      "laundering regulations rules act deutsche credit suisse societe banco banque banca bharat nippon "
      "telekom telecom mobile electric power water council department division committee authority commission agency "
      "association union league club community university express direct digital world globe standard chartered "
      "breaking news urgent important final reminder notice warning nonsense madness rubbish outrage theft fraud "
      "phishing scam spam security data protection compliance risk audit internal external customer care help desk "
      "day week month season time half year end quarter zero day game hell heaven god jesus vip ceo cfo nobody "
      "everybody somebody someone anyone everyone");
  return kWords;
}

const WordSet& named_firms() {
  static const WordSet kWords = words(
      "morgan_stanley charles_schwab raymond_james franklin_templeton edward_jones merrill_lynch standard_chartered "
      "washington_mutual paris_hilton john_deere jordan_river wells_fargo jp_morgan goldman_sachs martin_luther "
      "ernst_young "
      "arthur_andersen frank_russell philip_morris eli_lilly ralph_lauren calvin_klein tommy_hilfiger hugo_boss "
      "michael_kors jack_daniel johnnie_walker mary_kay ben_jerry marks_spencer price_waterhouse lincoln_financial "
      "san_francisco san_diego saint_louis julius_baer lloyd_george stanley_black robert_half robert_bosch "
      "grace_period rose_gold penny_stock mark_twain will_smith's rich_list art_deco");
  return kWords;
}

const WordSet& surnames_zh() {
  static const WordSet kWords = characters(
      "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
      "汪田任姜范方石姚谭廖邹"
      "熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申"
      "尤毕聂丛焦向柳邢路岳齐"
      "沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂"
      "闵解强柴华车冉房边净"
      "娄尚滕甯蒲晏骆");
  return kWords;
}

const WordSet& rare_surnames_zh() {
  static const WordSet kWords = characters(
      "仝逄亓佟冼仇佘刁危晁宗宣宿寇岑巫庹弓桑楚沃泰滑漆牛狄瞿矫禤种符糜綦练经缑缪羊翦荆荀莘蓝蔺虞衡"
      "褚"
      "訾逯郇郏郗郜鄂鄢钮闫阙阚雍青鞠巩燕冀隗靖敖桓桃郎扈谌楼溥濮");
  return kWords;
}

const WordSet& compound_surnames_zh() {
  static const WordSet kWords = words(
      "欧阳 上官 司马 诸葛 慕容 夏侯 皇甫 尉迟 公孙 长孙 宇文 司徒 东方 令狐 端木 南宫 独孤 西门 轩辕 淳于 太史 亓官 "
      "呼延 澹台 钟离 闻人 赫连 拓跋 第五 万俟 申屠");
  return kWords;
}

const WordSet& given_characters_zh() {
  static const WordSet kWords = characters(
      "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂玉萍红梅建国华文辉力志永健鹏飞龙海波斌浩宇轩博晨阳俊峰凯亮成东林"
      "云雪莹琳琪瑶怡佳欣悦雨"
      "婷慧颖洁倩雯薇茜蕾璐珊珍珠凤春秋冬夏月荣富贵德福寿康宁安全顺祥瑞吉庆喜乐和谦诚信义仁礼智勤朴学思远达兴旺盛昌隆发"
      "财金银铁钢石山川江河湖泽"
      "润清源泉滨洪涌晓小大少子一二三四五天地光辰星曦昊晖晗昕旭晶景昭曙黎彬彪彦哲睿聪颜翔翰鸿雁鹤鸣雷霆震威武振雄豪毅坚"
      "恒胜利凌云升耀耕耘丰茂"
      "森柏松柳杨桐梓楠枫榕栋梁材若如诗书画琴棋墨翠青蓝紫丹彤赤素白乌美好妍媛嫣娇婉姝姗姿娅妮婧婕嘉家宏宽广泰乾坤正直中"
      "立元亨利贞忠孝悌友善良卫"
      "民保守望承继绍祖先辈宗延续长久守业创新开启程征帆航舟浪潮远征进步前培育培植桃李芬芳菲芝芸苗英蓉莲荷菊兰竹君子仪容"
      "莉茹茵萌蕊薰藤虹霓岚峻峥嵘岩崇"
      "冠群超卓越凡俗圣贤尧舜禹汤孟荀韩柳欧苏曾王涵沛泓澜滢漪淑贤惠温柔端庄雅致斯琼瑜瑾璇玲珑环佩珏璋琦琛瑞璟九久伦信倬"
      "健伯仲叔季剑钧锋铭锐锦"
      "镇钰鑫焱炎炜煜烨燕然熙熠照灿炳宾客宸寒寅宝宜宁逸迪遥通达迅连超越起路跃鲁麟麒骏驰骁骥辛辰巧巍希帅帝常幸幼康庭廷弘"
      "弛彩影微心念恩恬悠情愫懿"
      "成战扬才捷政敬敏文斐斌方施旋日时昂昆易春晋晏普智暄曼朋朗朝本权村来杏果柯栩根桃梦梧楚榆槿欢歌正武比毓水汉池沁治法"
      "泊泳洲流浚消涓涯淇淳深渊"
      "渝湘源溪滔滨潇澄澎灏炫点烈焕煊爽牧特犇玄玛玫珂班理瑛璞生用甜申男甲界略百皓益盈盼睦矢知硕礼祎祯禄禹科秉秦穆空竣童"
      "竹笑笛策简箫米粤精纪纯纲绎"
      "维缨罗羽翌翎翼耿聪胤舒航艺艾节芃芊花苇苏苑茗草荃莎菁菡萱葆蓓蔓蔚薪虎融行衡裕西要言誉许语诺谊谷豆贝贤赋赫起辽达运"
      "进迎连迪述逍邦郁郎都酉里"
      "重野钊铎长闻闽阔降陶雄霄青静韬韵音顶项顺颂领颢风香驹骞高鱼鲲鹃鹭麦黛默齐小英琴素妹姐妞囡婵娥娣");
  return kWords;
}

}  // namespace ballast::text
