"""What the hub's own people do about its accounts, on the command line.

``enrol-code --organization ID --name NAME`` prints a code for one workstation and the hub's fingerprint;
``devices`` lists the workstations, ``revoke --id ID`` shuts one out and orders it to erase its keys.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clinic_app.foundation.spreadsheet import csv_lines
from clinic_app.hub.archive_commands import archive, ask_archive
from clinic_app.hub.erasing import ask_erasing, erase
from clinic_app.hub.gate import Hub
from clinic_app.hub.quota_command import ask_quota, quota
from clinic_app.hub.release_commands import ask_releases, releases
from clinic_app.keys.enrolment_code import printed
from clinic_app.storage.feed.accounts import Admission

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


def _ask_code(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--organization", required=True, help="id of the organisation the workstation belongs to")
    parser.add_argument("--organization-name", default="", help="what the organisation is called; kept for all its own")
    parser.add_argument("--site", default="", help="building or department the workstation stands in")
    parser.add_argument("--name", required=True, help="what the workstation is called in the hub's list")


def _code(hub: Hub, options: argparse.Namespace) -> Sequence[str]:
    admission = Admission(options.organization, options.name, options.organization_name, options.site)
    code, expires_at = hub.accounts.devices.new_code(admission)
    return (
        printed(code),
        f"good until {_moment(expires_at)}, once",
        f"fingerprint of this hub: {hub.accounts.identity()['fingerprint']}",
    )


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


def _ask_nothing(_parser: argparse.ArgumentParser) -> None:
    """Devices needs no options of its own."""


ACCOUNT_COMMANDS: Final[Mapping[str, AccountCommand]] = {
    "enrol-code": AccountCommand("Print a code that lets one workstation in.", _ask_code, _code),
    "devices": AccountCommand("List the workstations as a table (CSV).", _ask_nothing, _devices),
    "revoke": AccountCommand("Shut a workstation out.", _ask_revocation, _revoke),
    "erase": AccountCommand("Erase records by order of the law, everywhere and for good.", ask_erasing, erase),
    "quota": AccountCommand("Say how much of contents an organisation may keep.", ask_quota, quota),
    "releases": AccountCommand("List the program's releases, or take one from a stick.", ask_releases, releases),
    "archive": AccountCommand("List what went to the DICOM archive, what differs, what waits.", ask_archive, archive),
}
