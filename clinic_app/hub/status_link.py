"""The link to the status page, made on the command line of the hub's computer.

``status-link --name WHO`` prints it; it is good once and for ten minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.hub.account_commands import AccountCommand
from clinic_app.hub.gate import Hub
from clinic_app.storage.feed.status_visits import LINK_LIVES

_LONGEST_NAME: Final = 100


def _ask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="who is to look at the page; it stands in the hub's log")
    parser.add_argument("--address", default="", help="address of the hub, if not the one it has noted")


def _link(hub: Hub, options: argparse.Namespace) -> Sequence[str]:
    name = options.name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidInputError(Text("Name a person in one line of at most 100 letters."), "name")
    address = (options.address or hub.operations.address or "https://HUB").rstrip("/")
    secret = hub.operations.visits.new_link(name)
    minutes = int(LINK_LIVES.total_seconds() // 60)
    return f"{address}/status/enter?link={secret}", f"good once, for {minutes} minutes"


STATUS_COMMANDS: Final[Mapping[str, AccountCommand]] = {
    "status-link": AccountCommand("Print a link to the hub's status page, good once.", _ask, _link)
}
