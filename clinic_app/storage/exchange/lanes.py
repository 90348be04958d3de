"""The lanes to the hub, the most pressing first: a full study never holds up an emergency."""

from __future__ import annotations

from typing import Final, Literal, get_args

Lane = Literal["emergency", "referral", "records", "images", "bulk", "audit"]
FIRST: Final = -1
"""The rank of what somebody wants sent before everything else, in the emergency lane."""
RANKS: Final[dict[Lane, int]] = {lane: rank for rank, lane in enumerate(get_args(Lane))}
