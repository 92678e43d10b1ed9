// SPDX-License-Identifier: BSL-1.0
#include <weft/message/remote_function.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <weft/async/async.hpp>
#include <weft/message/remote_error.hpp>

#include "support/context_driver.hpp"

namespace weft {
namespace {

long add(long a, int b) { return a + b; }
std::string greet(const std::string& name, std::vector<int> numbers) {
  return "hello " + name + " " + std::to_string(numbers.size());
}
void credit(long& account, long amount) { account += amount; }
task<std::string> slowly(std::string& log, std::string word) {
  log += "<" + word;
  co_await yield();
  log += ">";
  co_return word + word;
}
task<> nothing(std::string& log) {
  log += "!";
  co_return;
}
void fails(int which) {
  if (which == 0) throw std::out_of_range("far away");
  throw which;
}

/// As a rank runs it that was asked: only by number and bytes.
template <class Function, class... Given>
byte_buffer run_by_number(loop& on, void* const* place, const Given&... given) {
  byte_buffer arguments, result;
  Function::encode_arguments(arguments, given...);
  const remote_entry& found = remote_table::of_program().at(Function::number(), Function::place);
  EXPECT_EQ(found.call == nullptr, Function::is_coroutine);
  run(on, found.start(place, arguments.bytes(), result));
  if (found.call == nullptr) return result;
  byte_buffer again;
  found.call(place, arguments.bytes(), again);
  EXPECT_EQ(again.size(), result.size());
  return again;
}

template <class T>
T value_in(const byte_buffer& bytes) {
  T value{};
  reader in(bytes.bytes());
  decode(in, value);
  EXPECT_EQ(in.remaining(), 0u);
  return value;
}

struct remote_functions : ::testing::Test {
  testing::cluster_of_contexts cluster{1};
  loop& on = cluster.at(0).loop();
};

TEST_F(remote_functions, run_by_their_numbers_with_encoded_arguments_and_results) {
  EXPECT_EQ(value_in<long>(run_by_number<remote_function<add>>(on, nullptr, 40, 2)), 42);  // int becomes long
  EXPECT_EQ(value_in<std::string>(run_by_number<remote_function<greet>>(on, nullptr, "you", std::vector<int>{1, 2})),
            "hello you 2");
  constexpr auto twice = [](int x) { return 2 * x; };
  EXPECT_EQ(value_in<int>(run_by_number<remote_function<twice>>(on, nullptr, 21)), 42);
}

TEST_F(remote_functions, take_what_the_rank_supplies_first) {
  long account = 10;
  void* place[] = {&account};
  EXPECT_TRUE((run_by_number<remote_function<credit, long>>(on, place, 5L).empty()));
  EXPECT_EQ(account, 20);  // once by each way
}

TEST_F(remote_functions, may_be_coroutines) {
  std::string log;
  void* place[] = {&log};
  EXPECT_EQ(value_in<std::string>((run_by_number<remote_function<slowly, std::string>>(on, place, "ab"))), "abab");
  EXPECT_TRUE((run_by_number<remote_function<nothing, std::string>>(on, place).empty()));
  EXPECT_EQ(log, "<ab>!");
}

TEST_F(remote_functions, have_different_numbers_and_refuse_what_does_not_fit) {
  const remote_table& all = remote_table::of_program();
  const std::uint32_t number = remote_function<add>::number();
  EXPECT_NE(number, (remote_function<greet>::number()));
  EXPECT_THROW(all.at(all.size(), 0), decode_error);
  EXPECT_THROW((all.at(number, remote_function<credit, long>::place)), decode_error);
  byte_buffer few, many, result;
  few.resize(3);
  encode(many, 1L);
  encode(many, 2L);
  const remote_entry& found = all.at(number, remote_function<add>::place);
  EXPECT_THROW(found.call(nullptr, few.bytes(), result), decode_error);
  EXPECT_THROW(found.call(nullptr, many.bytes(), result), decode_error);
}

TEST_F(remote_functions, throw_what_becomes_a_typed_error_elsewhere) {
  byte_buffer arguments, result;
  const remote_entry& found = remote_table::of_program().at(remote_function<fails>::number(), remote_function<fails>::place);
  std::vector<remote_failure> seen;
  for (int which : {0, 1}) {
    arguments.clear();
    remote_function<fails>::encode_arguments(arguments, which);
    try {
      found.call(nullptr, arguments.bytes(), result);
      ADD_FAILURE() << "nothing was thrown";
    } catch (...) {
      seen.push_back(failure_of(std::current_exception()));
    }
  }
  EXPECT_EQ(seen[0].type, "std::out_of_range");
  EXPECT_EQ(seen[0].text, "far away");
  EXPECT_EQ(seen[1].type, "int");
  const remote_error here(seen[0], {"main.cpp", "main", 7});
  EXPECT_STREQ(here.what(), "a remote function threw std::out_of_range: far away (main.cpp:7 in main)");
  // Who passes it on does not wrap it again.
  EXPECT_EQ(failure_of(std::make_exception_ptr(here)).text, "far away");
}

TEST(remote_tables, are_compared_at_the_start) {
  const remote_entry a{"int a(int)", 1, nullptr, nullptr}, b{"int b(int)", 1, nullptr, nullptr};
  const remote_table both({&b, &a}), same({&a, &b}), one({&a});
  EXPECT_EQ(both.number_of(a), 0u);
  EXPECT_EQ(both.fingerprint(), same.fingerprint());
  EXPECT_THROW(one.number_of(b), usage_error);
  testing::cluster_of_contexts cluster(3);
  for (const remote_table* last : {&same, &one}) {
    std::vector<future<void>> checks;
    for (int r = 0; r < 3; ++r) {
      checks.push_back(cluster.at(r).spawn(verify_remote_functions(cluster.at(r), r == 2 ? *last : both)));
    }
    ASSERT_TRUE(cluster.drive([&] { return checks[0].ready() && checks[1].ready() && checks[2].ready(); }));
    for (auto& check : checks) {
      std::string said;
      try {
        check.get();
      } catch (const usage_error& e) {
        said = e.what();
      }
      if (last == &same) {
        EXPECT_EQ(said, "");
      } else {
        EXPECT_NE(said.find("rank 0 has int b(int), and rank 2 has not"), std::string::npos) << said;
      }
    }
  }
}

}  // namespace
}  // namespace weft
