// SPDX-License-Identifier: BSL-1.0
#include <weft/comm/collectives.hpp>

#include <fmt/format.h>

namespace weft {

void collectives::check_one_each(std::size_t values, const char* call, source_location where) const {
  if (values == static_cast<std::size_t>(state_->size)) return;
  throw usage_error(fmt::format("{}: one value for each of the {} ranks is needed, not {}", call, state_->size, values),
                    where);
}

}  // namespace weft
