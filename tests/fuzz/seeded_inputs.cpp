// SPDX-License-Identifier: BSL-1.0
// The main of a fuzz test that is built without libFuzzer: seeded inputs, the same in every run. Small numbers are
// frequent in them, because these are lengths, indices and flags; bytes drawn evenly would be refused at the first
// length.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

/// Most bytes are zero, so that whole values come about as well as refused ones.
std::vector<std::uint8_t> input(std::mt19937& random) {
  std::vector<std::uint8_t> bytes(random() % 512);
  const unsigned any_value[] = {0, 1, 3, 10, 100};  // per cent of the bytes
  const unsigned small_value[] = {0, 2, 5, 10, 30};
  const auto any = any_value[random() % 5];
  const auto small = any + small_value[random() % 5];
  for (std::uint8_t& byte : bytes) {
    const auto kind = random() % 100;
    byte = static_cast<std::uint8_t>(kind < any ? random() % 256 : kind < small ? random() % 4 : 0);
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  const int inputs = argc > 1 ? std::atoi(argv[1]) : 20'000;
  std::mt19937 random(1);
  for (int i = 0; i < inputs; ++i) {
    const std::vector<std::uint8_t> bytes = input(random);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  std::printf("%d inputs\n", inputs);
}
