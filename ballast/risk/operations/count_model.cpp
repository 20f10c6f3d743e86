// SPDX-License-Identifier: Apache-2.0
#include "ballast/risk/operations/count_model.h"

#include "ballast/base/error.h"

namespace ballast::risk {

CountModel CountModel::fit(const Eigen::MatrixXd& rows, double explained) {
  CountModel model;
  model.mean_ = rows.colwise().mean();
  const Eigen::MatrixXd centred = rows.rowwise() - model.mean_.transpose();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(centred.transpose() * centred);
  const Eigen::VectorXd values = solver.eigenvalues().cwiseMax(0);  // rising
  const double total = values.sum();
  Eigen::Index kept = 0;
  double sum = 0;
  while (kept < values.size() && sum < explained * total) sum += values[values.size() - 1 - kept++];
  model.components_ = solver.eigenvectors().rightCols(kept);
  return model;
}

double CountModel::score(const Eigen::VectorXd& row) const {
  const Eigen::VectorXd centred = row - mean_;
  return (centred - components_ * (components_.transpose() * centred)).squaredNorm();
}

base::Json CountModel::to_json() const {
  base::Json components = base::Json::array();
  for (Eigen::Index c = 0; c < components_.cols(); ++c) {
    components.push_back(std::vector<double>(components_.col(c).begin(), components_.col(c).end()));
  }
  return {{"mean", std::vector<double>(mean_.begin(), mean_.end())}, {"components", components}};
}

CountModel CountModel::from_json(const base::Json& json, const std::string& where) {
  const auto mean = base::json_field<std::vector<double>>(json, "mean", where);
  const auto components = base::json_field<std::vector<std::vector<double>>>(json, "components", where);
  CountModel model;
  const auto width = static_cast<Eigen::Index>(mean.size());
  model.mean_ = Eigen::Map<const Eigen::VectorXd>(mean.data(), width);
  model.components_.resize(width, static_cast<Eigen::Index>(components.size()));
  for (std::size_t c = 0; c < components.size(); ++c) {
    if (components[c].size() != mean.size()) {
      throw base::Error(base::ErrorCode::bad_input, "the count model's components have another width", where);
    }
    model.components_.col(static_cast<Eigen::Index>(c)) =
        Eigen::Map<const Eigen::VectorXd>(components[c].data(), width);
  }
  return model;
}

}  // namespace ballast::risk
