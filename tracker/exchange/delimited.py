"""CSV and its cousins: which encoding, which delimiter, and the rows as lists of text."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from statistics import median_low

_CHUNK = 2**20
_DELIMITERS = (",", "\t", ";", "|")
_SNIFFED_ROWS = 20

# = + - @ start a formula in a spreadsheet; tab and line break hide one. `exports` puts an apostrophe
# before such a cell, and one more before those it would be mistaken for; reading takes one away.
RUNS = re.compile(r"^'*[=+\-@\t\r\n]")


class CutShort(Exception):
    """The text ends in the middle of a character."""


def encoding_of(data: bytes) -> str | None:
    """UTF-8 (with or without mark), UTF-16 or GB18030; None when the bytes are not text.

    The whole file is decoded once, in pieces. Raises CutShort for UTF-8 or UTF-16 that breaks off.
    """
    if data.startswith(codecs.BOM_UTF8):
        return _if_decodes(data, "utf-8-sig")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _if_decodes(data, "utf-16")
    if b"\x00" in data:
        return _utf16_without_mark(data)
    return _if_decodes(data, "utf-8") or _if_decodes(data, "gb18030")


def _utf16_without_mark(data: bytes) -> str | None:
    """ASCII in UTF-16 has a zero in every second byte; the delimiters alone show the order."""
    head = data[:4096]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < 4 * (min(even, odd) + 1):
        return None
    return _if_decodes(data, "utf-16-le" if odd > even else "utf-16-be")


def _if_decodes(data: bytes, encoding: str) -> str | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    control = 0
    try:
        for start in range(0, len(data), _CHUNK):
            text = decoder.decode(data[start : start + _CHUNK])
            control += len(_CONTROL.findall(text))
    except UnicodeDecodeError:
        return None
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        if encoding == "gb18030":
            return None
        raise CutShort from None
    return encoding if control * 1000 <= len(data) else None


_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


def rows(data: bytes, encoding: str) -> Iterator[list[str]]:
    """Records in order, cells stripped of our own guard mark. Raises csv.Error on broken quoting."""
    reader = csv.reader(_open(data, encoding), delimiter=delimiter_of(data, encoding))
    for cells in reader:
        yield [cell[1:] if cell.startswith("'") and RUNS.match(cell) else cell for cell in cells]


def delimiter_of(data: bytes, encoding: str) -> str:
    """The delimiter that makes the most columns in most of the first rows; a comma when none does."""
    widths = {mark: _usual_width(data, encoding, mark) for mark in _DELIMITERS}
    return max(_DELIMITERS, key=lambda mark: widths[mark])


def _usual_width(data: bytes, encoding: str, delimiter: str) -> int:
    reader = csv.reader(_open(data, encoding), delimiter=delimiter)
    widths: list[int] = []
    try:
        for cells in reader:
            if cells:
                widths.append(len(cells))
            if len(widths) == _SNIFFED_ROWS:
                break
    except csv.Error:
        return 0
    return median_low(widths) if widths else 0


def _open(data: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
