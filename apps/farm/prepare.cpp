// SPDX-License-Identifier: BSL-1.0
#include "prepare.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "forced.hpp"
#include "ledger_results.hpp"
#include "stored_tasks.hpp"
#include "text_file.hpp"

namespace weft::farm {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 5s;  // with the processes of a batch that is to be overwritten

/// Rank 0's work before a batch.
class preparation {
 public:
  preparation(context& ctx, batch_request& request, batch_input& input)
      : ctx_(ctx), files_(*ctx.storage()), request_(request), input_(input), directory_(request.directory) {}

  weft::task<> run() {
    directory_content content = look_into(files_, directory_);
    if (request_.must_exist && content != directory_content::batch) {
      throw usage_error("there is no batch in '" + directory_.path() + "' (no " + directory_.tasks_file() + ")");
    }
    if (request_.tasks) input_.tasks = request_.tasks();
    check_cores();
    if (request_.options.overwrite && content == directory_content::batch) co_await wait_for_others();
    const bool goes_on = content == directory_content::batch && !request_.options.overwrite;
    if (goes_on && !request_.options.has_journal) {
      throw usage_error("'" + directory_.path() +
                        "' holds a batch with a journal, which --no-journal would leave behind");
    }
    if (!goes_on) prepare(files_, directory_, request_.options.overwrite);
    if (goes_on) look_at_old_list();
    input_.book = std::make_unique<ledger>(ctx_.loop(), request_.options.kept);
    if (request_.options.has_journal) co_await open_book();
    co_await store_list();
    if (request_.retry) forgive();
    co_await begin_book();
    write_old_results();  // not before: the results of a run that was overtaken must not replace those of a later one
  }

 private:
  /// Before anything is touched or anybody is waited for.
  void look_at_old_list() {
    if (!request_.tasks) return;
    check_only_added(read_stored_tasks(files_, directory_.tasks_file()), input_.tasks, request_.list_name,
                     directory_.path());
  }
  void check_cores() const {
    if (request_.options_from_journal) return;
    for (const task& one : input_.tasks) {
      if (one.cores <= request_.options.slots) continue;
      throw usage_error("line " + std::to_string(one.id) + " of " + request_.list_name + " wants " +
                        std::to_string(one.cores) + " cores, but a rank has " + std::to_string(request_.options.slots) +
                        "; say --slots " + std::to_string(one.cores));
    }
  }
  weft::task<> wait_for_others() {
    const bool is_free =
        co_await wait_until_unlocked(ctx_.loop(), directory_.lock_file(), ctx_.loop().now() + patience);
    if (!is_free)
      throw usage_error("the batch in '" + directory_.path() + "' is running; end it before it is replaced");
  }
  weft::task<> open_book() {
    ledger& book = *input_.book;
    co_await book.open(directory_.journal_folder());
    if (!book.warnings().empty()) ctx_.host().write(output_stream::err, book.warnings());
    if (book.predecessor_lives()) {
      ctx_.host().write(output_stream::err, "weft-farm: an earlier run in '" + directory_.path() +
                                                "' has not ended; it is shut out from now on\n");
    }
  }
  /// The tasks' file is certain before the book says how many there are; a longer file is one that was cut off.
  weft::task<> store_list() {
    const auto& known = input_.book->past().list();
    const std::uint64_t bytes = known ? known->stored_bytes : 0;
    std::vector<task> before;
    if (known) before = read_stored_tasks(files_, directory_.tasks_file(), bytes);
    if (!request_.tasks) {
      input_.tasks = std::move(before);
      stored_bytes_ = bytes;
      co_return;
    }
    if (known) check_only_added(before, input_.tasks, request_.list_name, directory_.path());
    stored_bytes_ = store_tasks(files_, directory_.tasks_file(), bytes, input_.tasks, before.size());
    if (request_.options.has_journal) co_await force_file(ctx_.loop(), directory_.tasks_file());
  }
  /// The results' file follows the book, whatever a kill has left of it.
  void write_old_results() {
    const std::string fresh = directory_.results_file() + ".new";
    files_.remove(file_space::shared, fresh);
    {
      results_writer writer(files_, fresh);
      for (const ended_record* end : input_.book->past().decisions()) {
        writer.append(result_line(make_result(input_.tasks[place_in(input_.tasks, end->end.id)], *end)));
      }
      writer.flush();
    }
    input_.book->check_not_overtaken();
    if (const auto renamed = files_.rename(file_space::shared, fresh, directory_.results_file()); !renamed) {
      throw usage_error("cannot write '" + directory_.results_file() + "'");
    }
    input_.results = std::make_unique<results_writer>(files_, directory_.results_file());
  }
  weft::task<> begin_book() {
    if (!request_.options.has_journal) co_return;
    ledger& book = *input_.book;
    if (request_.options_from_journal && !book.past().runs().empty()) {
      set_from_json(request_.options, book.past().runs().back().options);
      request_.options_from_journal = false;
    }
    check_cores();
    co_await book.begin();
    list_record list;
    list.tasks = input_.tasks.size();
    list.stored_bytes = stored_bytes_;
    book.write(ledger_record::list, list);
    run_record run;
    run.ranks = ctx_.size();
    run.slots = request_.options.slots;
    run.options = to_json(request_.options);
    book.write(ledger_record::run, run);
  }
  void forgive() {
    ledger& book = *input_.book;
    for (const task& one : input_.tasks) {
      const bool is_meant =
          request_.retried.empty() || std::count(request_.retried.begin(), request_.retried.end(), one.id) != 0;
      if (is_meant && book.past().of(one.id).is_failed) book.forgive(one.id);
    }
  }

  context& ctx_;
  storage& files_;
  batch_request& request_;
  batch_input& input_;
  const results_directory& directory_;
  std::uint64_t stored_bytes_ = 0;
};

}  // namespace

weft::task<batch_terms> prepare_batch(context& ctx, batch_request& request, batch_input& input) {
  batch_terms terms;
  if (ctx.rank() == 0) {
    try {
      preparation work(ctx, request, input);
      co_await work.run();
      terms.slots = request.options.slots;
      terms.output_limit = request.options.output_limit;
      terms.has_journal = request.options.has_journal ? 1 : 0;
      if (request.options.has_journal) terms.run = input.book->run();
    } catch (const usage_error& wrong) {
      ctx.host().write(output_stream::err, std::string("weft-farm: ") + wrong.what() + "\n");
      terms.refused = static_cast<std::int32_t>(exit_code::usage);
    }
  }
  co_return co_await ctx.world().ibcast(terms, 0);
}

}  // namespace weft::farm
