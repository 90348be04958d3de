"""The child: reads jobs from its standard input and answers on its standard output until the input ends.

Run as ``python -m clinic_app.foundation.apart.child BYTES SECONDS [PLACE SIZE]``: the memory it may take, the time of
one job, and the memory it shares with whoever asks. It ends itself when a job takes longer; the clock for that needs no
Python, which the decoder may hold.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Final

import msgspec

from clinic_app.foundation.apart.jobs import Answer, Job, receive_job, send
from clinic_app.foundation.apart.memory_limit import limit_memory
from clinic_app.foundation.apart.shared_place import found as found_place
from clinic_app.foundation.apart.work import HERE

_JOBS: Final = msgspec.json.Decoder(Job)


def main() -> None:
    """Take the limit, then answer."""
    limit_memory(int(sys.argv[1]))
    place = found_place(sys.argv[3], int(sys.argv[4])) if len(sys.argv) > 3 else None
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder prints is no answer
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        clock = partial(faulthandler.dump_traceback_later, float(sys.argv[2]), exit=True, file=nowhere)
        serve(sys.stdin.buffer, told, clock, place)


def serve(
    asked: IO[bytes],
    told: IO[bytes],
    begin_clock: Callable[[], None] = lambda: None,
    place: memoryview | None = None,
) -> None:
    """Answer every message until there is none.

    Args:
        asked: where the messages come from.
        told: where the answers go.
        begin_clock: called when a job begins; what it begins ends with the job.
        place: memory shared with whoever asks.
    """
    while True:
        head, body = receive_job(asked, place)
        if not head:
            return
        begin_clock()
        found: bytes | memoryview = b""
        try:
            answer, found = HERE.run(_JOBS.decode(head), body, _room(place, body))
        except (ValueError, MemoryError) as error:
            answer = Answer(fault=str(error)[:200] or type(error).__name__)
        faulthandler.cancel_dump_traceback_later()
        send(told, answer, found, place)


def _room(place: memoryview | None, body: bytes | memoryview) -> memoryview | None:
    """Return where an answer may be written while the job is read."""
    if place is None or isinstance(body, bytes):
        return place
    return place[: len(place) - len(body)]


if __name__ == "__main__":
    main()
