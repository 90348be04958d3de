"""The image network on its page: how it stands, who called, who is listed, test calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.imaging.network.peers import Peer
from clinic_app.imaging.network.service import NetworkState
from ui.one_wish import OneWish
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.imaging.archives import ImageArchives
    from clinic_app.imaging.network.service import ImageNetwork

LOOK_MS: Final = 1000


class NetworkViewModel(QObject):
    """The network for one person.

    Signals: ``changed`` (see ``state``), ``saved(name)``, ``removed(name)``, ``echoed(name, seconds)``,
    ``refused(field, Text)``, ``busy_changed(bool)``, ``secret_kept(name, is_there)``.
    """

    changed = Signal()
    saved = Signal(str)
    removed = Signal(str)
    echoed = Signal(str, float)
    refused = Signal(str, object)
    busy_changed = Signal(bool)
    secret_kept = Signal(str, bool)

    def __init__(self, network: ImageNetwork, web: ImageArchives, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._network = network
        self._web = web
        self._runner = runner
        self._session = session
        self.state: NetworkState | None = None
        self._version = -1
        self._is_asking = False
        self._wish = OneWish[bool](runner, self, lambda is_busy: self.busy_changed.emit(bool(is_busy)))
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._see_news)

    @property
    def may_change(self) -> bool:
        """Whether this person lets devices in."""
        return self._session.role == "administrator"

    @property
    def servers(self) -> tuple[str, ...]:
        """The names of the archives that are asked by DICOMweb, as the settings have them."""
        return tuple(each.name for each in self._web.lines() if each.kind == "web")

    def watch(self, is_watched: bool) -> None:
        """Say whether somebody looks."""
        if is_watched:
            self._timer.start()
            self.look()
        else:
            self._timer.stop()

    def look(self) -> None:
        """Read the state anew."""
        if self._is_asking:
            return
        self._is_asking, self._version = True, self._network.version
        network, session = self._network, self._session
        self._runner.run(lambda: network.state(session), owner=self, done=self._take, failed=self._fail)

    def peer(self, name: str) -> Peer | None:
        """Return a listed device."""
        return next((each for each in (self.state.peers if self.state else ()) if each.name == name), None)

    def save(self, peer: Peer, instead_of: str) -> None:
        """List a device, or change one."""
        self._do(
            lambda: self._network.put(self._session, peer, instead_of), lambda _none: self.saved.emit(peer.name.strip())
        )

    def remove(self, name: str) -> None:
        """Take a device off the list."""
        self._do(lambda: self._network.remove(self._session, name), lambda _none: self.removed.emit(name))

    def echo(self, name: str) -> None:
        """Ask a device whether it hears us."""
        self._do(lambda: self._network.echo(self._session, name), lambda taken_s: self.echoed.emit(name, taken_s))

    def keep_secret(self, name: str, secret: str) -> None:
        """Keep the password of an archive; an empty one forgets it."""
        self._do(
            lambda: self._web.keep_secret(self._session, name, secret),
            lambda _none: self.secret_kept.emit(name, bool(secret)),
        )

    def listen_again(self) -> None:
        """Try once more to have the port."""
        self._do(lambda: self._network.listen_again(self._session), lambda _none: None)

    def _do(self, work: Callable[[], object], told: Callable[..., object]) -> None:
        def done(answer: object) -> None:
            told(answer)
            self.look()

        self._wish.ask(True, work, done, self._refuse)

    def _see_news(self) -> None:
        if self._version != self._network.version:
            self.look()

    def _take(self, state: NetworkState) -> None:
        self._is_asking = False
        self.state = state
        self.changed.emit()

    def _fail(self, error: ClinicError) -> None:
        self._is_asking = False
        self._refuse(error)

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.field if isinstance(error, InvalidInputError) else "", error.text)
