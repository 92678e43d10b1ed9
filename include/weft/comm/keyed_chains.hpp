// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weft::detail {

/// A hash table from (source, tag) to the nodes with that key, oldest first. Nodes carry their own links (`next`,
/// `previous`, `source`, `tag`): nothing is allocated but the buckets, which double when there are more nodes.
template <class Node>
class keyed_chains {
 public:
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// The oldest node of the key, or nullptr.
  Node* first(int source, int tag) const noexcept {
    if (size_ == 0) return nullptr;
    for (Node* node = bucket_of(source, tag).head; node != nullptr; node = node->next) {
      if (node->source == source && node->tag == tag) return node;
    }
    return nullptr;
  }

  void push_back(Node& node) {
    if (size_ >= buckets_.size()) grow();
    append(buckets_[index_of(node.source, node.tag)], node);
    ++size_;
  }

  void remove(Node& node) noexcept {
    bucket& in = buckets_[index_of(node.source, node.tag)];
    (node.previous != nullptr ? node.previous->next : in.head) = node.next;
    (node.next != nullptr ? node.next->previous : in.tail) = node.previous;
    node.next = node.previous = nullptr;
    --size_;
  }

 private:
  struct bucket {
    Node* head = nullptr;
    Node* tail = nullptr;
  };

  // Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): the high bits of a product with 2^64 / phi.
  std::size_t index_of(int source, int tag) const noexcept {
    const auto key =
        static_cast<std::uint64_t>(static_cast<std::uint32_t>(source)) << 32 | static_cast<std::uint32_t>(tag);
    return static_cast<std::size_t>((key ^ (key >> 29)) * 0x9e3779b97f4a7c15u >> shift_);
  }
  const bucket& bucket_of(int source, int tag) const noexcept { return buckets_[index_of(source, tag)]; }

  static void append(bucket& in, Node& node) noexcept {
    node.next = nullptr;
    node.previous = in.tail;
    (in.tail != nullptr ? in.tail->next : in.head) = &node;
    in.tail = &node;
  }

  void grow() {
    std::vector<bucket> old(buckets_.empty() ? 64 : 2 * buckets_.size());
    old.swap(buckets_);
    shift_ = old.empty() ? 64 - 6 : shift_ - 1;
    for (bucket& from : old) {
      for (Node* node = from.head; node != nullptr;) {
        Node* next = node->next;
        append(buckets_[index_of(node->source, node->tag)], *node);
        node = next;
      }
    }
  }

  std::vector<bucket> buckets_;
  std::size_t size_ = 0;
  int shift_ = 0;
};

}  // namespace weft::detail
