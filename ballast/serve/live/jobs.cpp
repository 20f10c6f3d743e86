// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/jobs.h"

#include <algorithm>

#include "ballast/base/clock.h"
#include "ballast/serve/api/records.h"
#include "ballast/serve/auth/secrets.h"
#include "ballast/serve/http/problem.h"

namespace ballast::serve {
namespace {

constexpr double kTellEvery = 0.5;  // seconds between two records of progress

base::Json progress_json(const base::ProgressState& state) {
  return {{"doing", state.doing},
          {"done", state.done},
          {"total", state.total},
          {"unit", state.unit},
          {"metric", state.metric}};
}

}  // namespace

Jobs::~Jobs() {
  stop();
}

void Jobs::start() {
  {
    const auto store = app_.stores.lend();
    for (store::JobRecord& job : store::Work(*store).resume_jobs()) queue_.push_back(std::move(job));
  }
  thread_ = std::thread([this] { run(); });
}

void Jobs::stop() {
  stopping_ = true;
  cancel_ = true;
  {
    const std::lock_guard lock(mutex_);
    news_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Jobs::keep(const store::JobRecord& job) {
  const auto store = app_.stores.lend();
  store::Work(*store).put_job(job);
  app_.hub.publish("jobs", "job", to_json(job));
}

store::JobRecord Jobs::add(const std::string& kind, const base::Json& request, const std::string& by) {
  store::JobRecord job;
  job.id = random_token(8);
  job.kind = kind;
  job.status = "queued";
  job.request = base::dump_json(request);
  job.created_by = by;
  job.created_at = base::utc_now();
  keep(job);
  const std::lock_guard lock(mutex_);
  queue_.push_back(job);
  news_.notify_one();
  return job;
}

store::JobRecord Jobs::cancel(const std::string& id) {
  const auto store = app_.stores.lend();
  auto job = store::Work(*store).find_job(id);
  if (!job) throw Problem(404, "there is no job " + id);
  if (job->status != "queued" && job->status != "running") throw Problem(409, "the job is " + job->status);
  const std::lock_guard lock(mutex_);
  if (running_ == id) {
    cancel_ = true;  // it ends at its next step
    return *job;
  }
  std::erase_if(queue_, [&](const store::JobRecord& waiting) { return waiting.id == id; });
  job->status = "cancelled";
  job->finished_at = base::utc_now();
  keep(*job);
  return *job;
}

store::JobRecord Jobs::resume(const std::string& id) {
  const auto store = app_.stores.lend();
  auto job = store::Work(*store).find_job(id);
  if (!job) throw Problem(404, "there is no job " + id);
  if (job->status != "cancelled" && job->status != "failed") throw Problem(409, "the job is " + job->status);
  job->status = "queued";
  job->error.clear(), job->finished_at.clear();
  keep(*job);
  const std::lock_guard lock(mutex_);
  queue_.push_back(*job);
  news_.notify_one();
  return *job;
}

void Jobs::run() {
  while (true) {
    store::JobRecord job;
    {
      std::unique_lock lock(mutex_);
      news_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      job = std::move(queue_.front());
      queue_.pop_front();
      running_ = job.id;
      cancel_ = false;
    }
    run_one(std::move(job));
    const std::lock_guard lock(mutex_);
    running_.clear();
  }
}

void Jobs::run_one(store::JobRecord job) {
  job.status = "running";
  job.started_at = base::utc_now();
  base::Stopwatch since;
  double told = -kTellEvery;
  const base::ProgressSink progress = [&](const base::ProgressState& state) {
    if (cancel_) throw base::Error(base::ErrorCode::cancelled, "the job was cancelled");
    if (since.seconds() - told < kTellEvery) return;
    told = since.seconds();
    job.progress = base::dump_json(progress_json(state));
    keep(job);
  };
  try {
    keep(job);
    const auto kind = kinds_.find(job.kind);
    if (kind == kinds_.end()) throw Problem(501, "this service does no work of kind " + job.kind);
    job.result = base::dump_json(kind->second(base::parse_json(job.request, "job " + job.id), progress));
    job.status = "done";
  } catch (const base::Error& e) {
    const bool cancelled = e.code() == base::ErrorCode::cancelled;
    job.status = !cancelled ? "failed" : stopping_ ? "queued" : "cancelled";
    if (!cancelled) job.error = base::dump_json(problem_json_of_current());
  } catch (...) {
    job.status = "failed";
    job.error = base::dump_json(problem_json_of_current());
  }
  if (job.status != "queued") job.finished_at = base::utc_now();
  try {
    keep(job);
  } catch (const std::exception& e) {
    app_.log("error", "job", {{"job", job.id}, {"what", e.what()}});
  }
}

}  // namespace ballast::serve
