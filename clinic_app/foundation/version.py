"""Which version of the program this is, for a hub and for whoever asks on the command line."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
"""The same as in ``pyproject.toml``, which a packed program does not have with it."""
