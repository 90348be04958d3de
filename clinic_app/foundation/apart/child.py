"""The child: reads jobs from its standard input and answers on its standard output until the input ends.

Run as ``python -m clinic_app.foundation.apart.child BYTES SECONDS``: the memory it may take, and the time of one job.
It ends itself when a job takes longer; the clock for that needs no Python, which the decoder may hold.
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

from clinic_app.foundation.apart.jobs import Answer, Job, receive, send
from clinic_app.foundation.apart.memory_limit import limit_memory
from clinic_app.foundation.apart.work import HERE

_JOBS: Final = msgspec.json.Decoder(Job)


def main() -> None:
    """Take the limit, then answer."""
    limit_memory(int(sys.argv[1]))
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder prints is no answer
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        clock = partial(faulthandler.dump_traceback_later, float(sys.argv[2]), exit=True, file=nowhere)
        serve(sys.stdin.buffer, told, clock)


def serve(asked: IO[bytes], told: IO[bytes], begin_clock: Callable[[], None] = lambda: None) -> None:
    """Answer every message until there is none.

    Args:
        asked: where the messages come from.
        told: where the answers go.
        begin_clock: called when a job begins; what it begins ends with the job.
    """
    while True:
        head, body = receive(asked)
        if not head:
            return
        begin_clock()
        found: bytes | memoryview = b""
        try:
            answer, found = HERE.run(_JOBS.decode(head), body)
        except (ValueError, MemoryError) as error:
            answer = Answer(fault=str(error)[:200] or type(error).__name__)
        faulthandler.cancel_dump_traceback_later()
        send(told, answer, found)


if __name__ == "__main__":
    main()
