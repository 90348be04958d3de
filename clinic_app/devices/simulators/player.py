"""What every simulator is: asked again and again what it has to say now, with what it heard meanwhile."""

from __future__ import annotations

from typing import Protocol


class Player(Protocol):
    """One simulated device on one connection; pure: no clock, no socket, no thread."""

    def begin(self, at_s: float) -> bytes:
        """Return what is said on a fresh connection."""
        ...

    def step(self, heard: bytes, at_s: float) -> bytes:
        """Return what is to be sent now.

        Args:
            heard: what came since the last step.
            at_s: the steady clock; steps come about every 20 ms.
        """
        ...
