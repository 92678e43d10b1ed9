# SPDX-License-Identifier: BSL-1.0
# timeout: 240
# processors: 2
"""The built-in batch renders a picture that a PNG reader would take, and both ranks have their share."""
import json
import os
import struct
import tempfile
import zlib

import farm


def chunks(png):
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(png):
        length, = struct.unpack(">I", png[at:at + 4])
        kind, data = png[at + 4:at + 8], png[at + 8:at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length:at + 12 + length])[0] == zlib.crc32(kind + data)
        yield kind, data
        at += 12 + length


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    done = farm.expect(farm.run(2, "demo", "--json", "report", timeout=200), 0)
    assert "96 tasks, 0 failed" in done.stdout and "weft-demo.weft/mandelbrot.png" in done.stdout, done.stdout
    report = json.loads(farm.read("report"))
    assert all(rank["tasks"] > 10 for rank in report["ranks"]), report["ranks"]
    with open("weft-demo.weft/mandelbrot.png", "rb") as file:
        picture = dict(chunks(file.read()))
    width, height = struct.unpack(">II", picture[b"IHDR"][:8])
    rows = zlib.decompress(picture[b"IDAT"])
    assert (width, height) == (1200, 800) and len(rows) == height * (1 + 3 * width)
    middle = (height // 2) * (1 + 3 * width) + 1 + 3 * (width // 2)
    assert rows[middle:middle + 3] == b"\0\0\0", "the middle of the set is black"
    assert len(set(rows)) > 100, "the rest is not"
