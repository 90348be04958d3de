"""The image network for people: how it stands, who called, who was refused and why, and who is let in.

IT sees and changes it; everybody who takes pictures sees it, because "the ultrasound does not send" is asked there. The
list of devices lies in the settings file, where IT can read and distribute it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from clinic_app.access import Session, Trail
from clinic_app.foundation.errors import DeviceError, InvalidInputError, LinkError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.network.commitment import Commitments
from clinic_app.imaging.network.listener import ImageListener, State
from clinic_app.imaging.network.peers import Peer, checked, peers_of, table_of
from clinic_app.imaging.network.visits import Visit
from clinic_app.storage import Store

Table = Mapping[str, object]
MOST_PEERS: Final = 64
VERIFICATION: Final = "1.2.840.10008.1.1"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NetworkState:
    """How the image network stands.

    Args:
        state: whether devices can reach us.
        ae_title: our name among devices.
        host: where we listen.
        port: where we listen; 0 while we do not.
        problem: why we do not, although we should.
        peers: who is listed.
        visits: who called lately, the last first.
        strangers: who called and is not listed.
    """

    state: State
    ae_title: str
    host: str
    port: int
    problem: Text | None
    peers: tuple[Peer, ...]
    visits: tuple[Visit, ...]
    strangers: tuple[Visit, ...]


class ImageNetwork:
    """Lets the listener stand, and lists who takes part.

    Args:
        listener: the port.
        trail: makes the audit events.
        store: keeps them.
        tables: of the devices, as the settings file has them; one that cannot be is left out, and kept in the file.
        keep: writes the tables into the settings file.
        is_wanted: the port is set.
        commitments: waited for at the end.
        servers: gives the names of the DICOMweb servers, which no device may have.
    """

    def __init__(
        self,
        listener: ImageListener,
        trail: Trail,
        store: Store,
        tables: Iterable[Table],
        keep: Callable[[Sequence[Table]], None],
        *,
        is_wanted: bool,
        commitments: Commitments | None = None,
        servers: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._listener = listener
        self._trail = trail
        self._store = store
        self._keep = keep
        self._is_wanted = is_wanted
        self._commitments = commitments
        self._lock = threading.RLock()
        self._servers = servers
        peers, unusable = peers_of(tables)
        self._unusable: list[Table] = [table for table, _error in unusable]
        for _table, error in unusable:
            _log.warning("an imaging device is left out: %s", error)
        listener.listed(peers)

    # --- for the program ---

    def start(self) -> None:
        """Begin to listen, where the port is set; what goes wrong is said on the page."""
        if not self._is_wanted:
            return
        try:
            self._listener.start()
        except DeviceError as error:  # the rest of the clinic works without it
            _log.warning("%s", error)

    def stop(self) -> None:
        """Let nobody in any more."""
        self._listener.stop()
        if self._commitments is not None:
            self._commitments.stop()

    def peers(self) -> tuple[Peer, ...]:
        """Return who is listed."""
        return self._listener.gate.peers

    @property
    def version(self) -> int:
        """Another number after every change; a screen reads the state again when it differs."""
        return self._listener.book.version

    # --- for people ---

    def state(self, session: Session) -> NetworkState:
        """Return how it stands."""
        self._trail.require(session, "read", "Device")
        listener = self._listener
        return NetworkState(
            listener.state,
            listener.gate.ae_title,
            listener.host,
            listener.port,
            listener.problem,
            self.peers(),
            listener.book.visits(),
            listener.book.strangers(),
        )

    def listen_again(self, session: Session) -> None:
        """Try once more to have the port.

        Raises:
            DeviceError: it is taken still.
        """
        self._trail.require(session, "update", "Device")
        if self._is_wanted:
            self._listener.start()

    def put(self, session: Session, peer: Peer, instead_of: str = "") -> None:
        """List a device, or change one.

        Args:
            session: who says so.
            peer: it.
            instead_of: the name under which it stood; empty for a new one.

        Raises:
            InvalidInputError: it cannot be like that, or its name is taken.
            NotFoundError: there is none of the old name.
        """
        self._trail.require(session, "update", "Device")
        peer = checked(replace(peer, name=peer.name.strip(), ae_title=peer.ae_title.strip(), host=peer.host.strip()))
        with self._lock:
            peers = list(self.peers())
            places = [place for place, each in enumerate(peers) if each.name == instead_of]
            if instead_of and not places:
                raise NotFoundError(Text("There is no device “{name}” any more.", name=instead_of))
            name = peer.name.casefold()
            if any(each.name.casefold() == name for each in peers if each.name != instead_of):
                raise InvalidInputError(Text("There is a device “{name}” already.", name=peer.name), "name")
            if peer.name != instead_of and any(each.casefold() == name for each in self._servers()):
                raise InvalidInputError(
                    Text("A DICOMweb archive of the settings is called “{name}”; take another name.", name=peer.name),
                    "name",
                )
            if len(peers) >= MOST_PEERS and not places:
                raise InvalidInputError(Text("No more than {count} devices can be listed.", count=MOST_PEERS), "name")
            if places:
                peers[places[0]] = peer
            else:
                peers.append(peer)
            self._take(session, peers, f"imaging device listed: {peer.name} ({peer.ae_title}, {peer.host})")
        self._listener.book.forget_stranger(peer.ae_title, peer.host)

    def remove(self, session: Session, name: str) -> None:
        """Take a device off the list."""
        self._trail.require(session, "update", "Device")
        with self._lock:
            peers = [each for each in self.peers() if each.name != name]
            self._take(session, peers, f"imaging device taken off the list: {name}")

    def echo(self, session: Session, name: str) -> float:
        """Ask a device whether it hears us; return after how many seconds it answered.

        Raises:
            NotFoundError: it is not listed any more.
            LinkError: it does not answer, or does not let us in.
        """
        self._trail.require(session, "read", "Device")
        peer = next((each for each in self.peers() if each.name == name), None)
        if peer is None:
            raise NotFoundError(Text("There is no device “{name}” any more.", name=name))
        if not peer.can_be_called:
            raise LinkError(Text("This device has no address or port; it only calls us."))
        from clinic_app.imaging.network.calling import called

        begun_s = time.monotonic()
        plain = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
        with called(peer, self._listener.gate.ae_title, [(VERIFICATION, plain)]) as association:
            status = association.send_c_echo()
            if "Status" not in status or status.Status != 0:
                raise LinkError(Text("The device “{name}” answered, but not with yes.", name=name))
        return time.monotonic() - begun_s

    def _take(self, session: Session, peers: Sequence[Peer], said: str) -> None:
        event = self._trail.happening(session, "keys", description=said)
        self._keep([*map(table_of, peers), *self._unusable])
        self._store.records.commit((), audit=(event,))
        self._listener.listed(peers)
        self._listener.book.version += 1
