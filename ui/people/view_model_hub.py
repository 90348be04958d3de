"""The hub of this workstation as its administrator sees it: who it is, and how another one is connected."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from ui.one_wish import OneWish
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.sync import HubEnrolment, HubFound, HubPlace, NearbyHub

T = TypeVar("T")


class HubServices(Protocol):
    """What is asked of the workstation here."""

    @property
    def hub(self) -> HubEnrolment:
        """The way into a hub."""
        ...


class HubViewModel(QObject):
    """Looks for a hub and connects the workstation to it.

    Args:
        services: the way into a hub.
        runner: the way into the background.
        session: who connects.

    Signals: ``changed`` (see ``place``, ``found`` and ``nearby``; None while nobody has looked), ``connected``:
    it is done, ``failed(Text)``, ``refused(str, Text)``: what was typed in a field will not do,
    ``busy_changed(Text or None)``: what is waited for.
    """

    changed = Signal()
    connected = Signal()
    failed = Signal(object)
    refused = Signal(str, object)
    busy_changed = Signal(object)

    def __init__(self, services: HubServices, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._services = services
        self._runner = runner
        self._wish = OneWish[Text](runner, self, self.busy_changed.emit)
        self._session = session
        self.place: HubPlace | None = None
        self.found: HubFound | None = None
        self.nearby: tuple[NearbyHub, ...] | None = None
        self.is_to_be_restarted = False

    def look(self) -> None:
        """Read how the workstation stands to its hub."""
        self._runner.run(
            lambda: self._services.hub.place(self._session),
            owner=self,
            done=self._take,
            failed=lambda error: self.failed.emit(error.text),
        )

    def find(self, address: str) -> None:
        """Ask who answers at an address."""
        self._run(
            Text("Asking who answers there…"), lambda: self._services.hub.look(self._session, address), self._show
        )

    def look_nearby(self) -> None:
        """Listen for hubs that tell of themselves on the local network."""
        self._run(
            Text("Listening for hubs on this network…"),
            lambda: self._services.hub.nearby(self._session),
            self._show_nearby,
        )

    def trust(self, hub: NearbyHub) -> None:
        """Trust the certificate of a hub nearby that was compared, and ask who answers there."""
        self._run(Text("Asking who answers there…"), lambda: self._services.hub.trust(self._session, hub), self._show)

    def forget(self) -> None:
        """Leave the hub that was found."""
        if self.found is not None and not self._wish.is_under_way:
            self.found = None
            self.changed.emit()

    def connect_to_it(self, code: str) -> None:
        """Come into the hub that was found."""
        found = self.found
        if found is not None:
            self._run(
                Text("Connecting to the hub…"),
                lambda: self._services.hub.connect(self._session, found, code),
                self._come_in,
            )

    def _take(self, place: HubPlace) -> None:
        self.place = place
        self.changed.emit()

    def _show_nearby(self, hubs: tuple[NearbyHub, ...]) -> None:
        self.nearby = hubs
        self.changed.emit()

    def _show(self, found: HubFound) -> None:
        self.found = found
        self.changed.emit()

    def _come_in(self, place: HubPlace) -> None:
        self.place, self.found, self.is_to_be_restarted = place, None, True
        self.changed.emit()
        self.connected.emit()

    def _run(self, words: Text, work: Callable[[], T], done: Callable[[T], object]) -> None:
        self._wish.ask(words, work, done, self._fail)

    def _fail(self, error: ClinicError) -> None:
        if isinstance(error, InvalidInputError):
            self.refused.emit(error.field, error.text)
        else:
            self.failed.emit(error.text)
