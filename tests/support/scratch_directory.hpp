// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace weft::testing {

/// An empty directory under /tmp, gone with its contents when the test leaves it.
class scratch_directory {
 public:
  /// Throws `std::system_error` if none can be made.
  scratch_directory();
  ~scratch_directory();
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_ = "/tmp/weft-test-XXXXXX";
};

}  // namespace weft::testing
