"""How fast this machine computes just now, beside the one the bounds are meant for.

A shared machine computes at half its pace for seconds at a time; a bound in milliseconds of computing would then judge
the neighbours. So whoever found something slow does a fixed piece of work at once and asks how long that takes.
"""

from __future__ import annotations

import statistics
import time
from typing import Final

REFERENCE_S: Final = 0.0014
"""What `_work` takes on the quiet two-core machine on which the bounds were chosen (CPython 3.11)."""
_TRIES: Final = 5


def slowness() -> float:
    """Return how many times slower than the reference this thread computes now; 1.0 for a faster machine."""
    return max(1.0, statistics.median(_seconds_of_work() for _ in range(_TRIES)) / REFERENCE_S)


def _seconds_of_work() -> float:
    began_s = time.thread_time()
    _work()
    return time.thread_time() - began_s


def _work() -> int:
    """Do what building a screen does in the interpreter: many small objects, names looked up, strings joined."""
    made = {f"field-{number}": [number, str(number), (number,)] for number in range(4000)}
    return sum(len(name) + len(parts) for name, parts in made.items())
