// SPDX-License-Identifier: BSL-1.0
// One job on a durable queue, for a test that kills it: durable_program FOLDER LOG PUTS synced|written
// Each rank puts PUTS items and takes what there is, and writes what it knows for certain into a file LOG.RANK, a line
// at once: P NAME (put and acknowledged), T NAME ATTEMPT (taken), E NAME (about to be acknowledged),
// D NAME (its acknowledgement is durable).
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;
using names = weft::durable_queue<std::string>;

class line_log {
 public:
  explicit line_log(const std::string& path) : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666)) {}
  ~line_log() { ::close(file_); }
  line_log(const line_log&) = delete;
  line_log& operator=(const line_log&) = delete;
  void write(const std::string& line) {
    const std::string text = line + "\n";
    if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      throw weft::environment_error("cannot write the log");
  }

 private:
  int file_;
};

weft::task<> produce(names& q, std::string prefix, int puts, line_log& log) {
  constexpr int at_once = 5;
  for (int first = 0; first < puts; first += at_once) {
    std::vector<std::string> some;
    for (int i = first; i < std::min(first + at_once, puts); ++i) some.push_back(prefix + "-" + std::to_string(i));
    co_await q.put(some.begin(), some.end());
    for (const std::string& name : some) log.write("P " + name);
    co_await weft::sleep_for(2ms);
  }
}

weft::task<> consume(names& q, line_log& log) {
  std::vector<std::string> done;
  while (auto next = co_await q.get()) {
    const std::string name = **next;
    log.write("T " + name + " " + std::to_string(next->attempt()));
    co_await weft::sleep_for(1ms);
    log.write("E " + name);
    next->done();
    done.push_back(name);
    if (done.size() < 4) continue;
    co_await q.flush();
    for (const std::string& each : std::exchange(done, {})) log.write("D " + each);
  }
  for (const std::string& each : done) log.write("D " + each);
}

weft::task<> job(weft::context& ctx, int argc, char** argv) {
  if (argc != 5) throw weft::usage_error("durable_program FOLDER LOG PUTS synced|written");
  const std::string rank = std::to_string(ctx.rank());
  line_log log(argv[2] + ("." + rank));
  weft::durable_options how;
  how.kept = std::string_view(argv[4]) == "synced" ? weft::durability::synced : weft::durability::written;
  how.window = 64;
  how.segment_bytes = 64 * 1024;
  how.compact_bytes = 256 * 1024;
  names q(ctx, argv[1], how);
  co_await q.open();
  auto consumer = ctx.spawn(consume(q, log));
  const std::string log_name = argv[2];
  co_await produce(q, log_name.substr(log_name.rfind('/') + 1) + "-" + rank, std::atoi(argv[3]), log);
  q.close();
  co_await std::move(consumer);
}

}  // namespace

int main(int argc, char** argv) { return weft::run(argc, argv, job); }
