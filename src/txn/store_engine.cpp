// SPDX-License-Identifier: BSL-1.0
#include <weft/txn/store_engine.hpp>

#include <utility>

#include <weft/txn/store_body.hpp>

namespace weft::txn {

store_engine::store_engine(context& ctx, const store_options& options, std::size_t key_bytes)
    : body_(std::make_unique<store_body>(ctx, options, key_bytes)) {}
store_engine::~store_engine() = default;

task<> store_engine::open() { return body_->open(); }
task<> store_engine::close() { return body_->close(); }
void store_engine::enlist(weft::participant& one) { body_->enlist(one); }
void store_engine::load(std::string key, std::string value) { body_->load(std::move(key), std::move(value)); }
future<void> store_engine::flush_loaded() { return body_->flush_loaded(); }
task<> store_engine::load_all(entries all) { return body_->load_all(std::move(all)); }
task<> store_engine::hold_still() { return body_->hold_still(); }
task<> store_engine::go_on() { return body_->go_on(); }
bool store_engine::is_still() const noexcept { return body_->is_still(); }
future<void> store_engine::admission() { return body_->admission(); }
future<std::size_t> store_engine::size() { return body_->size(); }

attempt& store_engine::begin(std::optional<lock_age> age) { return body_->begin(age); }
void store_engine::let_go(attempt& of) { body_->let_go(of); }
void store_engine::limit(attempt& of, time_point end) { body_->limit(of, end); }
future<attempt::answer> store_engine::read(attempt& of, int rank, std::vector<std::string> keys, lock_mode mode) {
  return body_->read(of, rank, std::move(keys), mode);
}
future<attempt::answer> store_engine::take(attempt& of, int rank, std::string prefix) {
  return body_->take(of, rank, std::move(prefix));
}
std::string store_engine::new_item_key(const std::string& prefix, int rank) { return body_->new_item_key(prefix, rank); }
std::uint32_t store_engine::add_call(attempt& of, call&& what) { return body_->add_call(of, std::move(what)); }
future<void> store_engine::run_call(attempt& of, std::uint32_t place) { return body_->run_call(of, place); }
future<transaction_outcome> store_engine::commit(attempt& of) { return body_->commit(of); }
void store_engine::abort(attempt& of) { body_->abort(of); }
future<void> store_engine::back_off(int attempts, time_point end) { return body_->back_off(attempts, end); }
void store_engine::count_commit() noexcept { body_->count_commit(); }

time_point store_engine::time() const noexcept { return body_->time(); }
int store_engine::owner(const std::string& key) const noexcept { return body_->owner(key); }
int store_engine::ranks() const noexcept { return body_->ranks(); }
std::size_t store_engine::key_bytes() const noexcept { return body_->key_bytes(); }
int store_engine::rank() const noexcept { return body_->rank(); }
const partition& store_engine::data() const noexcept { return body_->data(); }
std::optional<transaction_outcome> store_engine::outcome_of(const transaction_id& id) const {
  return body_->outcome_of(id);
}
transaction_moment store_engine::now() const noexcept { return body_->now(); }
task<std::size_t> store_engine::forget_before(transaction_moment when) { return body_->forget_before(when); }
store_stats store_engine::stats() const noexcept { return body_->stats(); }
std::size_t store_engine::under_way() const noexcept { return body_->under_way(); }
std::size_t store_engine::locked_keys() const noexcept { return body_->locked_keys(); }

}  // namespace weft::txn
