"""Streams of the Lab Streaming Layer, as the table of families lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic_app.devices.driver import Driver, Family, Option, OptionValue
from clinic_app.foundation.texts import Text

STREAM: Final = Option("stream", Text("Name of the stream"), "", is_required=True)


def _make(name: str, options: Mapping[str, OptionValue]) -> Driver:
    from clinic_app.devices.lsl.driver import LslDriver

    return LslDriver(name, str(options[STREAM.key]))


LSL: Final = Family(
    "lsl",
    Text("Research stream (Lab Streaming Layer)"),
    ("own",),
    (STREAM,),
    make_driver=_make,
    delivers=Text("waves"),
)
