"""What has to be known of a device on a serial cable, and the driver that opens it; the port itself is opened late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from clinic_app.devices.driver import Driver, Option, OptionValue, Parser, StreamDriver, Transport, TransportKind
from clinic_app.foundation.texts import Text

PORT: Final = Option("port", Text("Serial port"), "", kind="port", is_required=True)
BAUD: Final = Option(
    "baud",
    Text("Speed (baud)"),
    9600,
    choices=(1200, 2400, 4800, 9600, 14400, 19200, 38400, 57600, 115200, 230400, 460800, 921600),
    kind="choice",
)
PARITY: Final = Option(
    "parity",
    Text("Parity"),
    "none",
    choices=("none", "even", "odd"),
    choice_words=(Text("none"), Text("even"), Text("odd")),
    kind="choice",
)
DATA_BITS: Final = Option("data_bits", Text("Data bits"), 8, choices=(7, 8), kind="choice")
STOP_BITS: Final = Option("stop_bits", Text("Stop bits"), 1, choices=(1, 2), kind="choice")


def open_serial(options: Mapping[str, OptionValue]) -> Transport:
    """Return the port that the options name, open.

    Raises:
        DeviceError: there is no such port, or somebody else has it.
    """
    from clinic_app.devices.serial_port import SerialTransport

    return SerialTransport(
        str(options[PORT.key]),
        int(options[BAUD.key]),
        str(options[PARITY.key]),
        int(options[DATA_BITS.key]),
        int(options[STOP_BITS.key]),
    )


def _driver(options: Mapping[str, OptionValue], make_parser: Callable[[], Parser]) -> Driver:
    return StreamDriver(partial(open_serial, options), make_parser)


SERIAL: Final = TransportKind("serial", Text("Serial cable"), (PORT, BAUD, PARITY, DATA_BITS, STOP_BITS), _driver)
