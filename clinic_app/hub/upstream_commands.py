"""How a hub is put below another hub, on the command line.

``connect --upstream URL --organization ID --code CODE`` comes in as a workstation does: whoever types it has compared
the fingerprint of the hub above with the one that was told with the code. Without a code a token is read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import msgspec

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ConflictError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.hub.upstream import Upstream
from clinic_app.hub.upstream_account import (
    UpstreamAccount,
    check_hospital,
    checked_account,
    checked_address,
    checked_organization,
    keep_account,
    kept_account,
)
from clinic_app.storage import Store
from clinic_app.sync.hub_door import HubDoor, HubFound

SENTENCE: Final = "Put this hub below another one: by a code, or by a token from a file or from standard input."
_LONGEST_TOKEN: Final = 1000
_LONGEST_ANSWER: Final = 100
_YES: Final = frozenset({"yes", "y", "да", "иә"})


def ask(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``connect``."""
    parser.add_argument("--upstream", required=True, help="address of the hub above")
    parser.add_argument("--organization", required=True, help="id of the organisation this hub serves")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--code", help="the code its command enrol-code prints, good once and for ten minutes")
    way.add_argument("--token-file", type=Path, help="file with a token; default: standard input")
    parser.add_argument(
        "--fingerprint", default="", help="of the hub above, as told with the code; default: asked here"
    )


def connect(
    store: Store, options: argparse.Namespace, clock: Clock, transport: httpx.BaseTransport | None = None
) -> str:
    """Do what the options say, and return a line about it.

    Args:
        store: this hub's.
        options: as `ask` has them.
        clock: the time.
        transport: for tests, in place of the network.

    Raises:
        InvalidInputError: something that was typed cannot be used.
        ConflictError: another hub answers than the one that was meant, or the code is for another hospital.
        LinkError: the hub above cannot be reached.
    """
    if options.code is not None:
        return _enter(store, options, HubDoor(store, clock, transport))
    account = checked_account(options.upstream, options.organization, _token(options.token_file))
    keep_account(store, account)
    return f"below {account.url} for {account.organization_id}"


def _enter(store: Store, options: argparse.Namespace, door: HubDoor) -> str:
    """Come in by a code; the code is not told before the hub above is known to be the right one."""
    url, organization_id = checked_address(options.upstream), checked_organization(options.organization)
    check_hospital(store, organization_id)
    found = door.look(url)
    if not (_is_same(found.fingerprint, options.fingerprint) if options.fingerprint else _is_confirmed(found)):
        raise ConflictError(
            Text("What answers at this address is not the hub that was meant: its fingerprint is another.")
        )
    place = door.enter(found, options.code, organization_id)
    keep_account(store, UpstreamAccount(url, organization_id, place=place))
    door.entered()
    return f"below {url} for {organization_id} as {place.device_id}"


def _is_confirmed(found: HubFound) -> bool:
    """Show whoever sits here the fingerprint, and return whether he says that it is the right one."""
    sys.stderr.write(f"{found.name}\n{found.fingerprint}\nIs this the fingerprint told with the code? (yes/no) ")
    sys.stderr.flush()
    return sys.stdin.readline(_LONGEST_ANSWER).strip().lower() in _YES


def _is_same(fingerprint: str, typed: str) -> bool:
    """Whether a fingerprint was typed, whatever stands between its signs."""
    return _signs(fingerprint) == _signs(typed)


def _signs(fingerprint: str) -> str:
    return "".join(each for each in fingerprint.upper() if each.isalnum())


def _token(file: Path | None) -> str:
    """Return what a file or standard input says.

    Raises:
        InvalidInputError: it cannot be read.
    """
    try:
        return (sys.stdin.read(_LONGEST_TOKEN) if file is None else _read(file)).strip()
    except (OSError, ValueError) as error:
        raise InvalidInputError(Text("This is no token of a hub; its command enrol prints one.")) from error


def _read(file: Path) -> str:
    with file.open(encoding="ascii") as lines:
        return lines.read(_LONGEST_TOKEN)


@contextmanager
def exchanging(upstream: Upstream | None) -> Iterator[None]:
    """Exchange with the hub above for as long as the block lasts."""
    if upstream is None:
        yield
        return
    upstream.start()
    try:
        yield
    finally:
        upstream.stop()


def account_at(store: Store, url: str) -> UpstreamAccount:
    """Return who this hub is at the hub above, at the address it was started with.

    Raises:
        InvalidInputError: nobody has connected it yet, or the address is not safe.
    """
    account = kept_account(store)
    if account is None:
        raise InvalidInputError(
            Text("This hub has no account at the hub above it yet; the command connect makes it one.")
        )
    return msgspec.structs.replace(account, url=checked_address(url))
