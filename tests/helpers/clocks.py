"""A clock that stands still until it is told to go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)
"""5 March 2026, noon in Aqtobe."""


class FixedClock:
    """Tells one moment.

    Args:
        moment: aware, UTC.
    """

    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """Return the moment it was set to."""
        return self.moment

    def advance(self, **parts: float) -> datetime:
        """Go on by ``timedelta(**parts)``; return the new moment."""
        self.moment += timedelta(**parts)
        return self.moment
