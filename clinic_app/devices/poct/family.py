"""Point-of-care analysers, as the table of families lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic_app.devices.driver import Family, OptionValue, Parser
from clinic_app.foundation.texts import Text


def _make(name: str, options: Mapping[str, OptionValue]) -> Parser:  # noqa: ARG001 - it has none
    from clinic_app.devices.poct.parser import PoctParser

    return PoctParser(name)


POCT: Final = Family(
    "poct1a",
    Text("Bedside analyser (POCT1-A)"),
    ("tcp-server", "tcp-client"),
    make_parser=_make,
    delivers=Text("results"),
)
