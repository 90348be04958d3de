"""One configured device: a thread that runs its driver, begins again for ever, and knows how the device is.

Whoever unplugs a cable need not tell the program, and whoever plugs it in again neither: a link waits a little, then
ever longer, up to half a minute, and tries again. How it is doing can be asked from any thread without waiting.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final

from clinic_app.devices.block import Block
from clinic_app.devices.driver import Arrival, Driver, Event, EventKind, Item, Sink
from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
STEADY_S: Final = 10.0
"""A connection that lasted so long, or that ended in order, makes the next wait short again."""
SILENT_S: Final = 5.0
"""A device that sent waves and sends nothing for so long is reported."""
_KEPT: Final = 32
_log = logging.getLogger(__name__)


class Health(Enum):
    """How a device is doing."""

    OFF = "off"
    CONNECTING = "connecting"
    WAITING = "waiting"
    """It is there and has said nothing yet, or a server waits for a call."""
    FINE = "fine"
    SILENT = "silent"
    """It is connected, sent waves before, and sends nothing now."""
    TROUBLED = "troubled"
    """It sends, and some of it could not be used."""
    FAILING = "failing"
    """It cannot be reached, or went away."""


@dataclass(frozen=True)
class LinkState:
    """One device as the device page lists it.

    Args:
        name: its name here.
        family: code of its family.
        is_connected: whether its connection is open.
        last_heard_at: when its last bytes or its last item came, by the wall clock.
        items: how many came since the start.
        bytes: how many came since the start; 0 for a family that counts none.
        errors: why it is not well, or None.
        health: how it is doing.
        connects: how often it was connected since the start.
    """

    name: str
    family: str
    is_connected: bool = False
    last_heard_at: datetime | None = None
    items: int = 0
    bytes: int = 0
    errors: Text | None = None
    health: Health = Health.OFF
    connects: int = 0


class DeviceLink:
    """One device and its thread. It is the `Line` of its driver.

    Args:
        name: the device's name.
        family: code of its family.
        driver: talks with it.
        sink: takes what comes, on the driver's thread.
        clock: the wall clock.
        steady_s: the steady clock.
        first_wait_s: seconds before the second attempt; each further wait is twice as long.
    """

    def __init__(
        self,
        name: str,
        family: str,
        driver: Driver,
        sink: Sink,
        clock: Clock | None = None,
        *,
        steady_s: Callable[[], float] = time.monotonic,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._driver = driver
        self._sink = sink
        self._clock = clock or SystemClock()
        self._steady_s = steady_s
        self._first_wait_s = first_wait_s
        self._lock = threading.Lock()
        self._state = LinkState(name, family)
        self._recent: deque[Item] = deque(maxlen=_KEPT)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._last_block_s: float | None = None
        self._is_silent = False

    @property
    def name(self) -> str:
        """The device's name."""
        return self._state.name

    @property
    def state(self) -> LinkState:
        """How it is doing now; also notices that waves have stopped."""
        state = self._state
        last_s = self._last_block_s
        is_silent = last_s is not None and self._steady_s() - last_s > SILENT_S
        return replace(state, health=Health.SILENT) if is_silent and state.health is Health.FINE else state

    def recent(self) -> tuple[Item, ...]:
        """Return the newest items that are no waves, the newest last."""
        with self._lock:
            return tuple(self._recent)

    def start(self) -> None:
        """Begin to listen, in a thread of its own; a second call is nothing."""
        if self._thread is not None:
            return
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"device {self.name}")
        self._thread.start()

    def stop(self) -> None:
        """Close the connection and wait until the thread has ended."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        self._change(is_connected=False, health=Health.OFF)

    # --- what the driver tells ---

    def now(self) -> Arrival:
        """Return the present moment by both clocks; a wave that stopped is noticed here."""
        arrival = Arrival(self._clock.now(), self._steady_s())
        last_s = self._last_block_s
        if last_s is not None and not self._is_silent and arrival.monotonic_s - last_s > SILENT_S:
            self._is_silent = True
            self._tell(EventKind.NO_DATA, Text("{name}: no data for 5 seconds.", name=self.name))
        return arrival

    def connected(self, *, quietly: bool = False) -> None:
        """Note that the device is there."""
        with self._lock:
            connects = self._state.connects + (not quietly)
        self._change(is_connected=not quietly, health=Health.WAITING, connects=connects, errors=None)
        if not quietly:
            self._tell(EventKind.CONNECTED, Text("{name} is connected.", name=self.name))

    def disconnected(self) -> None:
        """Note that the last caller has gone."""
        self._change(is_connected=False, health=Health.WAITING)
        self._tell(EventKind.LOST, Text("{name} is no longer connected.", name=self.name))

    def heard(self, count: int) -> None:
        """Note bytes that came."""
        with self._lock:
            self._state = replace(self._state, bytes=self._state.bytes + count, last_heard_at=self._clock.now())

    def deliver(self, item: Item) -> None:
        """Note an item and hand it on."""
        with self._lock:
            state = self._state
            health = Health.TROUBLED if state.errors else Health.FINE
            self._state = replace(state, items=state.items + 1, last_heard_at=self._clock.now(), health=health)
            if not isinstance(item, Block):
                self._recent.append(item)
        if isinstance(item, Block):
            self._last_block_s = self._steady_s()
            if self._is_silent:
                self._is_silent = False
                self._tell(EventKind.DATA_AGAIN, Text("{name} sends data again.", name=self.name))
        self._sink(item)

    def refused(self, why: Text | None) -> None:
        """Note why something was not used, or that all is well again."""
        if why != self._state.errors:
            self._change(errors=why, health=Health.TROUBLED if why else Health.FINE)

    # --- the thread ---

    def _run(self) -> None:
        wait_s = self._first_wait_s
        while not self._stopping.is_set():
            begun_s = self._steady_s()
            self._change(health=Health.CONNECTING)
            why = self._talk()
            was_connected = self._state.is_connected
            if self._stopping.is_set():
                return
            self._change(is_connected=False, health=Health.FAILING, errors=why or self._state.errors)
            if was_connected:
                self._tell(EventKind.LOST, Text("{name} is no longer connected.", name=self.name))
            if was_connected and (why is None or self._steady_s() - begun_s >= STEADY_S):
                wait_s = self._first_wait_s
            self._stopping.wait(wait_s)
            wait_s = min(wait_s * 2, max(LONGEST_WAIT_S, self._first_wait_s))

    def _talk(self) -> Text | None:
        """Run the driver once; return why it ended. The named border of this thread."""
        try:
            self._driver.run(self, self._stopping)
        except DeviceError as error:
            return error.text
        except Exception:  # noqa: BLE001 - the border of this thread
            _log.exception("the device %s met a fault", self.name)
            return Text("The program made a mistake with this device; it is in the log.")
        return None

    def _tell(self, kind: EventKind, text: Text) -> None:
        event = Event(self.name, kind, text, self._clock.now(), self._steady_s())
        with self._lock:
            self._recent.append(event)
        self._sink(event)

    def _change(self, **changes: object) -> None:
        with self._lock:
            self._state = replace(self._state, **changes)  # type: ignore[arg-type]
