"""Erasing by order, on the command line: ``erase --patient ID`` or ``erase --record Type/id``, and ``--reason TEXT``.

It cannot be taken back, so it has to be said twice: without ``--yes`` it only says what would go.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from clinic_app.hub.gate import Hub
from clinic_app.storage.record_rows import Key


def ask_erasing(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--patient", default="", help="id of a patient; every record about him goes too")
    what.add_argument("--record", type=_record, help="one record, as Type/id")
    parser.add_argument("--reason", required=True, help="the order; only its SHA-256 is kept, so keep the paper")
    parser.add_argument("--yes", action="store_true", help="do it; it cannot be taken back")


def erase(hub: Hub, options: argparse.Namespace) -> Sequence[str]:
    """Erase what was named, or say what would go; return the lines to print.

    Raises:
        NotFoundError: there is no such record.
    """
    erasing = hub.feed.erasing
    keys = erasing.of_patient(options.patient) if options.patient else (options.record,)
    if options.yes:
        gone = erasing.erase(keys, options.reason)
        return (*_lines(gone), f"erased: {len(gone)}; backups made before today still hold them")
    there = erasing.there(keys)
    return (*_lines(there), f"would be erased: {len(there)}; say it again with --yes")


def _lines(keys: Sequence[Key]) -> tuple[str, ...]:
    return tuple("/".join(key) for key in keys)


def _record(typed: str) -> Key:
    type_name, slash, record_id = typed.partition("/")
    if not (type_name and slash and record_id):
        raise argparse.ArgumentTypeError("write it as Type/id")
    return type_name, record_id
