// SPDX-License-Identifier: BSL-1.0
#pragma once

// What most programs need: `#include <weft/weft.hpp>`. The rest has headers of its own, so that nobody pays for it: the
// store of transactions (weft/txn/store.hpp), remote calls, channels and locks (weft/message).
#include <weft/async/async.hpp>
#include <weft/comm/communicator.hpp>
#include <weft/comm/persistent.hpp>
#include <weft/port/context.hpp>
#include <weft/port/port.hpp>
#include <weft/queue/durable_queue.hpp>
#include <weft/queue/work_queue.hpp>
#include <weft/run/run.hpp>
#include <weft/version.hpp>
