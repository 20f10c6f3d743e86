// SPDX-License-Identifier: Apache-2.0
// How unusual are a session's event counts? Principal components of normal sessions span normal work; the score is the
// squared distance from that space (Xu et al. 2009, "Detecting Large-Scale System Problems by Mining Console Logs").
#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <span>
#include <vector>

#include "ballast/base/json.h"

namespace ballast::risk {

class CountModel {
 public:
  /// Rows of log(1 + count), one column an event, the last for events not seen in training. Components are kept until
  /// they explain `explained` of the variance (0.95 in the paper).
  static CountModel fit(const Eigen::MatrixXd& rows, double explained = 0.95);
  double score(const Eigen::VectorXd& row) const;

  base::Json to_json() const;
  static CountModel from_json(const base::Json& json, const std::string& where);

 private:
  Eigen::VectorXd mean_;
  Eigen::MatrixXd components_;  // orthonormal columns
};

}  // namespace ballast::risk
