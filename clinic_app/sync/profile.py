"""Which agreement about records and messages a program speaks: one number, sent with every request.

A hub is brought up to date first and goes on taking what the two agreements before its own allow, so that a district
has months for its workstations. One that is older still, or newer than its hub, is told so, and keeps what it has to
send.
"""

from __future__ import annotations

from typing import Final

PROFILE_HEADER: Final = "X-Profile-Version"
PROFILE_VERSION: Final = 1
"""Grows by one with each change that an older program would read wrongly."""
PROFILES_BEFORE: Final = 2
"""So many older agreements a hub still takes."""
