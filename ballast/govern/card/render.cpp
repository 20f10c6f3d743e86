// SPDX-License-Identifier: Apache-2.0
// A card as Markdown and as a page.
#include <fmt/format.h>

#include <algorithm>

#include "ballast/decide/html.h"
#include "ballast/decide/report_style.h"
#include "ballast/govern/model_card.h"

namespace ballast::govern {
namespace {

using decide::escaped;

/// A bar would end the cell, a line break the table.
std::string markdown_cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

std::string markdown_table(const CardTable& table) {
  if (table.rows.empty()) return "";
  std::string out = "|", rule = "|";
  for (const std::string& cell : table.head) {
    out += " " + markdown_cell(cell) + " |";
    rule += "---|";
  }
  out += "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    out += "|";
    for (const std::string& cell : row) out += " " + markdown_cell(cell) + " |";
    out += "\n";
  }
  return out + "\n";
}

bool looks_like_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.,+-[] %()") == std::string::npos;
}

/// Hashes and names without a place to break would push a table over the edge of the paper.
std::string html_cell(const std::string& text) {
  std::string out;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == ' ' ? 0 : run + 1;
    out += c;
    if (run == 32) {
      out += '\x01';
      run = 0;
    }
  }
  std::string html = escaped(out);
  for (std::size_t at; (at = html.find('\x01')) != std::string::npos;) html.replace(at, 1, "<wbr>");
  return html;
}

std::string html_table(const CardTable& table) {
  if (table.rows.empty()) return "";
  std::string out = "<table>";
  if (std::any_of(table.head.begin(), table.head.end(), [](const auto& cell) { return !cell.empty(); })) {
    out += "<thead><tr>";
    for (std::size_t i = 0; i < table.head.size(); ++i) {
      const bool numbers = table.head.size() > 2 && i < table.rows[0].size() && looks_like_number(table.rows[0][i]);
      out += (numbers ? "<th class=\"n\">" : "<th>") + html_cell(table.head[i]) + "</th>";
    }
    out += "</tr></thead>";
  }
  out += "<tbody>\n";
  const bool wide = table.head.size() > 2;  // names and values side by side read better from the left
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (const std::string& cell : row)
      out += (wide && looks_like_number(cell) ? "<td class=\"n\">" : "<td>") + html_cell(cell) + "</td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table>\n";
}

}  // namespace

std::string card_markdown(const ModelCard& card) {
  std::string out = "# " + card.title + "\n\n" + card.subtitle + "\n\n";
  CardTable facts{{"", ""}, {}};
  for (const auto& [name, value] : card.facts) facts.rows.push_back({name, value});
  out += markdown_table(facts);
  for (const CardSection& section : card.sections) {
    out += "## " + section.heading + "\n\n";
    for (const CardBlock& block : section.blocks) {
      if (!block.text.empty()) out += block.text + "\n\n";
      for (const std::string& bullet : block.bullets) out += "- " + bullet + "\n";
      if (!block.bullets.empty()) out += "\n";
      out += markdown_table(block.table);
      if (!block.caption.empty())
        out += "*" + block.caption + (block.svg.empty() ? "" : " (drawn in the page)") + "*\n\n";
    }
  }
  return out + "---\n" + card.foot + "\n";
}

std::string card_html(const ModelCard& card) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title><style>{}"
      "ul{{margin:0 0 9px;padding-left:18px}}p{{text-align:left}}table{{font-size:8pt}}th,td{{padding:3px "
      "4px}}</style></head><body><main>\n",
      escaped(card.title), decide::kReportStyle);
  out += fmt::format("<header><div class=\"brand\">Ballast</div><div class=\"meta\">{}</div></header>\n<h1>{}</h1>\n",
                     "Model card and validation report", escaped(card.title));
  out += "<p class=\"client\">" + escaped(card.subtitle) + "</p>\n";
  CardTable facts{{"", ""}, {}};
  for (const auto& [name, value] : card.facts) facts.rows.push_back({name, value});
  out += html_table(facts);
  for (const CardSection& section : card.sections) {
    out += "<h2>" + escaped(section.heading) + "</h2>\n";
    for (const CardBlock& block : section.blocks) {
      if (!block.text.empty()) out += "<p>" + escaped(block.text) + "</p>\n";
      if (!block.bullets.empty()) {
        out += "<ul>\n";
        for (const std::string& bullet : block.bullets) out += "<li>" + escaped(bullet) + "</li>\n";
        out += "</ul>\n";
      }
      out += html_table(block.table);
      if (!block.svg.empty()) {
        out += "<figure><figcaption>" + escaped(block.caption) + "</figcaption>" + block.svg + "</figure>\n";
      } else if (!block.caption.empty()) {
        out += "<p class=\"small\">" + escaped(block.caption) + "</p>\n";
      }
    }
  }
  return out + "<footer>" + escaped(card.foot) + "</footer>\n</main></body></html>\n";
}

}  // namespace ballast::govern
