// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/comm/collective.hpp>
#include <weft/comm/reductions.hpp>
#include <weft/comm/value.hpp>
#include <weft/comm/variable_parts.hpp>

/// The work of each collective: what `collective_operation` holds. They own their memory unless they say otherwise.
namespace weft::detail {

struct barrier_body {
  static constexpr const char* name = "ibarrier";
  static constexpr int phases = 1;
  static constexpr drop_policy policy = drop_policy::park;
  op_number start(int, transport& t, comm_id comm, void* token, completion& now) {
    return t.ibarrier(comm, token, now);
  }
  void finish() noexcept {}
};

/// Memory of the caller.
struct bcast_view_body {
  static constexpr const char* name = "ibcast";
  static constexpr int phases = 1;
  static constexpr drop_policy policy = drop_policy::hold;
  bcast_view_body(region to, int from) : memory(to), layout(*to.type), root(from) {}
  op_number start(int, transport& t, comm_id comm, void* token, completion& now) {
    return t.ibcast(comm, memory.data, memory.count, layout, root, token, now);
  }
  void finish() noexcept {}
  region memory;
  datatype layout;
  int root;
};

template <class T>
struct bcast_body {
  static constexpr const char* name = "ibcast";
  static constexpr value_class form = value_class_of<T>;
  static constexpr int phases = is_known_size<T> ? 1 : 2;
  static constexpr drop_policy policy = drop_policy::park;

  bcast_body(T&& v, int from, bool at_root) : value(std::move(v)), root(from), is_root(at_root) {
    if (!is_root) return;
    if constexpr (form == value_class::serialised) {
      encode_message(payload, value);
      size = payload.size();
    } else if constexpr (form == value_class::resizable) {
      size = value.size();
    }
  }
  op_number start(int phase, transport& t, comm_id comm, void* token, completion& now) {
    if (phase + 1 < phases) return t.ibcast(comm, &size, 1, datatype_of<std::uint64_t>, root, token, now);
    if constexpr (form == value_class::serialised) {
      payload.resize(static_cast<std::size_t>(size));
      return t.ibcast(comm, payload.data(), size, datatype_of<std::byte>, root, token, now);
    } else {
      if constexpr (form == value_class::resizable) {
        if (!is_root) value.resize(static_cast<std::size_t>(size));
      }
      const region memory = region_of(value);
      return t.ibcast(comm, memory.data, memory.count, *memory.type, root, token, now);
    }
  }
  T finish() {
    if constexpr (form == value_class::serialised) {
      if (!is_root) decode_message(payload.bytes(), value);
    }
    return std::move(value);
  }

  T value;
  int root;
  bool is_root;
  std::uint64_t size = 0;
  byte_buffer payload;
};

enum class reduce_form : std::uint8_t { reduce, allreduce, scan, exscan };

/// Starts a reduction in place; of a `reduce`, at the root only.
op_number start_reduction(reduce_form form, transport& t, comm_id comm, region memory, const op& how, int root,
                          void* token, completion& now);

template <reduce_form Form>
inline constexpr const char* reduce_name = Form == reduce_form::reduce      ? "ireduce"
                                           : Form == reduce_form::allreduce ? "iallreduce"
                                           : Form == reduce_form::scan      ? "iscan"
                                                                            : "iexscan";

/// In the caller's memory.
template <reduce_form Form>
struct reduce_view_body {
  static constexpr const char* name = reduce_name<Form>;
  static constexpr int phases = 1;
  static constexpr drop_policy policy = drop_policy::hold;
  op_number start(int, transport& t, comm_id comm, void* token, completion& now) {
    return start_reduction(Form, t, comm, memory, how, root, token, now);
  }
  void finish() noexcept {}
  reduce_view_body(region in_out, const op& by, int to) : memory(in_out), how(by), root(to) {}
  region memory;
  op how;
  int root;
};

template <reduce_form Form, class T, class F>
struct reduce_body {
  static constexpr const char* name = reduce_name<Form>;
  static constexpr int phases = 1;
  static constexpr drop_policy policy = drop_policy::park;
  using result = std::conditional_t<Form == reduce_form::reduce, std::optional<T>, T>;

