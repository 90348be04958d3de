"""The command ``releases``: what versions of the program this hub hands to its workstations, and how one comes in.

``releases --take FOLDER|FILE.dala-update`` verifies what a stick brings and keeps the newest; without ``--take`` the
releases are listed, with how many workstations have each version.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from clinic_app.foundation.errors import InvalidInputError, UnreadableFileError
from clinic_app.foundation.spreadsheet import csv_lines
from clinic_app.foundation.texts import Text
from clinic_app.hub.gate import Hub
from clinic_app.updates.sources import opened_source

_COLUMNS: Final = ("version", "kind", "megabytes", "sha256", "workstations")
_LARGEST_ROOT: Final = 256 << 10


def ask_releases(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--take", type=Path, metavar="FOLDER|FILE", help="take the newest release of a stick")
    parser.add_argument("--root", type=Path, metavar="FILE", help="the root that is believed first, once")


def releases(hub: Hub, options: argparse.Namespace) -> Sequence[str]:
    """Take a release, or list what is here as a table (CSV).

    Raises:
        InvalidInputError: the root cannot be read.
        UnreadableFileError: what the stick brings is not believed.
    """
    shelf = hub.releases
    if shelf is None:
        raise InvalidInputError(Text("The hub has no releases of the program."))
    if options.take is not None:
        with opened_source(options.take) as source:
            shelf.take(source, _root(options.root))
    have = Counter(each.program.partition(" ")[0] for each in hub.callers.devices() if each.revoked_at is None)
    rows = [
        (each.version, each.kind, -(-each.size // 1_000_000), each.sha256, have.get(each.version, 0))
        for each in shelf.newest()
    ]
    return b"".join(csv_lines((_COLUMNS, *rows))).decode("utf-8-sig").splitlines()


def _root(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            body = file.read(_LARGEST_ROOT + 1)
    except OSError as error:
        raise InvalidInputError(Text("The file “{path}” cannot be read.", path=path)) from error
    if len(body) > _LARGEST_ROOT:
        raise UnreadableFileError(Text("The file “{path}” cannot be read.", path=path))
    return body
