// SPDX-License-Identifier: BSL-1.0
// One life of a bank, for the test that kills it: store_program DIRECTORY NOTES LIFE SECONDS implicit|explicit POLICY
// Opens the store, compares it with what earlier lives have noted, then transfers until the time is over. In NOTES:
//   acks.LIFE.RANK   a line for each commit that a client was told of: the number of its tickets
//   opened.LIFE      what the start found, once it has been compared
// With --places instead: prints the crash points, if it is linked with them.
// Every transfer leaves two tickets, which mostly lie on different ranks.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <weft/core/planted_fault.hpp>
#include <weft/txn/store.hpp>
#include <weft/weft.hpp>

namespace {

using namespace std::chrono_literals;
using bank = weft::store<std::int64_t, std::int64_t>;

constexpr std::int64_t accounts = 60;
constexpr std::int64_t initial = 1000;
constexpr std::int64_t first_ticket = std::int64_t{1} << 40;
constexpr int clients = 6;

struct arguments {
  std::string directory, notes, life;
  double seconds = 1;
  weft::txn::decision_rule decision = weft::txn::decision_rule::implicit;
  weft::txn::lock_policy locks = weft::txn::lock_policy::wait_die;

  std::string note(const std::string& kind) const { return notes + "/" + kind + "." + life; }
};

/// The process may die after any `write`, but what one has written stays.
void append_line(int file, const std::string& text) {
  const std::string line = text + "\n";
  if (::write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw weft::environment_error("cannot write a note");
}

[[noreturn]] void fail(const std::string& what) { throw weft::error("torture: " + what); }

// --- what earlier lives have left ------------------------------------------------------------------------------------

/// For sums over all tickets in which those of one transfer cancel each other.
std::uint64_t mixed(std::uint64_t number) { return (number ^ (number >> 31)) * 0x9e3779b97f4a7c15u; }

struct found_store {
  std::int64_t sum = 0;
  std::uint64_t accounts = 0;
  std::uint64_t tickets = 0;
  std::uint64_t odd_ones = 0;  ///< 0 if every ticket has its other half
};

found_store look_at(const bank& s) {
  found_store mine;
  s.for_each_local([&mine](std::int64_t key, std::int64_t value) {
    if (key < first_ticket) {
      mine.sum += value;
      ++mine.accounts;
      return;
    }
    ++mine.tickets;
    const auto pair = static_cast<std::uint64_t>((key - first_ticket) / 2);
    mine.odd_ones += key % 2 == 0 ? mixed(pair) : 0 - mixed(pair);
  });
  return mine;
}

/// Every rank reads all notes and looks for what it keeps.
std::uint64_t count_lost(const bank& s, int rank, const std::string& notes) {
  std::uint64_t lost = 0;
  std::vector<std::int64_t> here;
  s.for_each_local([&here](std::int64_t key, std::int64_t) { here.push_back(key); });
  std::sort(here.begin(), here.end());
  for (const auto& entry : std::filesystem::directory_iterator(notes)) {
    if (!entry.path().filename().string().starts_with("acks.")) continue;
    std::ifstream lines(entry.path());
    for (std::int64_t number = 0; lines >> number;) {
      for (const std::int64_t key : {first_ticket + 2 * number, first_ticket + 2 * number + 1}) {
        if (s.owner(key) == rank && !std::binary_search(here.begin(), here.end(), key)) ++lost;
      }
    }
  }
  return lost;
}

weft::task<> compare(weft::context& ctx, bank& s, const arguments& given) {
  const found_store mine = look_at(s);
  std::vector<std::uint64_t> numbers{static_cast<std::uint64_t>(mine.sum), mine.accounts, mine.tickets, mine.odd_ones,
                                     count_lost(s, ctx.rank(), given.notes), s.stats().found_committed, s.stats().found_aborted};
  auto adding = ctx.world().iallreduce(std::move(numbers), weft::sum);
  const std::vector<std::uint64_t> all = co_await std::move(adding);
  if (all[4] > 0) fail(std::to_string(all[4]) + " acknowledged tickets are lost");
  if (all[3] != 0) fail("a transfer is there in part");
  if (all[1] != 0 && (all[1] != accounts || all[0] != accounts * initial)) fail("the sum is " + std::to_string(all[0]));
  if (all[1] == 0 && all[2] != 0) fail("tickets without accounts");
  if (all[1] == 0) {
    for (std::int64_t a = 0; a < accounts; ++a) s.load(a, initial);
  }
  auto loaded = s.flush();
  co_await loaded;
  auto everywhere = ctx.world().ibarrier();
  co_await everywhere;
  if (ctx.rank() == 0) {
    std::ofstream(given.note("opened")) << all[2] / 2 << " " << all[5] << " " << all[6] << "\n";
  }
}

// --- transfers -------------------------------------------------------------------------------------------------------

weft::task<> client(weft::context& ctx, bank& s, std::uint64_t seed, std::int64_t number, weft::time_point end, int acks) {
  weft::random_source random(seed);
  for (; ctx.loop().now() < end; ++number) {
    const auto from = static_cast<std::int64_t>(random.below(accounts));
    const auto to = static_cast<std::int64_t>((static_cast<std::uint64_t>(from) + 1 + random.below(accounts - 1)) % accounts);
    const auto amount = static_cast<std::int64_t>(random.below(50));
    auto move = [&](auto& tx) -> weft::task<> {
      const std::int64_t a = co_await tx.at(from, weft::txn::lock_mode::exclusive);
      const std::int64_t b = co_await tx.at(to, weft::txn::lock_mode::exclusive);
      tx.put(from, a - amount);
      tx.put(to, b + amount);
      tx.put(first_ticket + 2 * number, amount);
      tx.put(first_ticket + 2 * number + 1, amount);
    };
    weft::transaction_options options;
    if (random.below(8) == 0) options.within = 300us;
    try {
      auto running = s.transact(move, options);
      const weft::transaction_result done = co_await running;
      if (done) append_line(acks, std::to_string(number));
    } catch (const weft::timed_out&) {
      continue;
    }
    if (random.below(4) == 0) co_await weft::sleep_for(std::chrono::microseconds(random.below(2000)));
  }
}

weft::task<> live(weft::context& ctx, const arguments& given) {
  weft::store_options how;
  how.kept = weft::store_durability::synced;
  how.directory = given.directory;
  how.decision = given.decision;
  how.locks = given.locks;
  how.patience = 5ms;
  how.compact_bytes = 100'000;
  how.segment_bytes = 200'000;
  bank s(ctx, how);
  co_await s.open();
  co_await compare(ctx, s, given);
  const int acks = ::open((given.note("acks") + "." + std::to_string(ctx.rank())).c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  const weft::time_point end =
      ctx.loop().now() + std::chrono::duration_cast<weft::duration>(std::chrono::duration<double>(given.seconds));
  weft::scope running(ctx.loop());  // ends before the store does, whatever ends this life
  for (int c = 0; c < clients; ++c) {
    const std::int64_t who = (std::stoll(given.life) * 64 + ctx.rank()) * clients + c;
    running.spawn(client(ctx, s, static_cast<std::uint64_t>(who), who << 20, end, acks));
  }
  co_await running.join();
  ::close(acks);
  co_await s.close();
  if (s.locked_keys() != 0) fail("a key is locked when all is over");
}

weft::txn::lock_policy policy_of(std::string_view name) {
  if (name == "no_wait") return weft::txn::lock_policy::no_wait;
  if (name == "wound_wait") return weft::txn::lock_policy::wound_wait;
  return name == "timeout" ? weft::txn::lock_policy::timeout : weft::txn::lock_policy::wait_die;
}

int list_crash_points() {
#ifdef WEFT_PLANTED_FAULTS
  using weft::planted::place;
  for (const place* at = weft::planted::first(place::kind::crash_point); at != nullptr; at = at->next) std::puts(at->name);
#endif
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--places") return list_crash_points();
  if (argc != 7) return 2;
  arguments given{argv[1], argv[2], argv[3], std::atof(argv[4])};
  given.decision = std::string_view(argv[5]) == "explicit" ? weft::txn::decision_rule::explicit_record
                                                           : weft::txn::decision_rule::implicit;
  given.locks = policy_of(argv[6]);
  auto program = [&](weft::context& ctx) { return live(ctx, given); };
  return weft::run(argc, argv, program);
}
