# SPDX-License-Identifier: BSL-1.0
"""Compiles one section of a misuse file and checks that it is refused with the expected error (section 0: accepted).

usage: compile_section.py FILE SECTION COMPILER...
"""
import re
import subprocess
import sys


def expectation(path, section):
    """The `// expect:` text between this section's condition and the next one's."""
    inside = False
    for line in open(path, encoding="utf-8"):
        condition = re.match(r"#(?:el)?if SECTION == (\d+)", line)
        if condition:
            inside = int(condition.group(1)) == section
        found = re.match(r"\s*// expect: (.*\S)", line)
        if inside and found:
            return found.group(1)
    return None


def main():
    path, section, compiler = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    command = compiler + ["-fsyntax-only", "-DSECTION=%d" % section, path]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    accepted = result.returncode == 0
    if section == 0:
        print(result.stdout if not accepted else "compiles, as it should")
        return 0 if accepted else 1
    expected = expectation(path, section)
    if expected is None:
        print("section %d has no line '// expect: <regular expression>'" % section)
        return 1
    if accepted:
        print("section %d compiles, but should be refused with: %s" % (section, expected))
        return 1
    errors = "\n".join(line for line in result.stdout.splitlines() if "error:" in line)
    if not re.search(expected, errors):
        print("section %d is refused, but not with: %s\n%s" % (section, expected, result.stdout))
        return 1
    print("refused with: %s" % expected)
    return 0


sys.exit(main())
