// SPDX-License-Identifier: Apache-2.0
#include "ballast/ingest/live/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>

#include "ballast/base/error.h"
#include "ballast/base/hash.h"
#include "ballast/ingest/bytes/utf8.h"
#include "ballast/ingest/feed.h"

namespace ballast::ingest {
namespace {

using base::Error;
using base::ErrorCode;
using base::Json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLargestFeed = std::size_t{64} << 20;
constexpr std::size_t kLongestLine = std::size_t{1} << 20;
constexpr std::size_t kRememberedItems = 4000;  // items of a feed that are known

Clock::time_point later(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

enum class ContentKind { unknown, feed, lines };

struct CurlStart {
  CurlStart() { curl_global_init(CURL_GLOBAL_DEFAULT); }
};

std::string without_feed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

struct HttpSource::State {
  std::string url;
  LiveOptions options;
  LiveNotes notes;
  std::unique_ptr<CURLM, void (*)(CURLM*)> multi{nullptr, [](CURLM* m) { curl_multi_cleanup(m); }};
  std::unique_ptr<CURL, void (*)(CURL*)> easy{nullptr, [](CURL* e) { curl_easy_cleanup(e); }};
  curl_slist* headers = nullptr;
  ContentKind kind = ContentKind::unknown;
  std::string received;  // of the answer that is coming in, not yet handed over
  std::int64_t lines = 0;
  bool running = false, paused = false, done = false, skipping = false;
  double wait = 0;
  Clock::time_point next = Clock::now();
  std::string etag, modified, new_etag, new_modified;
  std::deque<std::string> seen;
  std::deque<Document> waiting;  // items of a feed, not yet handed over
  char problem[CURL_ERROR_SIZE] = {};

  void note(const std::string& what) const {
    if (notes) notes(url + ": " + what);
  }
  void start();
  void stop();
  void finished(CURLcode code);
  void take_feed();
  bool take_lines(const DocumentSink& documents, const QuarantineSink& quarantine, std::int64_t limit);
  static std::size_t on_data(char* data, std::size_t one, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t one, std::size_t count, void* self);
};

std::size_t HttpSource::State::on_data(char* data, std::size_t one, std::size_t count, void* self) {
  State& s = *static_cast<State*>(self);
  const std::size_t size = one * count;
  if (s.kind == ContentKind::unknown) {
    const std::string_view text(data, size);
    const std::size_t first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    if (first != std::string_view::npos) s.kind = text[first] == '<' ? ContentKind::feed : ContentKind::lines;
  }
  // Whoever sends faster than it is taken has to wait.
  if (s.kind == ContentKind::lines && s.received.size() > s.options.buffer_bytes) {
    s.paused = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (s.kind != ContentKind::lines && s.received.size() + size > kLargestFeed)
    return 0;  // ends the transfer with an error
  s.received.append(data, size);
  return size;
}

std::size_t HttpSource::State::on_header(char* data, std::size_t one, std::size_t count, void* self) {
  State& s = *static_cast<State*>(self);
  std::string line(data, one * count);
  const std::size_t colon = line.find(':');
  if (colon != std::string::npos) {
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    std::string value = line.substr(std::min(line.find_first_not_of(' ', colon + 1), line.size()));
    while (!value.empty() && (value.back() == '\r' || value.back() == '\n')) value.pop_back();
    if (name == "etag") s.new_etag = value;
    if (name == "last-modified") s.new_modified = value;
  }
  return one * count;
}

void HttpSource::State::start() {
  easy.reset(curl_easy_init());
  CURL* const e = easy.get();
  curl_easy_setopt(e, CURLOPT_URL, url.c_str());
  curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(e, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, 20L);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(e, CURLOPT_USERAGENT, "ballast");
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, &State::on_data);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, &State::on_header);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, problem);
  curl_slist_free_all(headers);
  headers = nullptr;
  if (!etag.empty()) headers = curl_slist_append(headers, ("If-None-Match: " + etag).c_str());
  if (!modified.empty()) headers = curl_slist_append(headers, ("If-Modified-Since: " + modified).c_str());
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
  kind = ContentKind::unknown;
  received.clear();
  new_etag.clear();
  new_modified.clear();
  lines = 0;
  skipping = false;
  problem[0] = '\0';
  curl_multi_add_handle(multi.get(), e);
  running = true;
}

void HttpSource::State::stop() {
  if (easy) curl_multi_remove_handle(multi.get(), easy.get());
  easy.reset();
  running = paused = false;
}

void HttpSource::State::take_feed() {
  for (FeedItem& item : read_feed(received, url)) {
    const std::string key = base::sha256_hex(item.id + "\n" + item.title + "\n" + item.text).substr(0, 16);
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) continue;
    seen.push_back(key);
    if (seen.size() > kRememberedItems) seen.pop_front();
    Document d;
    d.source = url;
    d.title = item.title;
    d.text = item.text.empty() ? item.title : item.title.empty() ? item.text : item.title + "\n" + item.text;
    if (is_blank(d.text)) continue;
    d.id = text_id(d.text);
    d.published_at = item.published_at;
    if (!item.link.empty()) d.fields.emplace_back("link", item.link);
    waiting.push_back(std::move(d));
  }
  received.clear();
}

