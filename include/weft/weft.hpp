// SPDX-License-Identifier: BSL-1.0
#pragma once

// Everything that a program needs: `#include <weft/weft.hpp>`.
#include <weft/async/async.hpp>
#include <weft/comm/communicator.hpp>
#include <weft/comm/persistent.hpp>
#include <weft/port/context.hpp>
#include <weft/port/port.hpp>
#include <weft/queue/durable_queue.hpp>
#include <weft/queue/work_queue.hpp>
#include <weft/run/run.hpp>
#include <weft/txn/store.hpp>
#include <weft/version.hpp>
