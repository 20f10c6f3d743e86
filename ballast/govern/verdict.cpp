// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "ballast/govern/comparison.h"

namespace ballast::govern {
namespace {

constexpr double kAlpha = 0.05;

bool reads_language(Family family) {
  return family == Family::language_model || family == Family::hybrid;
}

class Judgement {
 public:
  explicit Judgement(const Comparison& comparison) : c_(comparison) {}

  double value(std::size_t m) const { return c_.methods[m].measures[c_.primary].value; }
  bool better(std::size_t a, std::size_t b) const {
    return c_.measures[c_.primary].higher_is_better ? value(a) > value(b) : value(a) < value(b);
  }
  /// The best method that `of` accepts; the number of methods where there is none.
  template <class Of>
  std::size_t best(Of of) const {
    std::size_t found = c_.methods.size();
    for (std::size_t m = 0; m < c_.methods.size(); ++m) {
      if (!of(m) || std::isnan(value(m))) continue;
      if (found == c_.methods.size() || better(m, found)) found = m;
    }
    return found;
  }
  const PairTest& test(std::size_t a, std::size_t b) const {
    for (const PairTest& t : c_.tests) {
      if ((t.first == a && t.second == b) || (t.first == b && t.second == a)) return t;
    }
    static const PairTest kNone;
    return kNone;
  }
  std::string figure(std::size_t m) const { return fmt::format("{} {:.4g}", c_.methods[m].name, value(m)); }
  const std::string& measure() const { return c_.measures[c_.primary].name; }

  /// Where both together were judged, how the language model alone stands against the traditional method.
  void add_alone(std::size_t judged, std::size_t traditional, Verdict& verdict) const {
    if (c_.methods[judged].family != Family::hybrid) return;
    const std::size_t alone = best([&](std::size_t m) { return c_.methods[m].family == Family::language_model; });
    if (alone == c_.methods.size()) return;
    const PairTest& t = test(alone, traditional);
    const bool ahead = better(alone, traditional), clear = t.p_holm < kAlpha;
    verdict.en += fmt::format(" Alone, {} is {}{} {} (p {:.3g} after Holm).", figure(alone),
                              clear ? "significantly " : "not significantly ", ahead ? "ahead of" : "behind",
                              c_.methods[traditional].name, t.p_holm);
    verdict.zh += fmt::format("单独的 {} {}{}于 {}（Holm 校正后 p {:.3g}）。", figure(alone),
                              clear ? "显著" : "不显著地", ahead ? "优" : "劣", c_.methods[traditional].name, t.p_holm);
  }

  /// Says so where the method taken does not clearly beat a baseline.
  void add_baselines(std::size_t taken, Verdict& verdict) const {
    for (std::size_t m = 0; m < c_.methods.size(); ++m) {
      if (c_.methods[m].family != Family::baseline || m == taken) continue;
      const PairTest& t = test(taken, m);
      if (better(taken, m) && t.p_holm < kAlpha) continue;
      verdict.en +=
          fmt::format(" It does not beat \"{}\" significantly (p {:.3g} after Holm).", c_.methods[m].name, t.p_holm);
      verdict.zh += fmt::format("它并未显著胜过“{}”（Holm 校正后 p {:.3g}）。", c_.methods[m].name, t.p_holm);
    }
  }

 private:
  const Comparison& c_;
};

Verdict between(const Comparison& c, const Judgement& j, std::size_t language, std::size_t traditional) {
  const PairTest& t = j.test(language, traditional);
  const bool ahead = j.better(language, traditional);
  const std::string figures = fmt::format("{}: {} against {}, {}, p {:.3g} after Holm", j.measure(), j.figure(language),
                                          j.figure(traditional), t.test, t.p_holm);
  const std::string zh_figures = fmt::format("{}：{} 对 {}，{}，Holm 校正后 p {:.3g}", j.measure(), j.figure(language),
                                             j.figure(traditional), t.test, t.p_holm);
  Verdict v;
  std::size_t taken = ahead ? language : traditional;
  if (t.p_holm < kAlpha && j.value(language) != j.value(traditional)) {
    v.outcome = ahead ? Outcome::language_model : Outcome::traditional;
    v.en = fmt::format("{} wins here ({}).", ahead ? "The language model" : "The traditional method", figures);
    v.zh = fmt::format("{}在此任务上胜出（{}）。", ahead ? "语言模型" : "传统方法", zh_figures);
  } else {
    v.outcome = Outcome::no_difference;
    taken = c.methods[language].model_bytes < c.methods[traditional].model_bytes ? language : traditional;
    v.en = fmt::format("No significant difference ({}). Take the cheaper: {}, {} bytes against {}.", figures,
                       c.methods[taken].name, c.methods[taken].model_bytes,
                       c.methods[taken == language ? traditional : language].model_bytes);
    v.zh = fmt::format("没有显著差异（{}）。选成本较低者：{}，{} 字节，另一个 {} 字节。", zh_figures,
                       c.methods[taken].name, c.methods[taken].model_bytes,
                       c.methods[taken == language ? traditional : language].model_bytes);
  }
  j.add_alone(language, traditional, v);
  v.take = c.methods[taken].name;
  j.add_baselines(taken, v);
  return v;
}

Verdict among(const Comparison& c, const Judgement& j, std::size_t best) {
  Verdict v;
  v.take = c.methods[best].name;
  v.en = fmt::format("No language model takes part. The best of the others is {} ({})", j.figure(best), j.measure());
  v.zh = fmt::format("没有语言模型参与。其余方法中最好的是 {}（{}）", j.figure(best), j.measure());
  const std::size_t next = j.best([&](std::size_t m) { return m != best && c.methods[m].family != Family::baseline; });
  if (next < c.methods.size()) {
    const PairTest& t = j.test(best, next);
    v.en += fmt::format("; the next, {}, is {} behind ({}, p {:.3g} after Holm)", j.figure(next),
                        t.p_holm < kAlpha ? "significantly" : "not significantly", t.test, t.p_holm);
    v.zh += fmt::format("；其次 {}，差距{}（{}，Holm 校正后 p {:.3g}）", j.figure(next),
                        t.p_holm < kAlpha ? "显著" : "不显著", t.test, t.p_holm);
  }
  v.en += ".";
  v.zh += "。";
  j.add_baselines(best, v);
  return v;
}

}  // namespace

Verdict decide_verdict(const Comparison& c) {
  const Judgement j(c);
  const std::size_t none = c.methods.size();
  const std::size_t language = j.best([&](std::size_t m) { return reads_language(c.methods[m].family); });
  const std::size_t traditional = j.best([&](std::size_t m) { return c.methods[m].family == Family::traditional; });
  if (language != none && traditional != none) return between(c, j, language, traditional);
  if (traditional != none) return among(c, j, traditional);
  return {Outcome::nothing_to_compare, "", "There is nothing to compare.", "没有可比较的方法。"};
}

const char* verdict_rule() {
  return "the better of the best language model and the best traditional method wins where p < 0.05 after Holm's "
         "correction over all pairs; otherwise the smaller stored model is taken";
}

}  // namespace ballast::govern