void HttpSource::State::finished(CURLcode code) {
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  const ContentKind was = kind;
  stop();
  const bool good = code == CURLE_OK && status >= 200 && status < 300;
  if (good) wait = options.reconnect_seconds;
  if (good && was == ContentKind::feed) {
    try {
      take_feed();
      etag = new_etag;
      modified = new_modified;
    } catch (const Error& e) {
      note(e.problem());
    }
  }
  if (good && was == ContentKind::lines) {
    done = true;  // the server closed it in good order
    return;
  }
  if (good || status == 304) {
    next = later(options.feed_seconds);
    return;
  }
  received.clear();
  next = later(wait);
  note(fmt::format("{}, again in {:.0f} s",
                   code == CURLE_OK     ? fmt::format("answered {}", status)
                   : problem[0] != '\0' ? problem
                                        : curl_easy_strerror(code),
                   wait));
  wait = std::min(60.0, 2 * wait);
}

bool HttpSource::State::take_lines(const DocumentSink& documents, const QuarantineSink& quarantine,
                                   std::int64_t limit) {
  std::size_t from = 0;
  std::int64_t taken = 0;
  while (taken < limit) {
    const std::size_t feed = received.find('\n', from);
    if (feed == std::string::npos && !(done && from < received.size())) break;
    const std::size_t end = feed == std::string::npos ? received.size() : feed;
    const std::string line = without_feed(received.substr(from, end - from));
    from = std::min(end + 1, received.size());
    ++lines;
    if (skipping) {
      skipping = false;
      continue;
    }
    ++taken;
    try {
      if (auto d = line_document(line, url, lines)) documents(std::move(*d));
    } catch (const Error& e) {
      if (quarantine) quarantine({url, lines, "", e.problem(), excerpt(line)});
    }
  }
  received.erase(0, from);
  if (received.size() > kLongestLine && received.find('\n') == std::string::npos) {
    if (quarantine && !skipping) quarantine({url, lines + 1, "", "is longer than 1 MiB", excerpt(received)});
    received.clear();
    skipping = true;
  }
  return taken > 0;
}

HttpSource::HttpSource(std::string url, const LiveOptions& options, const Json& state, LiveNotes notes)
    : state_(std::make_unique<State>()) {
  static const CurlStart kStarted;
  State& s = *state_;
  s.url = std::move(url);
  s.options = options;
  s.notes = std::move(notes);
  s.wait = options.reconnect_seconds;
  s.multi.reset(curl_multi_init());
  if (state.is_null()) return;
  s.etag = base::json_field<std::string>(state, "etag", s.url);
  s.modified = base::json_field<std::string>(state, "modified", s.url);
  for (const Json& key : base::json_field<Json>(state, "seen", s.url)) s.seen.push_back(key.get<std::string>());
}

HttpSource::~HttpSource() {
  state_->stop();
  curl_slist_free_all(state_->headers);
}

bool HttpSource::poll(const DocumentSink& documents, const QuarantineSink& quarantine, std::int64_t limit) {
  State& s = *state_;
  if (!s.running && !s.done && s.waiting.empty() && Clock::now() >= s.next) s.start();
  if (s.running) {
    if (s.paused && s.received.size() <= s.options.buffer_bytes) {
      s.paused = false;
      curl_easy_pause(s.easy.get(), CURLPAUSE_CONT);
    }
    int running = 0;
    curl_multi_perform(s.multi.get(), &running);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(s.multi.get(), &left)) {
      if (message->msg == CURLMSG_DONE) {
        s.finished(message->data.result);
        break;
      }
    }
  }
  if (s.kind == ContentKind::lines) return s.take_lines(documents, quarantine, limit);
  bool came = false;
  for (std::int64_t i = 0; i < limit && !s.waiting.empty(); ++i) {
    documents(std::move(s.waiting.front()));
    s.waiting.pop_front();
    came = true;
  }
  return came;
}

bool HttpSource::ended() const {
  return state_->done && state_->received.empty();
}

void HttpSource::wait(double seconds) {
  curl_multi_poll(state_->multi.get(), nullptr, 0, static_cast<int>(seconds * 1000), nullptr);
}

Json HttpSource::state() const {
  const State& s = *state_;
  // What is fetched and not handed over has to be fetched again.
  const bool whole = s.waiting.empty();
  return {{"etag", whole ? s.etag : ""},
          {"modified", whole ? s.modified : ""},
          {"seen", whole ? Json(s.seen)
                         : Json(std::vector<std::string>(
                               s.seen.begin(), s.seen.end() - static_cast<std::ptrdiff_t>(
                                                                  std::min(s.waiting.size(), s.seen.size()))))}};
}

std::optional<Document> line_document(const std::string& text, const std::string& source, std::int64_t line) {
  if (is_blank(text)) return std::nullopt;
  if (first_invalid_utf8(text) != std::string_view::npos) throw Error(ErrorCode::bad_input, "is not UTF-8", source);
  Document d;
  d.source = source;
  d.line = line;
  if (text[text.find_first_not_of(" \t")] != '{') {
    d.text = text;
    d.id = text_id(d.text);
    return d;
  }
  const Json row = base::parse_json(text, source);
  const auto field = [&](const char* name) {
    return row.contains(name) && row.at(name).is_string() ? row.at(name).get<std::string>() : std::string();
  };
  d.title = field("title");
  d.text = field("text");
  if (d.text.empty()) {
    const std::string body = field("body").empty() ? field("content") : field("body");
    d.text = d.title.empty() || body.empty() ? d.title + body : d.title + "\n" + body;
  }
  if (is_blank(d.text)) throw Error(ErrorCode::bad_input, "has no text", source);
  d.id = field("id").empty() ? text_id(d.text) : field("id");
  d.lang = field("lang");
  d.published_at = field("published_at");
  if (!field("sent_at").empty())
    d.fields.emplace_back("sent_at", field("sent_at"));  // when it was written, to measure delays
  return d;
}

}  // namespace ballast::ingest
