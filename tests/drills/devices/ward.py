"""A ward full of simulated devices, each on a line that disturbs it, and the program's own links at the other end."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from pydicom.data import get_testdata_file

from clinic_app.devices.block import ChannelInfo
from clinic_app.devices.driver import DeviceConfig
from clinic_app.devices.hl7.message import timestamp
from clinic_app.devices.hl7.mllp import frame
from clinic_app.devices.hl7.monitor_simulator import PERIOD_S, MonitorSimulator
from clinic_app.devices.hl7.waves import Wave, build_oru
from clinic_app.devices.replay import Replay, load_ecg
from clinic_app.devices.simulators.__main__ import astm_message, poct_observation
from clinic_app.devices.simulators.analysers import AnalyserPlayer, PoctPlayer
from clinic_app.devices.simulators.player import Player
from clinic_app.devices.simulators.waves import EcgPlayer, OximeterPlayer
from clinic_app.terminology.leads import PLETH
from tests.drills.devices.judging import NUMBERED, Judge, Ledger, NumberJudge, OwnerJudge, ReplayJudge, Truth
from tests.drills.devices.lines import ALL, BYTES_ONLY, PACKETS, CableEnd, End, Noise, Plug, calling, free_port, waiting

STEP_S: Final = 0.02
_PATIENCE_S: Final = 0.4
_LOST: Final = 0.12
"""Part of the messages that a coarse monitor loses."""
_ALWAYS_LOST: Final = 3
_ROLLOVER: Final = (1 << 32) - 2000
"""The amplifier's sample number comes to the end of its 32 bits after four seconds."""


@dataclass
class Played:
    """One simulated device.

    Args:
        config: of the program's link.
        player: made anew after a switching-on, where ``is_switched``; else the same all the time.
        plug: makes a fresh connection.
        noise: of what the device sends.
        answers: of what it hears.
        judge: of its waves, or None.
        is_switched: whether a cut switches it off and on.
        cut_s: after how many seconds a connection is cut.
    """

    config: DeviceConfig
    make: Callable[[], Player]
    plug: Plug
    noise: Noise
    answers: Noise
    judge: Judge | None = None
    is_switched: bool = False
    cut_s: tuple[float, float] = (1.5, 8.0)
    connections: int = 0
    player: Player | None = None


class MonitorPlayer:
    """An HL7 monitor that calls: a message every quarter of a second; its clock is set now and then."""

    def __init__(self, replay: Replay, rng: random.Random) -> None:
        self._monitor = MonitorSimulator("DRILL-MONITOR", (replay,), {})
        self._rng = rng
        self._begun_s: float | None = None
        self._place = 0

    def begin(self, at_s: float) -> bytes:
        if self._begun_s is None:
            self._begun_s = at_s
        self._place = max(self._place, int((at_s - self._begun_s) / PERIOD_S))
        return b""

    def step(self, _heard: bytes, at_s: float) -> bytes:
        assert self._begun_s is not None
        if at_s < self._begun_s + self._place * PERIOD_S:
            return b""
        if self._rng.random() < 0.02:
            self._monitor._begin += timedelta(hours=self._rng.choice((-30, -1, 2, 700)))
        self._place += 1
        return frame(self._monitor.message(self._place - 1))


class CoarseMonitorPlayer:
    """An HL7 monitor that stamps whole seconds, a message a second, some of which never leave it.

    Args:
        name: what it calls itself.
        replay: what it plays.
        rng: what decides which messages are lost, beside one that always is.
        is_numbered: whether it counts its messages.
    """

    def __init__(self, name: str, replay: Replay, rng: random.Random, *, is_numbered: bool) -> None:
        self._name = name
        self._replay = replay
        self._rng = rng
        self._is_numbered = is_numbered
        self._begin = datetime.now(UTC)
        self._begun_s: float | None = None
        self._place = 0

    def begin(self, at_s: float) -> bytes:
        if self._begun_s is None:
            self._begun_s = at_s
        self._place = max(self._place, int(at_s - self._begun_s))
        return b""

    def step(self, _heard: bytes, at_s: float) -> bytes:
        assert self._begun_s is not None
        if at_s < self._begun_s + self._place + 1:
            return b""
        place, self._place = self._place, self._place + 1
        if place == _ALWAYS_LOST or (place > _ALWAYS_LOST and self._rng.random() < _LOST):
            return b""
        return frame(self.message(place))

    def message(self, place: int) -> bytes:
        """Return the message of the ``place``-th second since the start."""
        start_at = self._begin + timedelta(seconds=place)
        rate = round(self._replay.rate_hz)
        samples = self._replay.cut(place * rate, rate)
        wave = Wave(start_at, self._replay.rate_hz, self._replay.channels, samples)
        number = str(place) if self._is_numbered else "1"
        said = build_oru(self._name, number, start_at, [(wave, self._replay.resolution)])
        return said.replace(timestamp(start_at).encode(), f"{start_at:%Y%m%d%H%M%S}".encode())


