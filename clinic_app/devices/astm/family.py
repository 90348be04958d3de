"""Analysers, as the table of families lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic_app.devices.driver import Family, Option, OptionValue, Parser
from clinic_app.foundation.texts import Text

SPECIMEN: Final = Option(
    "specimen",
    Text("What it measures in"),
    "",
    choices=("", "blood", "serum", "urine"),
    choice_words=(Text("it says so itself"), Text("whole blood"), Text("serum, plasma"), Text("urine")),
    kind="choice",
    hint=Text("Where the analyser does not say it: without this a short name like GLU has no certain meaning."),
)
ENCODING: Final = Option(
    "encoding", Text("Letters"), "utf-8", choices=("utf-8", "cp1251", "latin-1", "gb18030"), kind="choice"
)


def _make(name: str, options: Mapping[str, OptionValue]) -> Parser:
    from clinic_app.devices.astm.parser import AstmParser

    return AstmParser(name, options)


ASTM: Final = Family(
    "astm",
    Text("Analyser (ASTM, LIS2)"),
    ("serial", "tcp-server", "tcp-client"),
    (SPECIMEN, ENCODING),
    make_parser=_make,
    delivers=Text("results"),
)
