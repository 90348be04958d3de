"""Tables for a spreadsheet program, in which nothing a stranger wrote is taken for a formula.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break runs as a formula when the file is opened
(OWASP, CSV Injection); so do their full-width forms in some programs, and white space or marks nobody sees in front do
not always help. Such a cell gets an apostrophe in front and is text. A program that expects another separator than the
file's cuts the words into cells of its own; so what follows a separator inside the words is guarded as well.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

FORMULA_SIGNS: Final = frozenset("=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
                                 "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}\N{MINUS SIGN}|%")  # fmt: skip
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_INNER: Final = re.compile(rf"[,;\t\r\n](?=['\"\s]*[{re.escape(''.join(FORMULA_SIGNS))}])")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
SEPARATOR: Final = ";"
"""What a spreadsheet program expects where a comma divides decimals, as in Kazakhstan and Russia."""


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yield a table as bytes, row by row: UTF-8 with the mark Excel wants, every cell quoted."""
    yield _BYTE_ORDER_MARK
    for row in rows:
        line = io.StringIO()
        csv.writer(line, delimiter=SEPARATOR, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(cell, row))
        yield line.getvalue().encode("utf-8", "replace")


def cell(value: object) -> str:
    """Return what stands in a cell: numbers and moments (in UTC) as they are, words never as a formula."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, int | float):
        return str(value)
    words = "" if value is None else str(value).replace("\0", "")
    guarded = _INNER.sub(r"\g<0>'", words)
    return f"'{guarded}" if is_formula(words) else guarded


def is_formula(words: str) -> bool:
    """Return whether a spreadsheet program might run these words."""
    if words[:1] in FORMULA_SIGNS and words:
        return True
    seen = words.lstrip("".join({c for c in words if unicodedata.category(c) in _UNSEEN}))
    return seen[:1] in FORMULA_SIGNS if seen else False
