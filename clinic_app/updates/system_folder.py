"""The folder of the task that installs: beside the program, where only administrators and the system write.

It imports the standard library alone: `installing` runs from a copy of itself that has nothing else.

``trusted``: what the task has come to believe; ``staged``: the release that is installed next, copied there before it
was verified; ``installed``: what installed the present version; ``former``: what installed the one before, as long as
it may have to come back; ``runner``: the copy of itself; ``before``: the database as the former version left it;
``state.json`` and ``updates.log``.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal

from clinic_app.foundation.clock import SystemClock

NAME: Final = "Dala Updates"
STATE: Final = "state.json"
LOG: Final = "updates.log"
MOST_LOG_BYTES: Final = 1 << 20
_LARGEST_STATE: Final = 64 << 10
_MOST_REFUSED: Final = 50

Phase = Literal["idle", "staged", "installing", "trial", "returning"]
_PHASES: Final = ("idle", "staged", "installing", "trial", "returning")


@dataclass(frozen=True)
class State:
    """How it stands with updates on this computer.

    Args:
        phase: ``idle``; ``staged``: a release is verified and waits until nobody works; ``installing``; ``trial``: it
            was installed, and it is not known yet whether people can work with it; ``returning`` to the former version.
        version: of the release, but for ``idle``.
        kind: ``setup`` or ``msi``.
        file: its name in ``staged``.
        sha256: its digest.
        former: the version before it.
        since: when this phase began, ISO 8601 in UTC.
        refused: versions that did not work here.
        said: the last thing that happened, for people, in English.
        tries: how often its installation was begun.
    """

    phase: Phase = "idle"
    version: str = ""
    kind: str = "setup"
    file: str = ""
    sha256: str = ""
    former: str = ""
    since: str = ""
    refused: tuple[str, ...] = field(default=())
    said: str = ""
    tries: int = 0


def system_folder(programs: Path) -> Path:
    """Return the folder, given that of all programs."""
    return programs / NAME


def read_state(folder: Path) -> State:
    """Return how it stands; a state that cannot be read is none."""
    try:
        with (folder / STATE).open("rb") as file:
            told: Any = json.loads(file.read(_LARGEST_STATE))
        refused = tuple(str(each)[:20] for each in told.pop("refused", ()))[:_MOST_REFUSED]
        known = {each.name for each in fields(State)}
        state = State(**{key: value for key, value in told.items() if key in known}, refused=refused)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return State()
    texts = (state.version, state.kind, state.file, state.sha256, state.former, state.since, state.said)
    is_sound = state.phase in _PHASES and all(isinstance(each, str) for each in texts) and isinstance(state.tries, int)
    return state if is_sound else State()


def write_state(folder: Path, state: State) -> None:
    """Keep how it stands, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{STATE}.part"
    with part.open("w", encoding="utf-8") as file:
        json.dump(asdict(state), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, folder / STATE)


def note(folder: Path, words: str) -> None:
    """Add a line to the log; one that has grown large begins anew, and the one before is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOG
    if path.is_file() and path.stat().st_size > MOST_LOG_BYTES:
        os.replace(path, folder / f"{LOG}.1")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{SystemClock().now():%Y-%m-%d %H:%M:%S} {' '.join(words.split())}\n")
