"""The child: reads jobs from its standard input and answers on its standard output until the input ends.

Run as ``python -m clinic_app.foundation.apart.child BYTES``; the number is the memory it may take.
"""

from __future__ import annotations

import os
import sys
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
    serve(sys.stdin.buffer, told)


def serve(asked: IO[bytes], told: IO[bytes]) -> None:
    """Answer every message until there is none."""
    while True:
        head, body = receive(asked)
        if not head:
            return
        try:
            answer, found = HERE.run(_JOBS.decode(head), body)
        except (ValueError, MemoryError) as error:
            answer, found = Answer(fault=str(error)[:200] or type(error).__name__), b""
        send(told, answer, found)


if __name__ == "__main__":
    main()
