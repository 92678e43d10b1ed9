# SPDX-License-Identifier: BSL-1.0
"""Checks that each public header of a folder compiles alone, twice in one file, and without warnings.

usage: headers_test.py INCLUDE_DIR FOLDER COMPILER...   (FOLDER "weft/core", or "weft" for the headers beside the rooms)
"""
import os
import subprocess
import sys


def main():
    include_dir, folder, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
    headers = []
    for path, subfolders, names in os.walk(os.path.join(include_dir, folder)):
        headers += [os.path.relpath(os.path.join(path, n), include_dir) for n in names if n.endswith(".hpp")]
        if folder == "weft":
            subfolders.clear()
    failed = 0
    for header in sorted(headers):
        text = "#include <%s>\n" % header * 2
        result = subprocess.run(compiler + ["-fsyntax-only", "-x", "c++", "-"], input=text, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if result.returncode != 0:
            failed += 1
            print("%s does not compile alone\n%s" % (header, result.stdout))
    print("%d of %d headers compile alone" % (len(headers) - failed, len(headers)))
    return 1 if failed or not headers else 0


sys.exit(main())
