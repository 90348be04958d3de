"""``python -m clinic_app.devices.simulators KIND``: one simulated device, until it is stopped.

``ecg``, ``oximeter`` and ``oximeter-old`` play recordings; ``analyser`` and ``bedside-analyser`` send a result now and
then. Each comes by ``--serial PORT``, calls a workstation by ``--call HOST:PORT``, or waits to be called by
``--listen PORT``.
"""

from __future__ import annotations

import argparse
import random
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydicom.data import get_testdata_file

from clinic_app.devices.driver import Transport
from clinic_app.devices.replay import load_ecg, load_pleth, simulated_pleth
from clinic_app.devices.simulators.analysers import AnalyserPlayer, PoctPlayer
from clinic_app.devices.simulators.player import Player
from clinic_app.devices.simulators.waves import EcgPlayer, OximeterPlayer
from clinic_app.devices.tcp import TcpTransport, call
from clinic_app.foundation.errors import ClinicError, DeviceError

STEP_S: Final = 0.02
EVERY_S: Final = 20.0
_AGAIN_S: Final = 2.0


def astm_message(
    sample: str, patient: str = "", name: str = "", value: str = "5.6", at: datetime | None = None
) -> bytes:
    """Return one glucose as an analyser sends it."""
    moment = (at or datetime.now(UTC)).astimezone()
    return (
        f"H|\\^&|||SIMULATED|||||||P|LIS2-A2|{moment:%Y%m%d%H%M%S}\rP|1|{patient}|||{name}\r"
        f"O|1|{sample}||^^^GLU|R\rR|1|^^^GLU|{value}|mmol/L|3.9 - 6.1|N||F|||{moment:%Y%m%d%H%M%S}\rL|1|N\r"
    ).encode()


def poct_observation(sample: str, patient: str = "", value: str = "5.6", at: datetime | None = None) -> str:
    """Return one glucose as a bedside analyser sends it."""
    return (
        f'<SVC><SVC.role_cd V="OBS"/><SVC.observation_dttm V="{(at or datetime.now(UTC)):%Y-%m-%dT%H:%M:%S}+00:00"/>'
        f'<PT><PT.patient_id V="{patient}"/><OBS><OBS.observation_id V="15074-8" SN="LN" DN="Glucose"/>'
        f'<OBS.value V="{value}" U="mmol/L"/><OBS.status_cd V="A"/></OBS></PT>'
        f'<SPC><SPC.specimen_id V="{sample}"/></SPC></SVC>'
    )


def make_player(kind: str, ecg: Path | None = None, pleth: Path | None = None) -> Player:
    """Return a device of a kind.

    Raises:
        UnreadableFileError: a recording cannot be played.
    """
    if kind == "analyser":
        return AnalyserPlayer(())
    if kind == "bedside-analyser":
        return PoctPlayer(())
    heart = load_ecg(ecg or Path(str(get_testdata_file("waveform_ecg.dcm", download=False))))
    if kind == "ecg":
        return EcgPlayer(heart, run=random.getrandbits(32))
    return OximeterPlayer(load_pleth(pleth) if pleth else simulated_pleth(heart), is_newer=kind == "oximeter")


def play(player: Player, transport: Transport, seconds: float | None = None) -> None:
    """Let a device talk over one connection.

    Args:
        player: the device.
        transport: the connection; it stays open.
        seconds: how long; None until the connection is gone.

    Raises:
        DeviceError: the connection is gone.
    """
    begun_s = measured_s = time.monotonic()
    transport.write(player.begin(begun_s))
    count = 0
    while seconds is None or time.monotonic() - begun_s < seconds:
        heard = transport.read(4096, STEP_S)
        now_s = time.monotonic()
        if now_s - measured_s >= EVERY_S or not count:
            measured_s, count = now_s, count + 1
            if isinstance(player, AnalyserPlayer):
                player.add(astm_message(f"S-{count}"))
            elif isinstance(player, PoctPlayer):
                player.add(poct_observation(f"S-{count}"))
        out = player.step(heard, now_s)
        if out:
            transport.write(out)


def _open(options: argparse.Namespace) -> Transport:
    if options.serial:
        from clinic_app.devices.serial_port import SerialTransport

        return SerialTransport(options.serial, options.baud)
    if options.call:
        host, _, port = options.call.rpartition(":")
        return call(host, int(port))
    with socket.create_server(("127.0.0.1", options.listen)) as server:
        return TcpTransport(server.accept()[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; return the exit code."""
    parser = argparse.ArgumentParser(prog="simulators", description=__doc__)
    parser.add_argument("kind", choices=("ecg", "oximeter", "oximeter-old", "analyser", "bedside-analyser"))
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--serial", metavar="PORT")
    way.add_argument("--call", metavar="HOST:PORT")
    way.add_argument("--listen", type=int, metavar="PORT")
    parser.add_argument("--baud", type=int, default=115200)
    parser.add_argument("--ecg", type=Path, help="DICOM 12-lead ECG (default: the one pydicom ships)")
    parser.add_argument("--pleth", type=Path, help="WFDB header of a record with a PLETH signal")
    parser.add_argument("--seconds", type=float, help="how long; for ever by default")
    options = parser.parse_args(arguments)
    try:
        player = make_player(options.kind, options.ecg, options.pleth)
    except ClinicError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    end_s = time.monotonic() + options.seconds if options.seconds else None
    with suppress(KeyboardInterrupt):
        while end_s is None or time.monotonic() < end_s:
            try:
                with closing(_open(options)) as transport:
                    play(player, transport, end_s - time.monotonic() if end_s else None)
            except DeviceError as error:
                sys.stderr.write(f"{error}\n")
                time.sleep(_AGAIN_S if end_s is None else 0.1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
