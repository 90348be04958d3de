"""The command ``quota``: how much of contents each organisation keeps at the hub, and how much it may."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.spreadsheet import csv_lines
from clinic_app.foundation.texts import Text
from clinic_app.hub.gate import Hub

_COLUMNS: Final = ("organization", "used_mb", "quota_mb", "used_percent")
_MB: Final = 1 << 20


def ask_quota(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--organization", default="", help="id of the organisation; without it, all are listed")
    parser.add_argument("--megabytes", type=int, help="how much it may keep")
    parser.add_argument("--none", action="store_true", help="it may keep as much as fits")


def quota(hub: Hub, options: argparse.Namespace) -> Sequence[str]:
    """Set one quota, or return all of them as a table (CSV).

    Raises:
        InvalidInputError: half of what a quota needs.
    """
    if options.organization:
        if options.none == (options.megabytes is not None):
            raise InvalidInputError(Text("A quota is a number of megabytes, or none."))
        hub.quotas.put(options.organization, None if options.none else options.megabytes * _MB)
    elif options.none or options.megabytes is not None:
        raise InvalidInputError(Text("Say whose quota it is."))
    rows = [
        (
            each.organization_id,
            -(-each.used // _MB),
            "" if each.most is None else each.most // _MB,
            "" if not each.most else each.used * 100 // each.most,
        )
        for each in hub.quotas.all()
    ]
    return b"".join(csv_lines((_COLUMNS, *rows))).decode("utf-8-sig").splitlines()
