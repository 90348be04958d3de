"""What the hub's own people do about its accounts, on the command line.

``devices`` lists the workstations, ``revoke --id ID`` shuts one out and orders it to erase its keys; what lets them in
is in `clinic_app.hub.code_commands`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clinic_app.foundation.spreadsheet import csv_lines
from clinic_app.hub.archive_commands import archive, ask_archive
from clinic_app.hub.code_commands import ask_code, ask_end, ask_nothing, end_code, list_codes, make_code
from clinic_app.hub.erasing import ask_erasing, erase
from clinic_app.hub.gate import Hub
from clinic_app.hub.quota_command import ask_quota, quota
from clinic_app.hub.release_commands import ask_releases, releases

_COLUMNS: Final = (
    "id",
    "organization",
    "site",
    "name",
    "key",
    "last_seen_at",
    "program",
    "waiting",
    "waiting_bytes",
    "revoked_at",
    "erasure",
    "trail_broken_at",
)


@dataclass(frozen=True)
class AccountCommand:
    """One command.

    Args:
        sentence: what it does.
        ask: adds its options to a parser.
        run: does it, and returns the lines to print.
    """

    sentence: str
    ask: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Hub, argparse.Namespace], Sequence[str]]


def _ask_revocation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--id", required=True, help="the workstation's id, as “devices” says it")
    parser.add_argument("--because", default="", help="what its user is told")
    parser.add_argument(
        "--keep-data", action="store_true", help="shut it out only; its data stay, and what waits there can be saved"
    )


def _revoke(hub: Hub, options: argparse.Namespace) -> Sequence[str]:
    hub.callers.revoke(options.id, options.because, is_to_be_erased=not options.keep_data)
    if options.keep_data:
        return ("shut out",)
    return ("shut out; when it next comes it is ordered to erase the keys of its data",)


def _devices(hub: Hub, _options: argparse.Namespace) -> Sequence[str]:
    breaks = hub.accounts.heads.breaks()
    rows = [
        (
            each.id,
            each.organization,
            each.site,
            each.name,
            each.algorithm or "token",
            _moment(each.last_seen_at),
            each.program,
            each.waiting,
            each.waiting_bytes,
            _moment(each.revoked_at),
            _erasure(is_ordered=each.is_to_be_erased, told_at=each.told_at),
            _moment(breaks.get(each.id)),
        )
        for each in hub.callers.devices()
    ]
    return b"".join(csv_lines((_COLUMNS, *rows))).decode("utf-8-sig").splitlines()


def _erasure(*, is_ordered: bool, told_at: datetime | None) -> str:
    if not is_ordered:
        return ""
    return f"told {_moment(told_at)}" if told_at else "ordered"


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""


ACCOUNT_COMMANDS: Final[Mapping[str, AccountCommand]] = {
    "enrol-code": AccountCommand("Print a code that lets workstations in.", ask_code, make_code),
    "codes": AccountCommand("List the codes that live for days (CSV).", ask_nothing, list_codes),
    "end-code": AccountCommand("End a code that lives for days.", ask_end, end_code),
    "devices": AccountCommand("List the workstations as a table (CSV).", ask_nothing, _devices),
    "revoke": AccountCommand("Shut a workstation out.", _ask_revocation, _revoke),
    "erase": AccountCommand("Erase records by order of the law, everywhere and for good.", ask_erasing, erase),
    "quota": AccountCommand("Say how much of contents an organisation may keep.", ask_quota, quota),
    "releases": AccountCommand("List the program's releases, or take one from a stick.", ask_releases, releases),
    "archive": AccountCommand("List what went to the DICOM archive, what differs, what waits.", ask_archive, archive),
}
