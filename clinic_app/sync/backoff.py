"""How long to wait before the next try: longer each time, never for ever, and not all workstations at once.

The longest wait is one minute: where the link is there for some minutes a day, a program that sleeps through them is
worth nothing, and a vain attempt costs a few hundred bytes.
"""

from __future__ import annotations

import random
from typing import Final

LEAST_S: Final = 2.0
MOST_S: Final = 60.0


class Backoff:
    """The waits of one workstation.

    Args:
        chance: where the jitter comes from.
    """

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._failures = 0

    def next_s(self, asked_s: float = 0.0) -> float:
        """Return the seconds to wait after one more failure: doubled each time, then between half of it and all.

        Args:
            asked_s: how long the hub asked to be left alone; never less than that, and not all come back at once.
        """
        ceiling = min(MOST_S, LEAST_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return max(ceiling * self._chance.uniform(0.5, 1.0), asked_s * self._chance.uniform(1.0, 1.25))

    def reset(self) -> None:
        """Begin anew: something worked, or somebody asked for a try."""
        self._failures = 0
