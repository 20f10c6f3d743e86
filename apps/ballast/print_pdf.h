// SPDX-License-Identifier: Apache-2.0
// A page to PDF through a browser that is installed or not.
#pragma once

#include <filesystem>
#include <string>

namespace ballast::apps {

/// The first of chromium, chromium-browser, google-chrome in PATH; empty where there is none.
std::string find_browser();

/// Prints an HTML file with the browser found; the PDF appears whole or not at all. Throws io where the browser fails
/// or takes longer than a minute.
void print_pdf(const std::string& browser, const std::filesystem::path& html, const std::filesystem::path& pdf);

}  // namespace ballast::apps
