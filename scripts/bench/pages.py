# SPDX-License-Identifier: BSL-1.0
"""Tables in documentation pages that programs write."""
import re
import sys


def write_section(path, name, text):
    """Replaces what stands in the file between the lines `<!-- name -->` and `<!-- /name -->`."""
    with open(path) as file:
        page = file.read()
    found = re.search(rf"(?<=<!-- {name} -->\n).*?(?=\n?<!-- /{name} -->)", page, flags=re.S)
    if found is None:
        sys.exit(f"{path} has no section {name}")
    with open(path, "w") as file:
        file.write(page[:found.start()] + text + "\n" + page[found.end():].lstrip("\n"))
