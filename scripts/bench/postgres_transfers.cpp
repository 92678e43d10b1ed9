// SPDX-License-Identifier: BSL-1.0
// The client of scripts/bench/postgres.py: transfers between two PostgreSQL servers by two-phase commit, as fast as one
// process can drive them: all connections in one loop, both servers at once, one round trip for a phase, prepared
// statements, and decisions that are forced in groups by a thread of their own.
//
// usage: postgres_transfers SOCKET_FOLDER CLIENTS SECONDS ACCOUNTS [DECISION_LOG]
// The servers listen on the ports 1 and 2 of SOCKET_FOLDER. With DECISION_LOG each decision to commit is forced to that
// file before a server hears of it. Prints commits per second and the median time of one in microseconds.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "postgres_transfers: %s\n", why.c_str());
  std::exit(1);
}

/// Appends decisions and forces them; all that come during one force share the next.
class decision_log {
 public:
  explicit decision_log(const char* path)
      : file_(open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600)), wake_(eventfd(0, EFD_NONBLOCK)) {
    if (file_ < 0) give_up(std::string("cannot write ") + path);
    thread_ = std::thread([this] { work(); });
  }
  ~decision_log() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    there_.notify_one();
    thread_.join();
  }
  int wake_fd() const { return wake_; }
  void append(std::size_t client) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(client);
    }
    there_.notify_one();
  }
  std::vector<std::size_t> take_forced() {
    std::uint64_t count = 0;
    if (read(wake_, &count, sizeof count) < 0) return {};
    const std::lock_guard lock(mutex_);
    return std::exchange(forced_, {});
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      there_.wait(lock, [this] { return is_over_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const std::vector<std::size_t> group = std::exchange(waiting_, {});
      lock.unlock();
      const std::string records(group.size() * 64, 'c');
      if (write(file_, records.data(), records.size()) < 0 || fdatasync(file_) != 0) give_up("the decision log failed");
      lock.lock();
      forced_.insert(forced_.end(), group.begin(), group.end());
      const std::uint64_t one = 1;
      if (write(wake_, &one, sizeof one) < 0) give_up("eventfd");
    }
  }

  int file_, wake_;
  std::mutex mutex_;
  std::condition_variable there_;
  std::vector<std::size_t> waiting_, forced_;
  bool is_over_ = false;
  std::thread thread_;
};

struct connection {
  PGconn* link = nullptr;
  bool is_busy = false;
  bool has_failed = false;
};

enum class phase { idle, preparing, logging, committing, aborting };

struct client {
  std::array<connection, 2> to;
  phase now = phase::idle;
  std::string name;
  std::uint64_t count = 0;
  steady::time_point start;
};

void send(connection& to, const std::string& text) {
  if (PQsendQuery(to.link, text.c_str()) == 0) give_up(PQerrorMessage(to.link));
  to.is_busy = true;
  to.has_failed = false;
}

class transfers {
 public:
  transfers(const std::string& sockets, std::size_t clients, std::uint64_t accounts, decision_log* log)
      : accounts_(accounts), log_(log), clients_(clients) {
    for (client& c : clients_) {
      for (int s = 0; s < 2; ++s) {
        const std::string how = "host=" + sockets + " port=" + std::to_string(s + 1) + " user=weft dbname=postgres";
        c.to[static_cast<std::size_t>(s)].link = PQconnectdb(how.c_str());
        PGconn* link = c.to[static_cast<std::size_t>(s)].link;
        if (PQstatus(link) != CONNECTION_OK) give_up(PQerrorMessage(link));
        // Two transfers that wait for each other on two servers are seen by neither.
        PQclear(PQexec(link, "SET lock_timeout = '100ms'"));
        PQclear(PQexec(link, "PREPARE move(int, int) AS UPDATE accounts SET balance = balance + $2 WHERE id = $1"));
        PQsetnonblocking(link, 1);
      }
    }
  }
  ~transfers() {
    for (client& c : clients_)
      for (connection& each : c.to) PQfinish(each.link);
  }

