"""What reaches us over serial cables and from analysers, with seeds made on the fly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal
from fractions import Fraction
from typing import Final

import numpy as np

from clinic_app.devices.astm.frames import ENQ, EOT, build_frames
from clinic_app.devices.astm.parser import AstmParser, MessageReader
from clinic_app.devices.driver import Parser as DeviceParser
from clinic_app.devices.oximeter.frames import OximeterFrame, build_five, build_nine
from clinic_app.devices.oximeter.parser import OximeterParser
from clinic_app.devices.poct.messages import build, read_message, read_moment
from clinic_app.devices.poct.parser import PoctParser
from clinic_app.devices.serial_ecg.frames import (
    Description,
    SampleFrame,
    build_description,
    build_samples,
    framed,
    read_description,
    read_samples,
)
from clinic_app.devices.serial_ecg.parser import SerialEcgParser
from clinic_app.devices.simulators.__main__ import astm_message, poct_observation
from tests.fuzz.parser import Parser
from tests.helpers.device_lines import MOMENT, arrival

_ECG: Final = Description(1, Fraction(500), 1000, ("MDC_ECG_LEAD_I", "MDC_ECG_LEAD_II"), "E")
_SAMPLES: Final = SampleFrame(1, 7, False, frozenset((1,)), np.arange(20, dtype=np.int16).reshape(2, 10))
_FRAMES: Final = [OximeterFrame(wave, 72, 97, Decimal("2.5")) for wave in range(12)]


def _in_pieces(parser: DeviceParser, data: bytes) -> None:
    """Feed a parser in two pieces and a moment of silence, as a line does."""
    parser.begin(arrival())
    half = len(data) // 2
    for number, piece in enumerate((data[:half], b"", data[half:])):
        parser.feed(piece, arrival(number * 0.5))


def _records(data: bytes) -> None:
    """Read records without the frames around them: a fuzzer seldom makes a right checksum."""
    reader = MessageReader("AU", "blood", UTC)
    for line in data.decode("utf-8", "replace").split("\r"):
        for result in reader.take(line, arrival()):
            assert result.fingerprint


def _contents(data: bytes) -> None:
    read_description(data)
    for channels in (1, 2, 12):
        read_samples(data, channels)


def _message(data: bytes) -> None:
    read_moment(data.decode("utf-8", "replace"))
    read_message(data)


def _astm() -> tuple[bytes, ...]:
    message = astm_message("S-1", "640305400123", "A^B", "5.6", MOMENT)
    return (bytes((ENQ,)) + b"".join(build_frames(message)) + bytes((EOT,)),)


def _talk() -> tuple[bytes, ...]:
    observation = build("OBS.R01", 2, MOMENT, poct_observation("S-1", "640305400123", "5.6", MOMENT))
    return (observation,)


CABLE_PARSERS: Final[Mapping[str, Parser]] = {
    "astm frames": Parser(lambda data: _in_pieces(AstmParser("A", {}, UTC), data), _astm),
    "astm records": Parser(_records, lambda: (astm_message("S-1", "640305400123", "A^B", "5.6", MOMENT),)),
    "oximeter": Parser(
        lambda data: _in_pieces(OximeterParser("O"), data),
        lambda: (b"".join(map(build_five, _FRAMES)), b"".join(map(build_nine, _FRAMES))),
        400,
    ),
    "serial ecg": Parser(
        lambda data: _in_pieces(SerialEcgParser("E"), data),
        lambda: (b"\x00" + framed(build_description(_ECG)) + framed(build_samples(_SAMPLES)) * 2,),
    ),
    "serial ecg content": Parser(_contents, lambda: (build_description(_ECG), build_samples(_SAMPLES)), 400),
    "poct1-a": Parser(lambda data: _in_pieces(PoctParser("P"), data), _talk),
    "poct1-a message": Parser(_message, _talk),
}
