// SPDX-License-Identifier: BSL-1.0

/// Linked into sanitizer builds only: keeps unloaded plugins of the MPI library in memory, so that the leak report can
/// name the plugin that a block belongs to.
extern "C" int dlclose(void*) noexcept { return 0; }
