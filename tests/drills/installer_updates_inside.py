"""What the trial of updates does with the installed rooms: fetches a release from a hub, and keeps a word in the data.

Run by ``probe.exe`` inside the installation: ``installer_updates_inside.py DATA fetch|well|look [URL TOKEN]``. The last
line is JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

KEY: Final = bytes(range(32))
NAME: Final = "trial-of-updates"
WORD: Final = "Үлгі".encode()
TURNS: Final = 50


def main(words: list[str]) -> int:
    """Do it and tell what came of it."""
    from clinic_app.foundation.clock import SystemClock
    from clinic_app.foundation.version import VERSION
    from clinic_app.storage import Store
    from clinic_app.updates.installed import installed_here
    from clinic_app.updates.shelf import shelf_of
    from clinic_app.updates.starts import note_begun, note_well

    data, wish = Path(words[0]), words[1]
    installed = installed_here()
    assert installed is not None
    shelf = shelf_of(data, installed)
    with closing(Store.open(data, KEY, SystemClock())) as store:
        kept = store.memory.get(NAME)
        store.memory.put(NAME, WORD)
        if wish == "fetch":
            asyncio.run(_fetch(store, shelf, words[2], words[3]))
    if wish == "well":
        note_begun(data, VERSION)
        note_well(data, VERSION)
    offer = shelf.offer()
    ready = offer.ready.version if offer.ready is not None else ""
    print(json.dumps({"version": VERSION, "kind": installed.kind, "ready": ready, "kept": kept == WORD}))
    return 0


async def _fetch(store, shelf, url: str, token: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    from clinic_app.foundation.clock import SystemClock
    from clinic_app.sync.budget import Budget
    from clinic_app.sync.link import HubLink
    from clinic_app.sync.pace import Pace
    from clinic_app.sync.releases import Releases

    pace = Pace()
    link = HubLink(url, token, SystemClock(), None, pace)
    releases = Releases(shelf, link, Budget({}, pace, store.memory, SystemClock()))
    try:
        for _ in range(TURNS):
            await releases.run()
            if shelf.offer().ready is not None:
                break
    finally:
        await link.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
