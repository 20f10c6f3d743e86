// SPDX-License-Identifier: Apache-2.0
#include "ballast/serve/live/store_pool.h"

#include <utility>

#include "ballast/base/error.h"
#include "ballast/store/work.h"

namespace ballast::serve {

namespace {

thread_local std::string acting = "service";

}  // namespace

ActingAs::ActingAs(std::string actor) : before_(std::exchange(acting, std::move(actor))) {}
ActingAs::~ActingAs() {
  acting = before_;
}

StorePool::StorePool(std::string url) : url_(std::move(url)) {
  if (url_ == "sqlite::memory:") {
    throw base::Error(base::ErrorCode::usage, "a service needs a store that several connections share", url_,
                      "--store sqlite:FILE");
  }
  idle_.push_back(std::make_unique<store::Store>(store::Store::open(url_)));
}

StorePool::Lease StorePool::lend() {
  std::unique_ptr<store::Store> store;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      store = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (store && !store::Work(*store).connected()) store.reset();
  if (!store) store = std::make_unique<store::Store>(store::Store::open(url_));
  store->act_as(acting);
  return {*this, std::move(store)};
}

void StorePool::give_back(std::unique_ptr<store::Store> store) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(store));
}

}  // namespace ballast::serve
