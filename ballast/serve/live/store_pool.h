// SPDX-License-Identifier: Apache-2.0
// Connections to the store, lent to one thread at a time.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ballast/store/store.h"

namespace ballast::serve {

/// While it lives, stores that this thread borrows write the audit trail in this name.
class ActingAs {
 public:
  explicit ActingAs(std::string actor);
  ~ActingAs();
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;

 private:
  std::string before_;
};

class StorePool {
 public:
  /// Opens one connection, which brings the store up to date. Throws as Store::open does.
  explicit StorePool(std::string url);

  class Lease {
   public:
    Lease(StorePool& pool, std::unique_ptr<store::Store> store) : pool_(&pool), store_(std::move(store)) {}
    ~Lease() {
      if (store_) pool_->give_back(std::move(store_));
    }
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    store::Store& operator*() const { return *store_; }
    store::Store* operator->() const { return store_.get(); }

   private:
    StorePool* pool_;
    std::unique_ptr<store::Store> store_;
  };
  Lease lend();
  const std::string& url() const { return url_; }

 private:
  friend class Lease;
  void give_back(std::unique_ptr<store::Store> store);

  std::string url_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<store::Store>> idle_;
};

}  // namespace ballast::serve
