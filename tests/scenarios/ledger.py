"""Keeps account of a tour: which steps were gone, how long each took, and which held."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.helpers.watchdog import Watchdog


@dataclass
class Step:
    """One step of the tour.

    Args:
        name: what happens, in words.
        ok: whether everything in it held.
        seconds: how long it took.
        longest_stall_ms: how long the window did not answer, at most.
        error: what did not hold.
    """

    name: str
    ok: bool
    seconds: float
    longest_stall_ms: float
    error: str = ""


@dataclass
class Ledger:
    """The steps gone so far.

    Args:
        dog: fails a step in which a window did not answer.
    """

    dog: Watchdog
    steps: list[Step] = field(default_factory=list)

    def go(self, name: str, step: Callable[[], None]) -> bool:
        """Go one step; the named border at which any failure becomes a line of the account."""
        began_s = time.monotonic()
        first = len(self.dog.stalls)
        error = ""
        try:
            step()
            ours = [each for each in self.dog.stalls[first:] if each.is_ours]
            bad = [each for each in ours if each.held_s > self.dog.bound_s]
            error = "; ".join(f"the window did not answer: {each}" for each in bad)
        except Exception:  # noqa: BLE001 - the border of a step
            error = traceback.format_exc()
        stalls = [each.held_s for each in self.dog.stalls[first:] if each.is_ours]
        longest_ms = round(1000 * max(stalls, default=0.0), 1)
        self.steps.append(Step(name, not error, round(time.monotonic() - began_s, 2), longest_ms, error))
        return not error

    @property
    def is_good(self) -> bool:
        """Whether every step held."""
        return bool(self.steps) and all(step.ok for step in self.steps)

    def write(self, path: Path, **more: object) -> None:
        """Write the account as JSON: ``steps`` with name, ok and seconds, ``ok``, and whatever else is given."""
        account = {"ok": self.is_good, "steps": [asdict(step) for step in self.steps], **more}
        path.write_text(json.dumps(account, ensure_ascii=False, indent=1), encoding="utf-8")
