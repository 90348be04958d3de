"""How a hub is put below another hub, on the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.hub.upstream import Upstream
from clinic_app.hub.upstream_account import UpstreamAccount, checked_account, keep_account, kept_account
from clinic_app.storage import Store

SENTENCE: Final = "Put this hub below another one; its token is read from a file or from standard input."
_LONGEST_TOKEN: Final = 1000


def ask(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``connect``."""
    parser.add_argument("--upstream", required=True, help="address of the hub above")
    parser.add_argument("--organization", required=True, help="id of the organisation this hub serves")
    parser.add_argument("--token-file", type=Path, help="file with the token; default: standard input")


def connect(store: Store, options: argparse.Namespace) -> str:
    """Keep what the options say, and return a line about it.

    Raises:
        InvalidInputError: it cannot be used.
    """
    try:
        if options.token_file is not None:
            token = options.token_file.read_text(encoding="ascii")[:_LONGEST_TOKEN]
        else:
            token = sys.stdin.read(_LONGEST_TOKEN)
    except (OSError, ValueError) as error:
        raise InvalidInputError(Text("This is no token of a hub; its command enrol prints one.")) from error
    account = checked_account(options.upstream, options.organization, token.strip())
    keep_account(store, account)
    return f"below {account.url} for {account.organization_id}"


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
    return checked_account(url, account.organization_id, account.token)
