"""How a hub is put below another hub, and how it stands there: on the command line, and in what ``/health`` says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.hub.below import Below
from clinic_app.hub.upstream import Upstream, UpstreamState
from clinic_app.hub.upstream_account import checked_account, keep_account, kept_account
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
def standing_below(store: Store, url: str, clock: Clock, interval_s: float) -> Iterator[tuple[Below, Upstream] | None]:
    """Exchange with the hub above for as long as the block lasts; None where there is none.

    Args:
        store: the hub's.
        url: the address the hub was started with; empty for a hub with nobody above it.
        clock: the time.
        interval_s: seconds between two exchanges when nobody writes.

    Raises:
        InvalidInputError: nobody has connected it yet.
    """
    if not url:
        yield None
        return
    account = kept_account(store)
    if account is None:
        raise InvalidInputError(
            Text("This hub has no account at the hub above it yet; the command connect makes it one.")
        )
    account = checked_account(url, account.organization_id, account.token)
    below = Below(store, account.organization_id)
    upstream = Upstream(store, account, below, clock, interval_s=interval_s)
    upstream.start()
    try:
        yield below, upstream
    finally:
        upstream.stop()


def told(state: UpstreamState) -> dict[str, object]:
    """Return how the exchange stands as ``/health`` says it: for anybody, so without an address or a name."""
    waiting = state.waiting
    return {
        "status": "ok" if state.reason is None else "broken off",
        "reason": state.reason.render("en") if state.reason is not None else None,
        "last_contact_at": state.last_contact_at.isoformat() if state.last_contact_at is not None else None,
        "clock_offset_s": round(state.clock_offset_s),
        "waiting_records": waiting.records,
        "waiting_contents": waiting.contents,
        "waiting_bytes": waiting.bytes_waiting,
        "waiting_since": waiting.oldest_at,
        "not_taken": waiting.not_taken,
    }
