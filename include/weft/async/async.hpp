// SPDX-License-Identifier: BSL-1.0
#pragma once

// Everything of the room `async`.
#include <weft/async/as_completed.hpp>
#include <weft/async/child.hpp>
#include <weft/async/descriptor.hpp>
#include <weft/async/event.hpp>
#include <weft/async/future.hpp>
#include <weft/async/loop.hpp>
#include <weft/async/mutex.hpp>
#include <weft/async/scope.hpp>
#include <weft/async/semaphore.hpp>
#include <weft/async/signal.hpp>
#include <weft/async/spawn.hpp>
#include <weft/async/task.hpp>
#include <weft/async/timeout.hpp>
#include <weft/async/timer.hpp>
#include <weft/async/when_all.hpp>
#include <weft/async/when_any.hpp>
