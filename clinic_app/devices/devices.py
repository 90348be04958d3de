"""All devices of this workstation: kept in the settings file, each with its link, and one place that hands items on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from clinic_app.access import Session, Trail
from clinic_app.devices.driver import DeviceConfig, Item
from clinic_app.devices.families import checked, driver_of
from clinic_app.devices.link import DeviceLink, LinkState
from clinic_app.devices.result import Result
from clinic_app.devices.source_names import SourceNames
from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text

MOST_DEVICES: Final = 32
MONITORS: Final = "HL7"
"""The door of the monitors' own server."""
_MOST_TRIED: Final = 4096
"""Items of a trial that are kept."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trial:
    """What a device did while it was tried out.

    Args:
        state: how it was at the end.
        items: what came, the newest last.
    """

    state: LinkState
    items: tuple[Item, ...]


class Devices:
    """The configured devices.

    Args:
        configs: as the settings file has them; one that cannot be is not listened to, with a line in the log, and stays
            in the file as it is.
        keep: writes them to the settings file.
        trail: asked before anything is changed.
        clock: the wall clock.

    What comes is handed on, on the device's own thread, to whoever subscribed.
    """

    def __init__(
        self,
        configs: Iterable[DeviceConfig],
        keep: Callable[[Sequence[DeviceConfig]], None],
        trail: Trail,
        clock: Clock | None = None,
    ) -> None:
        self._keep = keep
        self._trail = trail
        self._clock = clock or SystemClock()
        self._changing = threading.RLock()
        self._is_started = False
        self._subscribers: tuple[tuple[tuple[type, ...], Callable[[Any], None]], ...] = ()
        self._configs: dict[str, DeviceConfig] = {}
        self._links: dict[str, DeviceLink] = {}
        self._names = SourceNames()
        self._unusable: tuple[DeviceConfig, ...] = ()
        for config in configs:
            try:
                usable = checked(config)
                if usable.name in self._configs:
                    raise _taken(usable.name)
                self._configs[usable.name] = usable
            except InvalidInputError as error:
                self._unusable = (*self._unusable, config)
                _log.warning("the device %s is left out: %s", config.name, error)
        self._names.keep(frozenset(self._configs))

    def subscribe(self, taker: Callable[[Any], None], *kinds: type) -> None:
        """Have every item of these kinds handed over; it must be quick and must not raise.

        Args:
            taker: takes them, on the device's own thread.
            kinds: `Block`, `Numerics`, `Result`, `Event`.
        """
        self._subscribers = (*self._subscribers, (kinds, taker))

    def take_in(self, item: Item) -> None:
        """Take an item that came by another door than these devices: the monitors' own server."""
        self._from(MONITORS, item)

    def _from(self, door: str, item: Item) -> None:
        """Hand an item on to whoever subscribed to its kind, under a name that is its device's alone."""
        item = self._names.named(item, door)
        for kinds, taker in self._subscribers:
            if isinstance(item, kinds):
                taker(item)

    def start(self) -> None:
        """Begin to listen to every device that is on."""
        with self._changing:
            self._is_started = True
            for config in self._configs.values():
                self._begin(config)

    def stop(self) -> None:
        """End every link and wait for its thread."""
        with self._changing:
            self._is_started = False
            for name in tuple(self._links):
                self._end(name)

    def configs(self) -> tuple[DeviceConfig, ...]:
        """Return what is configured, in the order it was added."""
        return tuple(self._configs.values())

    def states(self) -> tuple[LinkState, ...]:
        """Return how each device is doing; waits for nothing."""
        links = self._links
        return tuple(
            links[name].state if name in links else LinkState(name, config.family)
            for name, config in self._configs.items()
        )

    def recent(self, name: str) -> tuple[Item, ...]:
        """Return the newest items of a device that are no waves, the newest last."""
        link = self._links.get(name)
        return link.recent() if link else ()

    def add(self, session: Session, config: DeviceConfig) -> None:
        """Add a device and begin to listen.

        Raises:
            NotAllowedError: this person may not.
            InvalidInputError: it cannot be like that, or its name is taken.
        """
        self._require(session)
        config = checked(config)
        with self._changing:
            if config.name in self._configs:
                raise _taken(config.name)
            if len(self._configs) >= MOST_DEVICES:
                raise InvalidInputError(Text("There can be {count} devices at most.", count=MOST_DEVICES))
            self._replace({**self._configs, config.name: config})
            self._begin(config)

    def change(self, session: Session, name: str, config: DeviceConfig) -> None:
        """Put another configuration in the place of the device ``name``; it may have another name.

        Raises:
            NotAllowedError: this person may not.
            InvalidInputError: it cannot be like that, its name is taken, or there is no such device.
        """
        self._require(session)
        config = checked(config)
        with self._changing:
            if name not in self._configs:
                raise _unknown(name)
            if config.name != name and config.name in self._configs:
                raise _taken(config.name)
            self._replace(_with(self._configs, name, config))
            self._end(name)
            self._begin(config)

    def remove(self, session: Session, name: str) -> None:
        """Forget a device; one that is not there is nothing.

        Raises:
            NotAllowedError: this person may not.
        """
        self._require(session)
        with self._changing:
            self._replace({key: each for key, each in self._configs.items() if key != name})
            self._end(name)

    def test(
        self, session: Session, config: DeviceConfig, seconds: float = 5.0, stopping: threading.Event | None = None
    ) -> Trial:
        """Try a configuration out without keeping it. Blocks; for a background thread.

        Waves and numbers go to nobody. Results go where they always go: their device was answered and forgets them.
        A device of that name that is listened to is let go meanwhile: two cannot share one port.

        Args:
            session: who.
            config: what to try.
            seconds: how long.
            stopping: ends it before.

        Raises:
            NotAllowedError: this person may not.
            InvalidInputError: it cannot be like that.
        """
        self._require(session)
        config = checked(config)
        items: list[Item] = []

        def take(item: Item) -> None:
            if len(items) < _MOST_TRIED:
                items.append(item)
            if isinstance(item, Result):
                self.take_in(item)

        with self._changing:
            self._end(config.name)
        link = DeviceLink(config.name, config.family, driver_of(config), take, self._clock)
        link.start()
        try:
            (stopping or threading.Event()).wait(seconds)
            state = link.state
        finally:
            link.stop()
            with self._changing:
                if kept := self._configs.get(config.name):
                    self._begin(kept)
        return Trial(state, tuple(items))

    def _require(self, session: Session) -> None:
        self._trail.require(session, "update", "Device")

    def _replace(self, configs: dict[str, DeviceConfig]) -> None:
        self._keep((*configs.values(), *self._unusable))
        self._configs = configs
        self._names.keep(frozenset(configs))

    def _begin(self, config: DeviceConfig) -> None:
        if not (self._is_started and config.is_on) or config.name in self._links:
            return
        link = DeviceLink(config.name, config.family, driver_of(config), partial(self._from, config.name), self._clock)
        self._links = {**self._links, config.name: link}
        link.start()

    def _end(self, name: str) -> None:
        link = self._links.get(name)
        if link is not None:
            link.stop()
            self._links = {key: each for key, each in self._links.items() if key != name}


def _with(configs: dict[str, DeviceConfig], name: str, config: DeviceConfig) -> dict[str, DeviceConfig]:
    """Return the configurations with one replaced in its place."""
    return {config.name if key == name else key: config if key == name else each for key, each in configs.items()}


def _unknown(name: str) -> InvalidInputError:
    return InvalidInputError(Text("There is no device “{name}”.", name=name), "name")


def _taken(name: str) -> InvalidInputError:
    return InvalidInputError(Text("There is a device “{name}” already.", name=name), "name")
