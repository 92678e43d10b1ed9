// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <string>
#include <vector>

#include <weft/async/loop.hpp>

namespace weft {

namespace {

struct line {
  wait_record record;
  std::size_t count = 1;
};

bool same_place(const wait_record& a, const wait_record& b) {
  return a.what == b.what && a.peer == b.peer && a.tag == b.tag && a.where.file == b.where.file &&
         a.where.line == b.where.line && a.awaited == b.awaited;
}

std::string text_of(const line& l) {
  std::string text = "  " + std::to_string(l.count) + " " + l.record.what;
  if (l.record.peer != any_source) text += ", rank " + std::to_string(l.record.peer);
  if (l.record.tag != any_tag) text += ", tag " + std::to_string(l.record.tag);
  text += describe(l.record.where);
  return text + (l.record.awaited ? ", awaited\n" : "\n");
}

}  // namespace

std::string loop::pending_report(std::size_t most) const {
  std::vector<line> lines;
  std::size_t beyond = 0;  // operations that fit no line
  for_each_pending([&](const wait_record& record) {
    const auto found =
        std::find_if(lines.begin(), lines.end(), [&](const line& l) { return same_place(l.record, record); });
    if (found != lines.end()) {
      ++found->count;
    } else if (lines.size() < most) {
      lines.push_back({record});
    } else {
      ++beyond;
    }
  });
  if (pending_count_ == 0) return {};
  std::string text =
      pending_count_ == 1 ? "1 operation is pending:\n" : std::to_string(pending_count_) + " operations are pending:\n";
  for (const line& l : lines) text += text_of(l);
  if (beyond > 0) text += "  and " + std::to_string(beyond) + " more\n";
  return text;
}

void loop::describe_wait(time_point deadline) {
  wait_facts facts;
  facts.has_foreground_timer = deadline != never || timers_.has_foreground();
  facts.last_timer = timers_.latest();
  facts.progress = metrics_.resumptions - background_resumptions_ + waits_;
  transport_.describe_wait(facts);
}

}  // namespace weft