  reduce_body(T&& v, F f, int rank, int to)
      : value(std::move(v)), how(reduction_of<T, F>::operation(f)), self(rank), root(to) {}
  op_number start(int, transport& t, comm_id comm, void* token, completion& now) {
    return start_reduction(Form, t, comm, reduction_of<T, F>::memory(value), how, root, token, now);
  }
  result finish() {
    if constexpr (Form == reduce_form::reduce) {
      if (self != root) return std::nullopt;
    }
    if constexpr (Form == reduce_form::exscan) {
      if (self == 0) clear();
    }
    return std::move(value);
  }
  void clear() {
    if constexpr (value_class_of<T> == value_class::resizable) {
      std::fill(value.begin(), value.end(), typename T::value_type{});
    } else {
      value = T{};
    }
  }
  T value;
  op how;
  int self;
  int root;
};

/// What values of one known size are gathered in: `std::vector<bool>` has no memory to receive into.
template <class T>
using gather_store = std::vector<std::conditional_t<std::is_same_v<T, bool>, unsigned char, T>>;

template <class T>
std::vector<T> gathered(gather_store<T>&& store) {
  if constexpr (std::is_same_v<T, bool>) {
    return std::vector<bool>(store.begin(), store.end());
  } else {
    return std::move(store);
  }
}

/// `root < 0`: all ranks gather.
template <class T>
struct gather_body {
  static constexpr const char* name = "igather";
  static constexpr int phases = 1;
  static constexpr drop_policy policy = drop_policy::park;
  gather_body(T&& v, int to, int rank, int size) : mine(std::move(v)), root(to) {
    if (root < 0 || rank == root) all.resize(static_cast<std::size_t>(size));
  }
  op_number start(int, transport& t, comm_id comm, void* token, completion& now) {
    const region in = region_of(mine);
    if (root < 0) return t.iallgather(comm, in.data, in.count, all.data(), {}, {}, *in.type, token, now);
    return t.igather(comm, in.data, in.count, all.data(), {}, {}, *in.type, root, token, now);
  }
  std::vector<T> finish() { return gathered<T>(std::move(all)); }
  T mine;
  gather_store<T> all;
  int root;
};

/// Values of different sizes: their counts, then the items. `root < 0`: all ranks gather.
struct gather_variable {
  gather_variable(std::size_t item_bytes, const datatype& of, int to, int rank, int size);
  op_number start(int phase, const void* mine, transport& t, comm_id comm, void* token, completion& now);
  int my_count = 0;
  variable_parts all;
  datatype type;
  int root;
};

template <class T>
struct gather_variable_body : gather_variable {
  static constexpr const char* name = "igather";
  static constexpr int phases = 2;
  static constexpr drop_policy policy = drop_policy::park;
  using format = variable_format<T>;
  gather_variable_body(T&& v, int to, int rank, int size)
      : gather_variable(sizeof(typename format::item), format::type(), to, rank, size), value(std::move(v)) {
    if constexpr (format::is_encoded) {
      encode_message(payload, value);
      my_count = checked_count(payload.size());
    } else {
      my_count = checked_count(static_cast<std::size_t>(region_of(value).count));
    }
  }
  op_number start(int phase, transport& t, comm_id comm, void* token, completion& now) {
    const void* mine = payload.data();
    if constexpr (!format::is_encoded) mine = value.data();
    return gather_variable::start(phase, mine, t, comm, token, now);
  }
  std::vector<T> finish() { return all.template values<T>(); }
  T value;
  byte_buffer payload;
};

template <class T>
struct scatter_body {
  static constexpr const char* name = "iscatter";
  static constexpr int phases = 1;
  static constexpr drop_policy policy = drop_policy::park;
  scatter_body(std::vector<T>&& v, int from) : all(v.begin(), v.end()), root(from) {}
  op_number start(int, transport& t, comm_id comm, void* token, completion& now) {
    const region out = region_of(mine);
    return t.iscatter(comm, all.data(), {}, {}, out.data, out.count, *out.type, root, token, now);
  }
  T finish() noexcept { return mine; }
  gather_store<T> all;
  T mine{};
  int root;
};

struct scatter_variable {
  scatter_variable(std::size_t item_bytes, const datatype& of, int from) : all(item_bytes), type(of), root(from) {}
  op_number start(int phase, std::size_t item_bytes, transport& t, comm_id comm, void* token, completion& now);
  variable_parts all;
  int my_count = 0;
  byte_buffer mine;
  datatype type;
  int root;
};

template <class T>
struct scatter_variable_body : scatter_variable {
  static constexpr const char* name = "iscatter";
  static constexpr int phases = 2;
  static constexpr drop_policy policy = drop_policy::park;
  using format = variable_format<T>;
  scatter_variable_body(std::vector<T>&& values, int from)
      : scatter_variable(sizeof(typename format::item), format::type(), from) {
    for (const T& value : values) {
      format::append(all.data, value);
      all.end_part();
    }
  }
  op_number start(int phase, transport& t, comm_id comm, void* token, completion& now) {
    return scatter_variable::start(phase, sizeof(typename format::item), t, comm, token, now);
  }
  T finish() { return format::make(mine.bytes()); }
};

template <class T>
struct alltoall_body {
  static constexpr const char* name = "ialltoall";
  static constexpr int phases = 1;
  static constexpr drop_policy policy = drop_policy::park;
  explicit alltoall_body(std::vector<T>&& v) : in(v.begin(), v.end()), out(in.size()) {}
  op_number start(int, transport& t, comm_id comm, void* token, completion& now) {
    return t.ialltoall(comm, in.data(), wire<T>::count, {}, {}, out.data(), {}, {}, wire_type<T>(), token, now);
  }
  std::vector<T> finish() { return gathered<T>(std::move(out)); }
  gather_store<T> in, out;
};

struct alltoall_variable {
  alltoall_variable(std::size_t item_bytes, const datatype& of) : in(item_bytes), out(item_bytes), type(of) {}
  op_number start(int phase, transport& t, comm_id comm, void* token, completion& now);
  variable_parts in, out;
  datatype type;
};

template <class T>
struct alltoall_variable_body : alltoall_variable {
  static constexpr const char* name = "ialltoall";
  static constexpr int phases = 2;
  static constexpr drop_policy policy = drop_policy::park;
  using format = variable_format<T>;
  explicit alltoall_variable_body(std::vector<T>&& values)
      : alltoall_variable(sizeof(typename format::item), format::type()) {
    for (const T& value : values) {
      format::append(in.data, value);
      in.end_part();
    }
    out.counts.resize(values.size());
  }
  using alltoall_variable::start;
  std::vector<T> finish() { return out.template values<T>(); }
};

}  // namespace weft::detail
