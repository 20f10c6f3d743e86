// SPDX-License-Identifier: Apache-2.0
#include "events.h"

#include <algorithm>

namespace ballast::apps {

std::vector<Event> find_events(std::string_view text, const lm::Head& types, const lm::HeadPrediction& prediction,
                               const lm::SpanTagger& subjects) {
  std::vector<Event> events;
  const bool multilabel = types.kind == lm::HeadKind::multilabel;
  for (std::size_t j = 0; j < types.labels.size(); ++j) {
    const double p = prediction.probabilities[j];
    const bool listed = multilabel ? p >= types.thresholds[j] : lm::answer(types, prediction) == types.labels[j];
    if (!listed) continue;
    Event event{types.labels[j], p, {}};
    for (const lm::FoundSpan& f : subjects.find(text, event.type)) {
      const std::string name(text.substr(f.start, f.end - f.start));
      const auto known = std::find_if(event.subjects.begin(), event.subjects.end(),
                                      [&](const Event::Subject& s) { return s.text == name; });
      if (known == event.subjects.end()) {
        event.subjects.push_back({name, f.start, f.end, f.probability});
      } else {
        known->probability = std::max(known->probability, f.probability);
      }
    }
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace ballast::apps