class GatewayPlayer:
    """A gateway of three beds it knows only by their patients: each bed's samples are its patient's number.

    Args:
        rng: now and then the gateway is silent for a while, and begins again with the beds in another order; now and
            then a bed has another patient.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._begin = datetime.now(UTC)
        self._begun_s: float | None = None
        self._place = 0
        self._beds = [1, 2, 3]
        self.silent_until_s = 0.0
        self._next_patient = 4

    def begin(self, at_s: float) -> bytes:
        if self._begun_s is None:
            self._begun_s = at_s
        self._place = max(self._place, int((at_s - self._begun_s) / PERIOD_S))
        self._rng.shuffle(self._beds)
        return b""

    def step(self, _heard: bytes, at_s: float) -> bytes:
        assert self._begun_s is not None
        if at_s < self.silent_until_s or at_s < self._begun_s + self._place * PERIOD_S:
            return b""
        if self._rng.random() < 0.03:
            self.silent_until_s = at_s + self._rng.choice((0.5, 6.0))
            self._rng.shuffle(self._beds)
        elif self._rng.random() < 0.02:
            self._beds[self._rng.randrange(3)] = self._next_patient
            self._next_patient = self._next_patient % 40 + 1
        self._place = int((at_s - self._begun_s) / PERIOD_S) + 1
        start_at = self._begin + timedelta(seconds=self._place * PERIOD_S)
        return b"".join(frame(self._message(each, start_at)) for each in dict.fromkeys(self._beds))

    def _message(self, patient: int, start_at: datetime) -> bytes:
        header, rest = numbered_message("GATEWAY", patient, start_at).split(b"\r", 1)
        return b"\r".join((header, f"PID|1||{patient:03d}^^^WARD".encode(), rest))


class TwinPlayer:
    """One of two monitors on one host that call themselves alike and name nobody: its samples are its number.

    Args:
        number: which one.
        silent_s: from when to when it says nothing, after it began.
    """

    def __init__(self, number: int, silent_s: tuple[float, float]) -> None:
        self._number = number
        self._silent_s = silent_s
        self._begin = datetime.now(UTC)
        self._begun_s: float | None = None
        self._place = 0

    def begin(self, at_s: float) -> bytes:
        if self._begun_s is None:
            self._begun_s = at_s
        return b""

    def step(self, _heard: bytes, at_s: float) -> bytes:
        assert self._begun_s is not None
        since_s = at_s - self._begun_s
        if self._silent_s[0] < since_s < self._silent_s[1] or since_s < self._place * PERIOD_S:
            return b""
        self._place = int(since_s / PERIOD_S) + 1
        return frame(numbered_message("TWIN", self._number, self._begin + timedelta(seconds=self._place * PERIOD_S)))


def numbered_message(sender: str, number: int, start_at: datetime) -> bytes:
    """Return a quarter of a second of a curve that is a number all the time."""
    samples = np.full((1, round(125 * PERIOD_S)), number, dtype=np.float32)
    wave = Wave(start_at, Fraction(125), (ChannelInfo(PLETH, "Pleth", "%"),), samples)
    return build_oru(sender, "1", start_at, [(wave, 1.0)])


class Ward:
    """Makes the devices and lets them play.

    Args:
        folder: for the names of cables.
        seed: of everything that is left to chance.
        patients: identifier a device says to record id; two of them have the same name.
        name: what devices say of every patient's name.
    """

    def __init__(self, folder: Path, seed: int, patients: dict[str, str], name: str) -> None:
        self._folder = folder
        self._rng = random.Random(seed)
        self._patients = patients
        self._name = name
        self._stopping = threading.Event()
        self._is_calm = threading.Event()
        self._servers: list[socket.socket] = []
        self.ledger = Ledger()
        self.crashes: list[BaseException] = []
        ecg = load_ecg(Path(str(get_testdata_file("waveform_ecg.dcm", download=False))))
        self.devices = [
            *self._amplifiers(ecg),
            *self._oximeters(),
            *self._analysers(),
            self._monitor(ecg),
            *self._coarse(ecg),
        ]
        self._threads = [threading.Thread(target=self._run, args=(each,)) for each in self.devices]

    def start(self) -> None:
        """Let every device play."""
        for thread in self._threads:
            thread.start()

    def calm_down(self, seconds: float) -> None:
        """Disturb nothing any more, and let what is under way come to its end."""
        self._is_calm.set()
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s and any(self._left(each) for each in self.devices):
            time.sleep(0.05)

    def stop(self) -> None:
        """Switch everything off."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        for server in self._servers:
            server.close()

    def delivered(self) -> int:
        """Return how many messages the analysers were told had been received."""
        players = [each.player for each in self.devices]
        return sum(len(each.delivered) for each in players if isinstance(each, (AnalyserPlayer, PoctPlayer)))

    # --- the devices ---

    def _noise(self, faults: tuple[str, ...], part: float) -> Noise:
        return Noise(random.Random(self._rng.random()), faults, part)  # type: ignore[arg-type]

    def _amplifiers(self, ecg: Replay) -> list[Played]:
        server = socket.create_server(("127.0.0.1", 0))
        self._servers.append(server)
        made = []
        for name, plug, way in (
            ("ECG-CABLE", self._cable("ecg"), ("serial", {"port": str(self._folder / "ecg")})),
            ("ECG-NET", waiting(server), ("tcp-client", {"host": "127.0.0.1", "port": server.getsockname()[1]})),
        ):
            faults = ALL if way[0] == "serial" else PACKETS
            made.append(
                Played(
                    DeviceConfig(name, "serial-ecg", way[0], way[1]),
                    lambda: EcgPlayer(ecg, self._rng.getrandbits(32), _ROLLOVER),
                    plug,
                    self._noise(faults, 0.05),
                    self._noise((), 0.0),
                    ReplayJudge(ecg, ecg.resolution / 2 + 1e-3),
                    is_switched=name == "ECG-NET",
                )
            )
        return made

    def _oximeters(self) -> list[Played]:
        numbers = np.arange(NUMBERED, dtype=np.float32)[np.newaxis]
        curve = Replay((ChannelInfo(PLETH, "Pleth", "%"),), Fraction(60), numbers, 1.0)
        return [
            Played(
                DeviceConfig(f"OXI-{name}", "cms50", "own", {"port": str(self._folder / f"oxi-{name}")}),
                lambda is_newer=is_newer: OximeterPlayer(curve, is_newer=is_newer),  # type: ignore[misc]
                self._cable(f"oxi-{name}"),
                self._noise(BYTES_ONLY, 0.1),
                self._noise(("drop",), 0.1),
                NumberJudge(),
            )
            for name, is_newer in (("new", True), ("old", False))
        ]

    def _analysers(self) -> list[Played]:
        astm_port, poct_port = free_port(), free_port()
        made = [
            ("AU-CABLE", "astm", "serial", {"port": str(self._folder / "au")}, self._cable("au"), ALL),
            ("HB-CABLE", "astm", "serial", {"port": str(self._folder / "hb")}, self._cable("hb"), ALL),
            ("AU-NET", "astm", "tcp-server", {"host": "127.0.0.1", "port": astm_port}, calling(astm_port), PACKETS),
            ("POC-NET", "poct1a", "tcp-server", {"host": "127.0.0.1", "port": poct_port}, calling(poct_port), PACKETS),
        ]
        return [
            Played(
                DeviceConfig(name, family, way, options),  # type: ignore[arg-type]
                self._analyser if family == "astm" else self._bedside,
                plug,
                self._noise(faults, 0.2 if way == "serial" else 0.08),
                self._noise(("drop",) if way == "serial" else (), 0.04),
            )
            for name, family, way, options, plug, faults in made
        ]

    def _monitor(self, ecg: Replay) -> Played:
        port = free_port()
        return Played(
            DeviceConfig("MONITOR", "hl7-monitors", "own", {"host": "127.0.0.1", "port": port}),
            lambda: MonitorPlayer(ecg, random.Random(self._rng.random())),
            calling(port),
            self._noise(PACKETS, 0.05),
            self._noise((), 0.0),
            ReplayJudge(ecg, ecg.resolution),
        )

    def _coarse(self, ecg: Replay) -> list[Played]:
        slow = ecg.thinned(4)
        made: list[Played] = []
        for name, is_numbered in (("COARSE-COUNTED", True), ("COARSE", False)):
            rng = random.Random(self._rng.random())
            made.append(
                self._server(
                    name,
                    partial(CoarseMonitorPlayer, name, slow, rng, is_numbered=is_numbered),
                    ReplayJudge(slow, slow.resolution),
                )
            )
        rng = random.Random(self._rng.random())
        made.append(self._server("GATEWAY", lambda: GatewayPlayer(rng), OwnerJudge()))
        silent = self._server("TWIN", lambda: TwinPlayer(1, (1.0, 11.0)), OwnerJudge())
        silent.cut_s = (1e6, 1e6)

        def after_it() -> End:
            if not silent.connections:
                raise ConnectionRefusedError
            return silent.plug()

        other = replace(silent, make=lambda: TwinPlayer(2, (0.0, 0.0)), plug=after_it, cut_s=(1.5, 4.0))
        return [*made, silent, other]

    def _server(self, name: str, make: Callable[[], Player], judge: Judge | None) -> Played:
        """Return a monitor that calls; TCP neither loses nor changes what it sends."""
        port = free_port()
        config = DeviceConfig(name, "hl7-monitors", "own", {"host": "127.0.0.1", "port": port})
        return Played(config, make, calling(port), self._noise((), 0.0), self._noise((), 0.0), judge)

    def _analyser(self) -> AnalyserPlayer:
        return AnalyserPlayer((), patience_s=_PATIENCE_S, rest_s=0.05)

    def _bedside(self) -> PoctPlayer:
        return PoctPlayer((), patience_s=_PATIENCE_S)

    def _cable(self, name: str) -> Plug:
        return lambda: CableEnd(self._folder / name)

    # --- playing ---

    def _run(self, played: Played) -> None:
        """Play until the end. The border of this thread."""
        rng = random.Random(self._rng.random())
        try:
            while not self._stopping.is_set():
                if played.player is None or played.is_switched:
                    played.player = played.make()
                with suppress(OSError):
                    self._connection(played, played.player, rng)
                self._stopping.wait(rng.uniform(0.05, 0.4))
        except BaseException as error:  # noqa: BLE001 - a drill must tell
            self.crashes.append(error)

    def _connection(self, played: Played, player: Player, rng: random.Random) -> None:
        end = played.plug()
        played.connections += 1
        cut_s = time.monotonic() + rng.uniform(*played.cut_s)
        try:
            self._send(played, end, player.begin(time.monotonic()))
            while not self._stopping.is_set():
                time.sleep(STEP_S)
                now_s = time.monotonic()
                heard = end.hear()
                out = player.step(heard if self._is_calm.is_set() else played.answers.spoil(heard), now_s)
                if now_s > cut_s and not self._is_calm.is_set():
                    end.send(out[: rng.randrange(len(out) + 1)])  # half of it, and the cable is pulled
                    return
                self._send(played, end, out)
                self._measure(player, played.config.transport == "serial")
        finally:
            end.cut()

    def _send(self, played: Played, end: object, data: bytes) -> None:
        spoilt = data if self._is_calm.is_set() else played.noise.spoil(data)
        if spoilt:
            end.send(spoilt)  # type: ignore[attr-defined]

    def _measure(self, player: Player, is_busy: bool) -> None:
        """Give an analyser something to send, as long as the drill goes on; a network has fewer faults to find."""
        if not is_busy and self._rng.random() > 0.04:
            return
        if self._is_calm.is_set() or not isinstance(player, (AnalyserPlayer, PoctPlayer)) or player.left:
            return
        is_nameless = self._rng.random() < 0.2
        said_id = "" if is_nameless else self._rng.choice(sorted(self._patients))
        value = f"{self._rng.randrange(30, 250) / 10:.1f}"
        sample = self.ledger.write(Truth(self._patients.get(said_id, ""), said_id, value))
        at = datetime.now(UTC)
        if isinstance(player, PoctPlayer):
            player.add(poct_observation(sample, said_id, value, at))
            return
        message = astm_message(sample, said_id, self._name, value, at)
        if is_nameless:
            message = b"\r".join(line for line in message.split(b"\r") if not line.startswith(b"P"))
        player.add(message)

    @staticmethod
    def _left(played: Played) -> int:
        player = played.player
        return player.left if isinstance(player, (AnalyserPlayer, PoctPlayer)) else 0
