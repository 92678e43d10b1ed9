# SPDX-License-Identifier: BSL-1.0
"""Uses weft as others do: installs it to a temporary prefix, then builds and runs a consumer by one of the three ways.

usage: install_test.py WAY ROOT BUILD_DIR CMAKE COMPILER MPI_COMPILER   (WAY: find_package, add_subdirectory, pkg_config)
"""
import os
import subprocess
import sys
import tempfile


def run(command, **options):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if result.returncode != 0:
        raise SystemExit("%s\nfailed with %d\n%s" % (" ".join(command), result.returncode, result.stdout))
    return result.stdout


class consumer:
    def __init__(self, root, build_dir, cmake, compiler, mpi_compiler, scratch):
        self.root, self.build_dir, self.cmake = root, build_dir, cmake
        self.compiler, self.mpi_compiler, self.scratch = compiler, mpi_compiler, scratch
        self.prefix = os.path.join(scratch, "prefix")

    def install(self):
        run([self.cmake, "--install", self.build_dir, "--prefix", self.prefix])

    def build_by_cmake(self, way, *options):
        binary_dir = os.path.join(self.scratch, "build")
        run([self.cmake, "-S", os.path.join(self.root, "tests", "install", way), "-B", binary_dir,
             "-DCMAKE_CXX_FLAGS=-O0", "-DCMAKE_CXX_COMPILER=" + self.compiler, *options])
        run([self.cmake, "--build", binary_dir, "--target", "consumer", "-j2"])
        for folder in (binary_dir, os.path.join(binary_dir, "bin")):
            if os.path.exists(os.path.join(folder, "consumer")):
                return os.path.join(folder, "consumer")
        raise SystemExit("no program was built")

    def find_package(self):
        self.install()
        return self.build_by_cmake("find_package", "-DCMAKE_PREFIX_PATH=" + self.prefix)

    def add_subdirectory(self):
        return self.build_by_cmake("add_subdirectory")

    def pkg_config(self):
        self.install()
        pc = [os.path.join(path, name) for path, _, names in os.walk(self.prefix) for name in names if name == "weft.pc"]
        if len(pc) != 1:
            raise SystemExit("expected one installed weft.pc, found %s" % pc)
        environment = dict(os.environ)
        environment["PKG_CONFIG_PATH"] = ":".join([os.path.dirname(pc[0]), os.environ.get("PKG_CONFIG_PATH", "")])
        flags = run(["pkg-config", "--static", "--cflags", "--libs", "--define-variable=prefix=" + self.prefix, "weft"],
                    env=environment).split()
        program = os.path.join(self.scratch, "consumer")
        run([self.mpi_compiler, "-std=c++20", os.path.join(self.root, "tests", "install", "consumer.cpp"), "-o", program] + flags,
            env=dict(environment, OMPI_CXX=self.compiler, MPICH_CXX=self.compiler))
        return program


def main():
    way, arguments = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as scratch:
        program = getattr(consumer(*arguments, scratch), way)()
        output = run([program], env=dict(os.environ, LD_LIBRARY_PATH=os.path.join(scratch, "prefix", "lib")))
    print(output, end="")
    return 0 if output.startswith("consumer of weft ") else 1


sys.exit(main())
