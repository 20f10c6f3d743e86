// SPDX-License-Identifier: Apache-2.0
// HTML through libxml2: the text that a reader sees, in blocks by heading.
#include <libxml/HTMLparser.h>

#include <array>
#include <memory>
#include <vector>

#include "ballast/base/error.h"
#include "ballast/ingest/rich/parts.h"
#include "ballast/ingest/rich/xml.h"
#include "ballast/ingest/rich_text.h"

namespace ballast::ingest {
namespace {

constexpr std::size_t kLargestPage = std::size_t{64} << 20;
constexpr int kDeepest = 400;  // libxml2 itself stops at 256

template <std::size_t N>
bool among(std::string_view word, const std::array<std::string_view, N>& words) {
  for (const auto w : words) {
    if (w == word) return true;
  }
  return false;
}

/// Never shown by a browser.
bool is_machinery(std::string_view name) {
  constexpr std::array<std::string_view, 9> kNames = {"script", "style",    "template", "noscript", "head",
                                                      "iframe", "textarea", "object",   "svg"};
  return among(name, kNames);
}

bool is_block(std::string_view name) {
  constexpr std::array<std::string_view, 30> kNames = {
      "p",  "div", "section", "article",    "aside", "header", "footer", "main", "nav", "ul",
      "ol", "li",  "table",   "tr",         "td",    "th",     "dl",     "dt",   "dd",  "pre",
      "br", "hr",  "form",    "blockquote", "h1",    "h2",     "h3",     "h4",   "h5",  "h6"};
  return among(name, kNames);
}

/// The style without spaces and in lower case says that nothing is to be seen.
bool is_unseen(xmlNode* node) {
  if (xmlHasProp(node, reinterpret_cast<const xmlChar*>("hidden")) != nullptr) return true;
  if (attribute(node, "aria-hidden") == "true") return true;
  std::string style;
  for (const char c : attribute(node, "style")) {
    if (c != ' ' && c != '\t' && c != '\n') style += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  style += ';';
  constexpr std::array<std::string_view, 11> kUnseen = {
      "display:none",      "visibility:hidden", "opacity:0;",     "font-size:0;", "font-size:0px", "font-size:1px",
      "color:transparent", "left:-9999",        "text-indent:-9", "color:#fff;",  "color:white;"};
  for (const auto u : kUnseen) {
    const std::size_t at = style.find(u);
    // A background in white is seen, and so is white text that has a background of its own.
    if (at == std::string::npos || (at > 0 && style[at - 1] == '-')) continue;
    if (u.starts_with("color:") && u != "color:transparent" && style.find("background") != std::string::npos) continue;
    return true;
  }
  return false;
}

class Walk {
 public:
  explicit Walk(RichText& out) : out_(out) {}

  void visit(xmlNode* node, int depth) {
    for (; node != nullptr; node = node->next) {
      if (node->type == XML_COMMENT_NODE) ++out_.hidden;
      if (node->type == XML_TEXT_NODE && node->content != nullptr) add(reinterpret_cast<const char*>(node->content));
      if (node->type == XML_ELEMENT_NODE && depth < kDeepest) element(node, depth);
    }
  }

  void finish() {
    while (!out_.text.empty() && (out_.text.back() == '\n' || out_.text.back() == ' ')) out_.text.pop_back();
    close_block();
  }

 private:
  void element(xmlNode* node, int depth) {
    const std::string_view name = name_of(node);
    if (name == "title" && out_.title.empty()) return;
    if (is_machinery(name)) return;
    if (is_unseen(node)) {
      ++out_.hidden;
      return;
    }
    const bool heading = name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6';
    if (is_block(name)) new_line();
    if (!heading) {
      visit(node->children, depth + 1);
      if (is_block(name)) new_line();
      return;
    }
    close_block();
    const std::size_t from = out_.text.size();
    visit(node->children, depth + 1);
    start_block(static_cast<std::size_t>(name[1] - '0'), out_.text.substr(from), attribute(node, "id"));
    new_line();
    begin_ = out_.text.size();
  }

  void add(std::string_view text) {
    std::int64_t ignored = 0;
    for (const char c : visible_utf8(text, ignored)) {
      const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
      if (!space) {
        out_.text += c;
      } else if (!out_.text.empty() && out_.text.back() != ' ' && out_.text.back() != '\n') {
        out_.text += ' ';
      }
    }
    out_.hidden += ignored;
  }

  void new_line() {
    if (!out_.text.empty() && out_.text.back() == ' ') out_.text.back() = '\n';
    if (!out_.text.empty() && out_.text.back() != '\n') out_.text += '\n';
  }

  void start_block(std::size_t level, std::string heading, const std::string& id) {
    while (!heading.empty() && heading.back() == ' ') heading.pop_back();
    path_[level] = heading;
    for (std::size_t deeper = level + 1; deeper < path_.size(); ++deeper) path_[deeper].clear();
    block_ = {};
    for (const std::string& part : path_) {
      if (!part.empty()) block_.heading += (block_.heading.empty() ? "" : " > ") + part;
    }
    block_.anchor = id;
    if (out_.title.empty()) out_.title = heading;
  }

  void close_block() {
    new_line();
    block_.begin = begin_;
    block_.end = out_.text.size();
    if (out_.text.find_first_not_of(" \n", begin_) < block_.end) out_.blocks.push_back(block_);
    begin_ = out_.text.size();
  }

  RichText& out_;
  TextBlock block_;
  std::size_t begin_ = 0;
  std::array<std::string, 7> path_;
};

std::string title_of(xmlNode* node, int depth) {
  for (; node != nullptr; node = node->next) {
    if (node->type != XML_ELEMENT_NODE || depth > 4) continue;
    if (name_of(node) == "title") {
      xmlChar* content = xmlNodeGetContent(node);
      std::string out = content == nullptr ? "" : reinterpret_cast<const char*>(content);
      xmlFree(content);
      return out;
    }
    std::string inner = title_of(node->children, depth + 1);
    if (!inner.empty()) return inner;
  }
  return {};
}

}  // namespace

RichText read_html(std::string_view bytes, const std::string& where) {
  using base::Error;
  using base::ErrorCode;
  if (bytes.size() > kLargestPage) throw Error(ErrorCode::bad_input, "is larger than 64 MiB", where);
  const std::unique_ptr<htmlParserCtxt, void (*)(htmlParserCtxtPtr)> parser(htmlNewParserCtxt(), htmlFreeParserCtxt);
  constexpr int kOptions = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET;
  // Where the page declares no encoding, libxml2 would take Latin-1: most pages today are UTF-8.
  const std::string_view head = bytes.substr(0, 2048);
  const bool declared =
      head.find("charset") != std::string_view::npos || head.find("encoding=") != std::string_view::npos;
  const std::unique_ptr<xmlDoc, void (*)(xmlDocPtr)> page(
      htmlCtxtReadMemory(parser.get(), bytes.data(), static_cast<int>(bytes.size()), nullptr,
                         declared ? nullptr : "UTF-8", kOptions),
      xmlFreeDoc);
  xmlNode* root = page == nullptr ? nullptr : xmlDocGetRootElement(page.get());
  if (root == nullptr) throw Error(ErrorCode::bad_input, "holds no HTML element", where);
  RichText out;
  out.title = title_of(root, 0);
  Walk walk(out);
  walk.visit(root, 0);
  walk.finish();
  return out;
}

}  // namespace ballast::ingest
