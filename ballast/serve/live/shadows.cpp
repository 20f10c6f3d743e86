// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/shadows.h"

#include <sys/resource.h>
#include <unistd.h>

#include "ballast/base/error.h"

namespace ballast::serve {
namespace {
constexpr int kLessUrgent = 10;  // steps of niceness
}  // namespace

Shadows::~Shadows() {
  stop();
}

void Shadows::start() {
  for (const ShadowModel& challenger : app_.options.shadows) {
    app_.metrics.model("shadow", challenger.name, challenger.sha256);
  }
  if (!app_.options.shadows.empty()) thread_ = std::thread([this] { run(); });
}

void Shadows::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::size_t Shadows::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void Shadows::count(const ShadowModel& challenger, const char* what) {
  app_.metrics.add(std::string("ballast_shadow_") + what + "_total", "Decisions that challengers were to answer too", 1,
                   {"challenger", challenger.name});
}

void Shadows::offer(const decide::Decision& decided) {
  for (const ShadowModel& challenger : app_.options.shadows) {
    if (challenger.kind != decided.kind || decided.model_hash.ends_with(challenger.sha256)) continue;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      if (queue_.size() < app_.options.limits.queue) {
        queue_.push_back({&challenger, decided});
        news_.notify_one();
        continue;
      }
    }
    count(challenger, "left");
  }
}

void Shadows::run() {
  // On Linux a thread has a niceness of its own, which the threads that it starts inherit.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLessUrgent);
  while (true) {
    std::unique_lock lock(mutex_);
    news_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const Question question = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    answer(question);
  }
}

void Shadows::failed(const Question& question, const char* why) {
  // Not what the failure says: it may quote the application, and the log holds no personal data.
  count(*question.challenger, "failed");
  app_.log("warning", "shadow",
           {{"challenger", question.challenger->name}, {"decision_id", question.decided.id}, {"failure", why}});
}

void Shadows::answer(const Question& question) {
  try {
    const auto answered = std::make_shared<decide::Decision>(question.challenger->answer(question.decided));
    // Stored by a thread of full standing where one is free: this one could be kept from the processor while everybody
    // waits for the store's one place to write.
    if (!app_.quick.add([this, question, answered] { keep(question, *answered); })) keep(question, *answered);
  } catch (const base::Error& e) {
    failed(question, base::error_name(e.code()));
  } catch (const std::exception&) {
    failed(question, "internal");
  }
}

void Shadows::keep(const Question& question, decide::Decision& answered) {
  try {
    decide::keep(*app_.stores.lend(), {&answered, 1});
    count(*question.challenger, "answered");
  } catch (const base::Error& e) {
    failed(question, base::error_name(e.code()));
  }
}

}  // namespace ballast::serve
