// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/feed.h"

#include <fmt/format.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>

#include "ballast/base/error.h"
#include "ballast/ingest/rich/xml.h"
#include "ballast/ingest/rich_text.h"

namespace ballast::ingest {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kLargestFile = std::size_t{64} << 20;

std::string content_of(xmlNode* node) {
  xmlChar* content = xmlNodeGetContent(node);
  std::string out = content == nullptr ? "" : reinterpret_cast<const char*>(content);
  xmlFree(content);
  const std::size_t begin = out.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return out.substr(begin, out.find_last_not_of(" \t\r\n") + 1 - begin);
}

/// Descriptions are often HTML inside the XML.
std::string without_markup(const std::string& text) {
  if (text.find('<') == std::string::npos && text.find('&') == std::string::npos) return text;
  try {
    return read_html("<body>" + text + "</body>", "feed").text;
  } catch (const Error&) {
    return text;
  }
}

FeedItem read_item(xmlNode* item) {
  FeedItem out;
  std::string summary, content, updated;
  for (xmlNode* n = item->children; n != nullptr; n = n->next) {
    if (n->type != XML_ELEMENT_NODE) continue;
    const std::string_view name = name_of(n);
    if (name == "title") out.title = without_markup(content_of(n));
    if (name == "guid" || name == "id") out.id = content_of(n);
    if (name == "link" && (out.link.empty() || attribute(n, "rel") == "alternate"))
      out.link = attribute(n, "href").empty() ? content_of(n) : attribute(n, "href");
    if (name == "description" || name == "summary") summary = content_of(n);
    if (name == "content" || name == "encoded") content = content_of(n);
    if (name == "pubDate" || name == "published" || name == "date") out.published_at = feed_time(content_of(n));
    if (name == "updated") updated = feed_time(content_of(n));
  }
  if (out.published_at.empty()) out.published_at = updated;
  out.text = without_markup(content.empty() ? summary : content);
  while (!out.text.empty() && out.text.back() == '\n') out.text.pop_back();
  while (!out.title.empty() && out.title.back() == '\n') out.title.pop_back();
  if (out.id.empty()) out.id = out.link.empty() ? out.title : out.link;
  return out;
}

void collect(xmlNode* node, int depth, std::vector<FeedItem>& items) {
  for (; node != nullptr; node = node->next) {
    if (node->type != XML_ELEMENT_NODE) continue;
    if (name_of(node) == "item" || name_of(node) == "entry") {
      items.push_back(read_item(node));
    } else if (depth < 3) {
      collect(node->children, depth + 1, items);
    }
  }
}

std::string utc(int year, int month, int day, int hour, int minute, int second, int offset_minutes) {
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return {};
  const auto at = sys_days{date} + hours{hour} + minutes{minute} + seconds{second} - minutes{offset_minutes};
  const auto midnight = floor<days>(at);
  const year_month_day d{midnight};
  const hh_mm_ss time{at - midnight};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(d.year()),
                     static_cast<unsigned>(d.month()), static_cast<unsigned>(d.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

/// "+0130", "+01:30", "Z", "GMT", "EST" as minutes east of Greenwich; unknown names count as UTC.
int offset_of(std::string_view zone) {
  constexpr std::array<std::pair<std::string_view, int>, 8> kNamed = {{{"EST", -300},
                                                                       {"EDT", -240},
                                                                       {"CST", -360},
                                                                       {"CDT", -300},
                                                                       {"MST", -420},
                                                                       {"MDT", -360},
                                                                       {"PST", -480},
                                                                       {"PDT", -420}}};
  for (const auto& [name, minutes] : kNamed) {
    if (zone == name) return minutes;
  }
  int hours = 0, minutes = 0;
  const std::string text(zone);
  if (zone.size() >= 5 && (zone[0] == '+' || zone[0] == '-') &&
      (std::sscanf(text.c_str() + 1, "%2d:%2d", &hours, &minutes) == 2 ||
       std::sscanf(text.c_str() + 1, "%2d%2d", &hours, &minutes) == 2))
    return (zone[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
  return 0;
}

}  // namespace

std::string feed_time(std::string_view text) {
  const std::string s(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  if (std::sscanf(s.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second, &used) == 6) {
    std::size_t at = static_cast<std::size_t>(used);
    if (at < s.size() && s[at] == '.') at = s.find_first_not_of("0123456789", at + 1);
    return utc(year, month, day, hour, minute, second, offset_of(at < s.size() ? std::string_view(s).substr(at) : ""));
  }
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::size_t comma = s.find(',');
  const char* const rest = s.c_str() + (comma == std::string::npos ? 0 : comma + 1);
  char name[4] = {}, zone[8] = {};
  const int read = std::sscanf(rest, " %2d %3s %4d %2d:%2d:%2d %7s", &day, name, &year, &hour, &minute, &second, zone);
  const std::size_t at = kMonths.find(name);
  if (read < 6 || at == std::string_view::npos || at % 3 != 0 || name[0] == '\0') return {};
  return utc(year, static_cast<int>(at / 3) + 1, day, hour, minute, second, offset_of(zone));
}

std::vector<FeedItem> read_feed(std::string_view bytes, const std::string& where) {
  if (bytes.size() > kLargestFile) throw Error(ErrorCode::bad_input, "is larger than 64 MiB", where);
  constexpr int kOptions = XML_PARSE_RECOVER | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET;
  const std::unique_ptr<xmlDoc, void (*)(xmlDocPtr)> feed(
      xmlReadMemory(bytes.data(), static_cast<int>(bytes.size()), nullptr, nullptr, kOptions), xmlFreeDoc);
  xmlNode* root = feed == nullptr ? nullptr : xmlDocGetRootElement(feed.get());
  const std::string_view name = root == nullptr ? std::string_view() : name_of(root);
  if (name != "rss" && name != "feed" && name != "RDF") {
    throw Error(ErrorCode::bad_input, "is neither RSS nor Atom", where);
  }
  std::vector<FeedItem> items;
  collect(root->children, 0, items);
  return items;
}

}  // namespace ballast::ingest