  void run(double seconds) {
    const steady::time_point start = steady::now();
    end_ = start + std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(seconds));
    for (client& c : clients_) begin(c);
    while (under_way_ > 0) turn();
    const double took = std::chrono::duration<double>(steady::now() - start).count();
    std::sort(latencies_.begin(), latencies_.end());
    const double median = latencies_.empty() ? 0 : latencies_[latencies_.size() / 2];
    std::printf("%.1f %.1f\n", static_cast<double>(latencies_.size()) / took, median);
  }

 private:
  void begin(client& c) {
    if (steady::now() >= end_) {
      c.now = phase::idle;
      return;
    }
    ++under_way_;
    c.start = steady::now();
    attempt(c);
  }
  void attempt(client& c) {
    c.name = "t" + std::to_string(&c - clients_.data()) + "_" + std::to_string(c.count++);
    c.now = phase::preparing;
    const std::string amount = std::to_string(random_() % 100);
    for (std::size_t s = 0; s < 2; ++s) {
      const std::string id = std::to_string(random_() % accounts_);
      send(c.to[s], "BEGIN; EXECUTE move(" + id + ", " + (s == 0 ? "-" : "") + amount + "); PREPARE TRANSACTION '" + c.name + "'");
    }
  }
  void on_both_done(client& c) {
    switch (c.now) {
      case phase::preparing:
        if (c.to[0].has_failed || c.to[1].has_failed) return abort(c);
        if (log_ == nullptr) return commit(c);
        c.now = phase::logging;
        log_->append(static_cast<std::size_t>(&c - clients_.data()));
        return;
      case phase::committing:
        if (c.to[0].has_failed || c.to[1].has_failed) give_up("a prepared transaction could not be committed");
        latencies_.push_back(std::chrono::duration<double, std::micro>(steady::now() - c.start).count());
        --under_way_;
        return begin(c);
      case phase::aborting:
        return attempt(c);
      default:
        return;
    }
  }
  void commit(client& c) {
    c.now = phase::committing;
    for (connection& to : c.to) send(to, "COMMIT PREPARED '" + c.name + "'");
  }
  void abort(client& c) {
    c.now = phase::aborting;
    for (connection& to : c.to) send(to, to.has_failed ? "ROLLBACK" : "ROLLBACK PREPARED '" + c.name + "'");
  }
  void take_results(connection& from) {
    if (PQconsumeInput(from.link) == 0) give_up(PQerrorMessage(from.link));
    while (PQisBusy(from.link) == 0) {
      PGresult* result = PQgetResult(from.link);
      if (result == nullptr) {
        from.is_busy = false;
        return;
      }
      if (PQresultStatus(result) != PGRES_COMMAND_OK) from.has_failed = true;
      PQclear(result);
    }
  }
  void turn() {
    std::vector<pollfd> wanted;
    for (client& c : clients_)
      for (connection& each : c.to) {
        if (each.is_busy) PQflush(each.link);
        wanted.push_back({each.is_busy ? PQsocket(each.link) : -1, POLLIN, 0});
      }
    if (log_ != nullptr) wanted.push_back({log_->wake_fd(), POLLIN, 0});
    if (poll(wanted.data(), wanted.size(), -1) < 0) give_up("poll");
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      client& c = clients_[i];
      bool any = false;
      for (std::size_t s = 0; s < 2; ++s) {
        if (wanted[2 * i + s].revents == 0) continue;
        take_results(c.to[s]);
        any = true;
      }
      if (any && !c.to[0].is_busy && !c.to[1].is_busy) on_both_done(c);
    }
    if (log_ == nullptr || wanted.back().revents == 0) return;
    for (std::size_t i : log_->take_forced()) commit(clients_[i]);
  }

  std::uint64_t accounts_;
  decision_log* log_;
  std::vector<client> clients_;
  std::mt19937_64 random_{1};
  steady::time_point end_;
  std::size_t under_way_ = 0;
  std::vector<double> latencies_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) give_up("usage: postgres_transfers SOCKET_FOLDER CLIENTS SECONDS ACCOUNTS [DECISION_LOG]");
  const auto run = [&](decision_log* log) {
    transfers(argv[1], std::stoul(argv[2]), std::stoull(argv[4]), log).run(std::stod(argv[3]));
  };
  if (argc == 5) {
    run(nullptr);
  } else {
    decision_log log(argv[5]);
    run(&log);
  }
}
