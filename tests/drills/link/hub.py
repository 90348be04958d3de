"""The hub as a process of its own that dies where it is told; the program behind it is the real one."""

from __future__ import annotations

import faulthandler
import os
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import certifi

from clinic_app.hub import __main__ as program
from clinic_app.sync import backoff
from tests.drills.link.deaths import Fate, hang_on_commits, hung_on_answers, strike_at
from tests.drills.link.mutants import MUTANTS
from tests.drills.link.node import FAULT

_LONGEST_WAIT_S: Final = 3.0
"""Before the next try upwards: nobody stands beside a hub and asks for one, and the drill has no minutes."""


@dataclass(frozen=True)
class HubLife:
    """One life of a hub.

    Args:
        folder: its data folder.
        port: where it listens on the loopback.
        mutant: a promise it breaks; empty for the program as it is.
        words: further words of its command line.
        authority: the file of who vouches for the line to the hub above.
    """

    folder: Path
    port: int
    mutant: str
    words: tuple[str, ...]
    authority: Path


def serve(life: HubLife, pipe: Connection, fate: Any) -> None:
    """Be a hub until somebody ends this process.

    Args:
        life: which one.
        pipe: hears the last words.
        fate: what `Fate` shares.
    """
    with life.folder.with_suffix(".log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
    try:
        faulthandler.enable()
        certifi.where = lambda: str(life.authority)
        backoff.MOST_S = _LONGEST_WAIT_S  # type: ignore[misc]
        if life.mutant:
            MUTANTS[life.mutant]()
        strike = strike_at(Fate(fate), lambda step: pipe.send(("died", step)))
        hang_on_commits(strike, "hub")
        real: Callable[..., Any] = program.build_app
        program.build_app = lambda *values, **named: hung_on_answers(real(*values, **named), strike)  # type: ignore[attr-defined]
        words = ["--data", str(life.folder), "--port", str(life.port), "--reserve-mb", "0", *life.words]
        os._exit(program.main(words))
    except BaseException:  # noqa: BLE001 - the end of a process
        traceback.print_exc()
        os._exit(FAULT)


def is_listening(port: int) -> bool:
    """Return whether somebody listens on a port of the loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
