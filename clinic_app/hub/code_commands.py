"""Codes that let workstations in, on the command line of the hub's computer.

``enrol-code --organization ID --name NAME`` prints one for a single workstation, good for ten minutes; with
``--computers N --days D`` one for a roll-out. ``codes`` lists those, ``end-code --number N`` ends one.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from clinic_app.foundation.spreadsheet import csv_lines
from clinic_app.hub.gate import Hub
from clinic_app.keys.enrolment_code import is_long, printed
from clinic_app.storage.feed.accounts import CODE_LIVES, LONGEST_LIVES, MOST_COMPUTERS, Admission, number_of
from clinic_app.storage.feed.enrolment_trail import EnrolmentTrail

_COLUMNS: Final = ("number", "organization", "name", "computers", "taken", "ends_at", "state")
_ONE_DAY: Final = timedelta(days=1)


def ask_code(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``enrol-code``."""
    parser.add_argument("--organization", required=True, help="id of the organisation the workstation belongs to")
    parser.add_argument("--organization-name", default="", help="what the organisation is called; kept for all its own")
    parser.add_argument("--site", default="", help="building or department the workstation stands in")
    parser.add_argument(
        "--name", required=True, help="what the workstation is called in the hub's list; several get a number behind it"
    )
    parser.add_argument("--computers", type=int, default=1, help=f"how many it lets in, at most {MOST_COMPUTERS}")
    parser.add_argument(
        "--days",
        type=int,
        help=f"how long it is good, at most {LONGEST_LIVES.days}; without it ten minutes, for several computers a day",
    )


def make_code(hub: Hub, options: argparse.Namespace) -> Sequence[str]:
    """Make a code; return the lines to print.

    Raises:
        InvalidInputError: no id of a hospital, a name nobody could read, too many computers or days.
    """
    admission = Admission(options.organization, options.name, options.organization_name, options.site)
    if options.days is not None:
        lives = timedelta(days=max(0, min(options.days, LONGEST_LIVES.days + 1)))
    else:
        lives = CODE_LIVES if options.computers == 1 else _ONE_DAY
    code, expires_at = hub.accounts.devices.new_code(admission, options.computers, lives)
    told = f"good until {_moment(expires_at)}, once"
    if is_long(code):
        number = number_of(code)
        told = f"good until {_moment(expires_at)}, computers: {options.computers}, number: {number}"
        what = f"enrolment code {number} made, computers: {options.computers}, until {_moment(expires_at)}"
        _trail(hub).told(what, options.organization)
    return (printed(code), told, f"fingerprint of this hub: {hub.accounts.identity()['fingerprint']}")


def ask_nothing(_parser: argparse.ArgumentParser) -> None:
    """The list needs no options of its own."""


def list_codes(hub: Hub, _options: argparse.Namespace) -> Sequence[str]:
    """Return the table of the codes that live for days (CSV); no code is in it, nobody knows them any more."""
    now = hub.clock.now()
    rows = [
        (
            each.number,
            each.organization_id,
            each.name,
            each.places,
            each.taken,
            _moment(each.expires_at),
            _state(each.places - each.taken, is_over=each.expires_at <= now),
        )
        for each in hub.accounts.devices.codes()
    ]
    return b"".join(csv_lines((_COLUMNS, *rows))).decode("utf-8-sig").splitlines()


def ask_end(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``end-code``."""
    parser.add_argument("--number", required=True, help="the code's number, as “codes” says it")


def end_code(hub: Hub, options: argparse.Namespace) -> Sequence[str]:
    """End a code; return the lines to print.

    Raises:
        NotFoundError: there is none of this number.
    """
    line = hub.accounts.devices.end_code(options.number)
    _trail(hub).told(f"enrolment code {line.number} ended, taken: {line.taken}", line.organization_id)
    return (f"ended; {line.taken} of {line.places} computers have come in by it and stay (see “devices”)",)


def _state(left: int, *, is_over: bool) -> str:
    if is_over:
        return "ended"
    return "open" if left else "all taken"


def _trail(hub: Hub) -> EnrolmentTrail:
    return EnrolmentTrail(hub.feed, hub.clock, hub.accounts.name)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
