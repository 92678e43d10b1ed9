# SPDX-License-Identifier: BSL-1.0
"""Compiles the C++ of the documentation, so that what a reader copies works.

A block marked ```cpp in README.md or docs/**/*.md that has an `int main` is compiled whole, as it stands. Blocks without
one show parts of programs and are not compiled, except that a part may be made into a program: a block that follows the
comment <!-- continues: name --> is appended to the block that follows <!-- program: name -->, and so on.

usage: docs_test.py ROOT COMPILER...
"""
import os
import re
import subprocess
import sys

MARK = re.compile(r"<!-- (program|continues): ([\w-]+) -->")


def pages(root):
    yield "README.md"
    for path, subfolders, names in os.walk(os.path.join(root, "docs")):
        subfolders.sort()
        for name in sorted(names):
            if name.endswith(".md"):
                yield os.path.relpath(os.path.join(path, name), root)


def blocks(text):
    """Yields (line, mark, name, code) of each ```cpp block."""
    mark, name, start, code = None, None, 0, None
    for number, line in enumerate(text.splitlines(), 1):
        if code is not None:
            if line.startswith("```"):
                yield start, mark, name, "\n".join(code) + "\n"
                code, mark, name = None, None, None
            else:
                code.append(line)
        elif line.strip() == "```cpp":
            start, code = number, []
        elif MARK.search(line):
            mark, name = MARK.search(line).groups()


def programs(root):
    """Returns a list of (place, code)."""
    found = {}
    for page in pages(root):
        if not os.path.exists(os.path.join(root, page)):
            continue
        with open(os.path.join(root, page), encoding="utf-8") as f:
            for line, mark, name, code in blocks(f.read()):
                place = "%s:%d" % (page, line)
                if mark == "continues":
                    first = "%s#%s" % (page, name)
                    if first not in found:
                        raise SystemExit("%s continues %s, which no block begins" % (place, name))
                    found[first][1] += code
                elif mark == "program":
                    found["%s#%s" % (page, name)] = [place, code]
                else:
                    found[place] = [place, code]
    return [(place, code) for place, code in found.values() if re.search(r"\bint main\b", code)]


def main():
    root, compiler = sys.argv[1], sys.argv[2:]
    failed = 0
    all_programs = programs(root)
    for place, code in all_programs:
        result = subprocess.run(compiler + ["-fsyntax-only", "-x", "c++", "-"], input=code, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if result.returncode != 0:
            failed += 1
            print("%s does not compile\n%s" % (place, result.stdout))
    print("%d of %d programs in the documentation compile" % (len(all_programs) - failed, len(all_programs)))
    return 1 if failed else 0


sys.exit(main())
