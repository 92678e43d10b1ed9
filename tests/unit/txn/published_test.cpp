// SPDX-License-Identifier: BSL-1.0
/// The explorer counts two published specifications (J. Gray and L. Lamport, "Consensus on transaction commit", ACM
/// TODS 31, 2006; TCommit.tla and TwoPhase.tla in github.com/tlaplus/Examples) and must agree with what is published of
/// them: the manifest of those examples, the comment in TwoPhase.tla, and Stateright's examples/2pc.rs.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "unit/txn/explorer.hpp"

namespace {

using explore::step;

/// What both specifications have: resource managers that never disagree.
struct published {
  explicit published(std::size_t managers) : managers_(managers) {}
  std::string key(const std::string& s) const { return s; }
  std::string violation(const std::string& s) const {
    const std::string states = s.substr(0, managers_);
    const bool disagree = states.find('c') != std::string::npos && states.find('a') != std::string::npos;
    return disagree ? "one has committed, another has aborted" : "";
  }
  bool is_resolved(const std::string&) const { return true; }

  std::size_t managers_;
};

std::string with(std::string s, std::size_t at, char what) {
  s[at] = what;
  return s;
}

class abstract_commit : public published {
 public:
  using state = std::string;
  using published::published;
  state initial() const { return std::string(managers_, 'w'); }

  template <class Visit>
  void successors(const state& s, Visit visit) const {
    const bool can_commit = s.find_first_of("wa") == std::string::npos;
    const bool not_committed = s.find('c') == std::string::npos;
    for (std::size_t i = 0; i < managers_; ++i) {
      if (s[i] == 'w') visit(with(s, i, 'p'), step{"prepare"}, false);
      if (s[i] == 'p' && can_commit) visit(with(s, i, 'c'), step{"decide to commit"}, false);
      if ((s[i] == 'w' || s[i] == 'p') && not_committed) visit(with(s, i, 'a'), step{"decide to abort"}, false);
    }
  }
};

/// States of the managers, those that the transaction manager has heard of, those whose "prepared" was sent, the
/// transaction manager's state, "commit" sent, "abort" sent.
class two_phase : public published {
 public:
  using state = std::string;
  using published::published;
  state initial() const { return std::string(managers_, 'w') + std::string(2 * managers_, '-') + "i--"; }

  template <class Visit>
  void successors(const state& s, Visit visit) const {
    const std::size_t heard = managers_, sent = 2 * managers_, tm = 3 * managers_, commit = tm + 1, abort = tm + 2;
    if (s[tm] == 'i') {
      if (s.substr(heard, managers_) == std::string(managers_, '+'))
        visit(with(with(s, tm, 'c'), commit, '+'), step{"commit"}, false);
      visit(with(with(s, tm, 'a'), abort, '+'), step{"abort"}, false);
    }
    for (std::size_t i = 0; i < managers_; ++i) {
      if (s[tm] == 'i' && s[sent + i] == '+') visit(with(s, heard + i, '+'), step{"prepared is heard"}, false);
      if (s[i] == 'w') {
        visit(with(with(s, i, 'p'), sent + i, '+'), step{"prepare"}, false);
        visit(with(s, i, 'a'), step{"choose to abort"}, false);
      }
      if (s[commit] == '+') visit(with(s, i, 'c'), step{"commit is received"}, false);
      if (s[abort] == '+') visit(with(s, i, 'a'), step{"abort is received"}, false);
    }
  }
};

template <class Model>
explore::result count(const char* name, std::size_t managers) {
  const std::string what = std::string(name) + ", " + std::to_string(managers) + " resource managers";
  explore::result r = explore::explore(Model(managers), {50'000'000, false});
  explore::print(what.c_str(), r);
  EXPECT_TRUE(r.is_clean()) << r.violation;
  return r;
}

TEST(published_specifications, abstract_commit_has_34_states) {
  const auto r = count<abstract_commit>("abstract commit (TCommit)", 3);
  EXPECT_EQ(r.distinct, 34u);
  EXPECT_EQ(r.generated, 94u);
  EXPECT_EQ(r.depth, 7u);
}

TEST(published_specifications, two_phase_commit_has_288_8832_and_50816_states) {
  const auto three = count<two_phase>("two-phase commit (TwoPhase)", 3);
  EXPECT_EQ(three.distinct, 288u);
  EXPECT_EQ(three.generated, 1146u);
  EXPECT_EQ(three.depth, 11u);
  EXPECT_EQ(count<two_phase>("two-phase commit (TwoPhase)", 5).distinct, 8832u);
  EXPECT_EQ(count<two_phase>("two-phase commit (TwoPhase)", 6).distinct, 50816u);
}

}  // namespace
