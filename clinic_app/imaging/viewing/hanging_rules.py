"""The rules of hanging as they are read from files: those of the program, and before them a site's own.

A site puts ``hanging.json`` into the data folder, beside its settings. A file that cannot be read is said, and the
program's own rules stand.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from clinic_app.foundation.texts import Text
from clinic_app.imaging.viewing.hanging import MOST_RULES, Layout, Rules

FILE_NAME: Final = "hanging.json"
_OWN: Final = Path(__file__).parents[3] / "resources" / FILE_NAME
_LARGEST_BYTES: Final = 256 << 10


def rules_of(folder: Path | None) -> tuple[Rules, Text | None]:
    """Return the rules in force at a site, and a sentence where its own file cannot be followed.

    Args:
        folder: where the site's settings lie; None: there is no site.
    """
    own = _own()
    path = folder / FILE_NAME if folder else None
    if path is None or not path.is_file():
        return own, None
    try:
        site = _read(path)
    except (OSError, ValueError) as error:
        return own, Text(
            "The site's hanging rules ({name}) are not followed: {reason}", name=FILE_NAME, reason=str(error)
        )
    return Rules((*site.rules, *own.rules), site.localizers or own.localizers), None


@lru_cache(maxsize=1)
def _own() -> Rules:
    return _read(_OWN)


def _read(path: Path) -> Rules:
    """Return the rules in a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds no rules.
    """
    if path.stat().st_size > _LARGEST_BYTES:
        raise ValueError(f"> {_LARGEST_BYTES >> 10} KiB")
    found = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=Rules)
    if len(found.rules) > MOST_RULES:
        raise ValueError(f"> {MOST_RULES} rules")
    for rule in found.rules:
        if Layout.parse(rule.layout) is None:
            raise ValueError(f"layout “{rule.layout[:20]}”")
    return found
