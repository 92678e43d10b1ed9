// SPDX-License-Identifier: BSL-1.0
// Linked into every program of a sanitizer build: the settings under which a clean program is silent on top of an MPI
// library that leaks at exit. ASAN_OPTIONS and its kin in the environment still override them.

extern "C" {

/// Keeps the plugins of the MPI library in memory when it unloads them in MPI_Finalize, so that the leak report can name
/// the plugin that a block belongs to, and the suppressions below match.
int dlclose(void*) noexcept { return 0; }

/// Suppressions match by the frames of the allocation, which the fast unwinder loses inside code that was built without
/// frame pointers.
const char* __asan_default_options() { return "fast_unwind_on_malloc=0"; }

const char* __lsan_default_options() { return "print_suppressions=0"; }

const char* __ubsan_default_options() { return "print_stacktrace=1:halt_on_error=1"; }

const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1"; }

/// What Open MPI 4.1 and the libraries that it loads leave behind.
const char* __lsan_default_suppressions() {
  return "leak:libmpi.so\n"
         "leak:libopen-rte.so\n"
         "leak:libopen-pal.so\n"
         "leak:libpmix.so\n"
         "leak:libmca_common\n"
         "leak:openmpi3/mca_\n"
         "leak:pmix2/\n"
         "leak:libevent\n"
         "leak:libhwloc\n"
         "leak:libuc\n"
         "leak:libfabric\n"
         "leak:libpsm\n"
         "leak:librdmacm\n"
         "leak:libibverbs\n"
         "leak:libnl-3\n"
         "leak:libnl-route\n";
}

}  // extern "C"
