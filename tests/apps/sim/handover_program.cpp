// SPDX-License-Identifier: BSL-1.0
// A program with a race, to be found in the simulator (docs/guides/replay.md).
//
// Rank 0 keeps the register of who holds which parcel. Each other rank makes a parcel, sends it to a neighbour, and
// tells rank 0 so. Rank 0 then asks the neighbour for it. That question overtakes the parcel if the parcel is late
// enough: nothing orders messages of different pairs.
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

#include <weft/weft.hpp>

namespace {

struct parcel {
  std::int64_t number = 0;  // no padding: its bytes would be anything, and the checksums with them
  double weight = 0;
};
struct notice {
  int number = 0;
  int holder = 0;
};
struct question {
  int number = 0;
};
struct answer {
  double weight = 0;
};

class carrier {
 public:
  explicit carrier(weft::context& ctx)
      : ctx_(ctx),
        parcels_(ctx, on_parcel_),
        questions_(ctx, on_question_),
        notices_(ctx, on_notice_),
        answers_(ctx, on_answer_) {}

  weft::task<> run() {
    if (ctx_.rank() != 0) {
      const int holder = ctx_.rank() + 1 < ctx_.size() ? ctx_.rank() + 1 : 1;
      parcels_.post(holder, {ctx_.rank(), 1.5 * ctx_.rank()});
      notices_.post(0, {ctx_.rank(), holder});
    }
    co_await ctx_.quiescence();
    if (ctx_.rank() == 0 && total_ != 0.75 * ctx_.size() * (ctx_.size() - 1))
      throw std::runtime_error("the total is wrong");
  }

 private:
  void take(const parcel& what) { held_[what.number] = what.weight; }
  void weigh(int asker, const question& what) {
    const auto found = held_.find(what.number);
    if (found == held_.end())
      throw std::runtime_error("asked for parcel " + std::to_string(what.number) + ", which is not here");
    answers_.post(asker, {found->second});
  }

  weft::context& ctx_;
  std::map<std::int64_t, double> held_;
  double total_ = 0;
  struct {
    carrier* self;
    void operator()(int, const parcel& what) const { self->take(what); }
  } on_parcel_{this};
  struct {
    carrier* self;
    void operator()(int from, const question& what) const { self->weigh(from, what); }
  } on_question_{this};
  struct {
    carrier* self;
    void operator()(int, const notice& what) const { self->questions_.post(what.holder, {what.number}); }
  } on_notice_{this};
  struct {
    carrier* self;
    void operator()(int, const answer& what) const { self->total_ += what.weight; }
  } on_answer_{this};
  weft::port<parcel> parcels_;
  weft::port<question> questions_;
  weft::port<notice> notices_;
  weft::port<answer> answers_;
};

weft::task<> program(weft::context& ctx) {
  carrier one(ctx);
  co_await one.run();
}

}  // namespace

int main(int argc, char** argv) { return weft::run(argc, argv, program); }
