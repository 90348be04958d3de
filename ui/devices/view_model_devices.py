"""The devices of this workstation on their page: how each does, what it sends now, adding, changing, trying out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from clinic_app.devices import Block, DeviceConfig, LinkState, Numerics, Result, Trial
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.replay_device import MARK
from ui.one_wish import OneWish
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.devices import Devices, Item
    from clinic_app.waveforms import LiveNumber, LiveStream

LOOK_MS: Final = 500
TRIAL_S: Final = 6.0
LISTEN_S: Final = 5.0


class Traces(Protocol):
    """The live traces."""

    def streams(self, source: str | None = None) -> tuple[LiveStream, ...]:
        """Return a device's streams."""
        ...

    def numbers(self, source: str | None = None) -> Mapping[str, LiveNumber]:
        """Return a device's latest numbers."""
        ...


@dataclass(frozen=True)
class Tally:
    """What came, counted by its kind; a result is only counted, for whoever tries devices out may see no patient."""

    waves: int = 0
    numbers: int = 0
    results: int = 0


def tally(items: Sequence[Item]) -> Tally:
    """Return how many of each kind came."""
    return Tally(*(sum(isinstance(item, kind) for item in items) for kind in (Block, Numerics, Result)))


@dataclass(frozen=True)
class Search:
    """How the search for devices nearby goes.

    Args:
        is_running: it goes on.
        sentence: what to say of it; None for nothing.
        is_error: nothing can be searched.
    """

    is_running: bool
    sentence: Text | None = None
    is_error: bool = False


class DevicesViewModel(QObject):
    """The devices, for one person.

    Signals: ``changed`` (see ``states``), ``refused(field, Text)``: of a form, ``saved(name)``, ``removed(name)``,
    ``tried(Trial)``, ``failed(Text)``, ``busy_changed(bool)``, ``trying_changed(bool)``, ``ports_known(dict)``: names
    of places to plug in, by the kind of option, ``search_told(Search)``: of what is nearby.
    """

    changed = Signal()
    refused = Signal(str, object)
    saved = Signal(str)
    removed = Signal(str)
    tried = Signal(object)
    failed = Signal(object)
    busy_changed = Signal(bool)
    trying_changed = Signal(bool)
    ports_known = Signal(object)
    search_told = Signal(object)

    def __init__(self, devices: Devices, traces: Traces, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._devices = devices
        self._traces = traces
        self._runner = runner
        self._session = session
        self._wish = OneWish[bool](runner, self, lambda is_busy: self.busy_changed.emit(bool(is_busy)))
        self._stop_trying = threading.Event()
        self._stop_listening = threading.Event()
        self._stop_listening.set()
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.look)
        self.states: tuple[LinkState, ...] = ()
        self.search = Search(is_running=False)
        """How the last search for devices nearby went."""
        self.destroyed.connect(self._stop_trying.set)
        self.destroyed.connect(self._stop_listening.set)

    @property
    def may_change(self) -> bool:
        """Whether this person adds and changes devices."""
        return self._session.role == "administrator"

    def watch(self, is_watched: bool) -> None:
        """Say whether somebody looks; nothing is asked while nobody does."""
        if is_watched:
            self.look()
            self._timer.start()
        else:
            self._timer.stop()

    def look(self) -> None:
        """Ask how the devices do; that waits for nothing."""
        self.states = self._devices.states()
        self.changed.emit()

    def config(self, name: str) -> DeviceConfig | None:
        """Return how a device is configured."""
        return next((each for each in self._devices.configs() if each.name == name), None)

    def streams(self, name: str) -> tuple[LiveStream, ...]:
        """Return the waves a device sends now."""
        played = f"{name} {MARK}"
        return tuple(
            each for source in (name, played) for each in self._traces.streams(source) if each.source == source
        )

    def numbers(self, name: str) -> Mapping[str, LiveNumber]:
        """Return the numbers a device sent last."""
        return self._traces.numbers(name)

    def recent(self, name: str) -> tuple[Item, ...]:
        """Return the newest items of a device that are no waves."""
        return self._devices.recent(name)

    def find_ports(self) -> None:
        """Look for serial ports and microphones in the background."""

        def work() -> dict[str, tuple[tuple[str, str], ...]]:
            from clinic_app.devices.serial_port import serial_places
            from clinic_app.devices.stethoscope.microphone import microphones

            return {
                "port": tuple((each.name, each.words) for each in serial_places()),
                "microphone": tuple((each, each) for each in microphones()),
            }

        self._runner.run(work, owner=self, done=self.ports_known.emit, failed=self._fail)

    def find_bluetooth(self) -> None:
        """Listen for a few seconds which Bluetooth devices are nearby, in the background; once at a time."""
        if not self._stop_listening.is_set():
            return
        self._stop_listening.clear()
        stopping = self._stop_listening

        def work() -> tuple[tuple[str, str], ...]:
            from clinic_app.devices.bluetooth.family import nearby

            try:
                return tuple((each.address, each.name) for each in nearby(LISTEN_S, stopping))
            finally:
                stopping.set()

        def done(places: tuple[tuple[str, str], ...]) -> None:
            self.ports_known.emit({"bluetooth": places})
            none = Text("No device was heard. Switch it on, hold it close, and search again.")
            self._tell_search(Search(False, Text("Choose the device in the list.") if places else none))

        def failed(error: ClinicError) -> None:
            self._tell_search(Search(False, error.text, is_error=True))

        self._tell_search(Search(True, Text("Listening for devices nearby…")))
        self._runner.run(work, owner=self, done=done, failed=failed)

    def _tell_search(self, search: Search) -> None:
        self.search = search
        self.search_told.emit(search)

    def save(self, former: str, config: DeviceConfig) -> None:
        """Add a device, or put another configuration in the place of the device ``former``."""
        devices, session = self._devices, self._session

        def work() -> None:
            if former:
                devices.change(session, former, config)
            else:
                devices.add(session, config)

        self._do(work, lambda: self.saved.emit(config.name.strip()))

    def switch(self, name: str, is_on: bool) -> None:
        """Begin to listen to a device, or no longer."""
        config = self.config(name)
        if config is not None:
            new = DeviceConfig(config.name, config.family, config.transport, config.options, is_on)
            self._do(lambda: self._devices.change(self._session, name, new), lambda: None)

    def remove(self, name: str) -> None:
        """Forget a device."""
        self._do(lambda: self._devices.remove(self._session, name), lambda: self.removed.emit(name))

    def try_out(self, config: DeviceConfig) -> None:
        """Try a configuration for a few seconds, without keeping it."""
        self._stop_trying = stopping = threading.Event()
        self.destroyed.connect(stopping.set)

        def done(trial: Trial) -> None:
            self.trying_changed.emit(False)
            self.tried.emit(trial)

        def failed(error: ClinicError) -> None:
            self.trying_changed.emit(False)
            self._refuse(error)

        self.trying_changed.emit(True)
        self._wish.ask(True, lambda: self._devices.test(self._session, config, TRIAL_S, stopping), done, failed)

    def stop_trying(self) -> None:
        """End a trial, and listening for devices, before its time."""
        self._stop_trying.set()
        self._stop_listening.set()

    def _do(self, work: Callable[[], object], done: Callable[[], object]) -> None:
        def taken(_none: object) -> None:
            done()
            self.look()

        self._wish.ask(True, work, taken, self._refuse)

    def _refuse(self, error: ClinicError) -> None:
        field = error.field if isinstance(error, InvalidInputError) else ""
        self.refused.emit(field, error.text)

    def _fail(self, error: ClinicError) -> None:
        self.failed.emit(error.text)
