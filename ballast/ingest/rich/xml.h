// SPDX-License-Identifier: Apache-2.0
// Reading libxml2's nodes.
#pragma once

#include <libxml/tree.h>

#include <string>
#include <string_view>

namespace ballast::ingest {

inline std::string_view name_of(const xmlNode* node) {
  return node->name == nullptr ? std::string_view() : reinterpret_cast<const char*>(node->name);
}

/// Empty where there is none of this name.
inline std::string attribute(xmlNode* node, const char* name) {
  xmlChar* value = xmlGetProp(node, reinterpret_cast<const xmlChar*>(name));
  std::string out = value == nullptr ? "" : reinterpret_cast<const char*>(value);
  xmlFree(value);
  return out;
}

}  // namespace ballast::ingest
