// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace weft::test {

/// Starts the thread that watches the calling thread, which must be the one that runs the tests. A test that takes
/// longer than TEST_LIMIT seconds (default 55), and one that is ended by SIGTERM because another rank died, leaves on
/// stderr its name, what had failed so far on this rank and the stack of the watched thread. After a limit the process
/// exits with code 5.
void watchdog_start(int rank);
void watchdog_stop();

void watchdog_begin_test(const std::string& name);
/// Adds a failure's text to those of the running test.
void watchdog_add_text(const std::string& text);
/// Returns the texts that were added since the test began.
std::string watchdog_end_test();

}  // namespace weft::test
