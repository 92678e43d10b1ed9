// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <string>

#include <weft/core/error.hpp>

namespace weft {

/// An exception on its way to another rank, as a value.
struct remote_failure {
  std::string type;  ///< "std::out_of_range"
  std::string text;  ///< what it says, with the line that threw it where that is known
};
remote_failure failure_of(const std::exception_ptr& thrown);
/// Of one that has just been caught: spares throwing it again.
remote_failure failure_of(const std::exception& caught);

/// A function that ran on another rank, or at the data of another, has thrown.
class remote_error : public error {
 public:
  /// `where`: who called it.
  explicit remote_error(remote_failure what, source_location where = {});
  /// Of the exception that was thrown, in the compiler's spelling: "std::out_of_range".
  const std::string& type() const noexcept { return what_.type; }
  /// The text of that exception alone; `what()` has the type and the caller as well.
  const std::string& text() const noexcept { return what_.text; }

 private:
  remote_failure what_;
};

}  // namespace weft
