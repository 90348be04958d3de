"""Searching other hospitals' archives of images and fetching from them; whatever an archive speaks, it looks the same.

Who may take images in may search; every question and every fetching is in the trail. What is fetched is gathered like a
disc that somebody brought: its numbers say whose it is, or a person does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from clinic_app.access import Session, Trail
from clinic_app.foundation.errors import KeyLockedError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.imaging import Imaging
from clinic_app.imaging.importing import sha256_of
from clinic_app.imaging.intake.gathering import Gathered, Gathering
from clinic_app.imaging.network.awaited import Awaited
from clinic_app.imaging.network.dicom_archive import DicomArchive
from clinic_app.imaging.network.found import Answers, Archive, Fetched, FoundSeries, FoundStudy, Progress, Stop, Wanted
from clinic_app.imaging.network.peers import Peer, WebServer
from clinic_app.imaging.network.web_archive import WebArchive
from clinic_app.keys import KeyStorage
from clinic_app.records import ImagingStudy
from clinic_app.storage import Store

_NAME: Final = "dicomweb "
"""Before the address of a server, in the keyring."""
Kind = Literal["dicom", "web"]


@dataclass(frozen=True)
class ArchiveLine:
    """An archive as it is chosen.

    Args:
        name: what people here call it.
        kind: how it is spoken to.
        can_search: whether it is searched.
        can_send: whether we send to it from here.
    """

    name: str
    kind: Kind
    can_search: bool = True
    can_send: bool = False


@dataclass(frozen=True)
class Network:
    """Who takes part in the image network, and how we are called there.

    Args:
        ae_title: ours.
        peers: DICOM devices and archives, as the settings name them now.
        servers: DICOMweb servers, likewise.
        awaited: gets what archives send to our own port; None where that is off.
        secrets: keeps the passwords of servers.
    """

    ae_title: str = "DALA"
    peers: Callable[[], Sequence[Peer]] = tuple
    servers: Callable[[], Sequence[WebServer]] = tuple
    awaited: Awaited | None = None
    secrets: Callable[[], KeyStorage] | None = None


class ImageArchives:
    """Searches archives and fetches from them.

    Args:
        store: the workstation's store.
        trail: makes the audit events.
        imaging: takes in what is fetched.
        network: who takes part.
    """

    def __init__(self, store: Store, trail: Trail, imaging: Imaging, network: Network) -> None:
        self._store = store
        self._trail = trail
        self._imaging = imaging
        self._network = network

    def lines(self) -> tuple[ArchiveLine, ...]:
        """Return the archives there are, as IT listed them; no patient is in this."""
        peers = (
            ArchiveLine(each.name, "dicom")
            for each in self._network.peers()
            if each.can_be_called and "query" in each.uses
        )
        servers = (
            ArchiveLine(each.name, "web", "query" in each.uses, "store" in each.uses)
            for each in self._network.servers()
        )
        return (*peers, *servers)

    def find(self, session: Session, name: str, wanted: Wanted, is_stopped: Stop = lambda: False) -> Answers:
        """Return the studies an archive has.

        Args:
            session: who asks.
            name: of the archive.
            wanted: what for.
            is_stopped: asked again and again; True ends the search, and what was found until then is returned.

        Raises:
            InvalidInputError: the question narrows nothing, or cannot be asked.
            NotFoundError: there is no such archive.
            LinkError: it cannot be reached, or refuses; the sentence says why.
        """
        self._trail.require(session, "create", "ImagingStudy")
        wanted = wanted.checked()
        archive = self._archive(name)
        self._note(session, f"archive {name}: {_as_query(wanted)}")
        return archive.find(wanted, is_stopped)

    def series(
        self, session: Session, name: str, study: FoundStudy, is_stopped: Stop = lambda: False
    ) -> tuple[FoundSeries, ...]:
        """Return the series of a study that was found.

        Raises:
            NotFoundError: there is no such archive.
            LinkError: it cannot be reached, or refuses.
        """
        self._trail.require(session, "create", "ImagingStudy")
        archive = self._archive(name)
        self._note(session, f"archive {name}: series of {study.uid}")
        return archive.series(study, is_stopped)

    def bringing(
        self,
        session: Session,
        patient_id: str,
        name: str,
        study: FoundStudy,
        series: Collection[str] = (),
        *,
        told: Callable[[Fetched], object] = lambda _fetched: None,
        progress: Progress = lambda _done, _total: None,
        is_stopped: Stop = lambda: False,
    ) -> Callable[[Gathering], None]:
        """Return what brings a study, or some of its series, to `Imaging.gather`; nothing is filed by that.

        Images that are here already are not fetched again, so a second try brings the missing ones only.

        Args:
            session: who fetches.
            patient_id: in hand.
            name: of the archive.
            study: of `find`.
            series: UIDs; none for all.
            told: gets what came of it.
            progress: told how many images have come of how many.
            is_stopped: asked again and again; what came until then is kept.

        Raises:
            NotFoundError: there is no such archive.
        """
        self._trail.require(session, "create", "ImagingStudy", patient_id)
        archive = self._archive(name)

        def bring(gathering: Gathering) -> None:
            here = self._imaging.filed(study.uid, patient_id, study.person)
            self._note(session, f"archive {name}: fetch {study.uid}")
            told(archive.fetch(study, series, gathering, progress, is_stopped, here.intersection))

        return bring

    def fetch(
        self,
        session: Session,
        patient_id: str,
        name: str,
        study: FoundStudy,
        series: Collection[str] = (),
        **more: Any,  # noqa: ANN401
    ) -> tuple[Gathered, Fetched]:
        """Fetch a study, or some of its series, for a patient; nothing is filed before its identity is sure.

        Args:
            session: who fetches.
            patient_id: in hand.
            name: of the archive.
            study: of `find`.
            series: UIDs; none for all.
            more: how to tell how far it is, and how to ask whether to stop: see `bringing`.

        Raises:
            NotFoundError: there is no such archive.
            ConflictError: the study is filed for another patient already.
            LinkError: it cannot be reached, or refuses before the first image.
            StorageError: the store takes nothing more.
        """
        outcome: list[Fetched] = []
        bring = self.bringing(session, patient_id, name, study, series, told=outcome.append, **more)
        return self._imaging.gather(session, patient_id, bring), outcome[0]

    def send(
        self,
        session: Session,
        study: ImagingStudy,
        name: str,
        *,
        progress: Progress = lambda _done, _total: None,
        is_stopped: Stop = lambda: False,
    ) -> tuple[int, int]:
        """Send a study to a DICOMweb server; return how many of its files were taken there, and how many refused.

        Raises:
            NotAllowedError: this person may take no images of this patient out of the house.
            NotFoundError: there is no such server.
            LinkError: it cannot be reached, or refuses.
        """
        kept = self._trail.require_stored(session, "export", ImagingStudy, study.id)
        server = next((each for each in self._network.servers() if each.name == name and "store" in each.uses), None)
        if server is None:
            raise _no_archive(name)
        event = self._trail.happening(session, "export", kept, description=f"images to {name}")
        self._store.records.commit((), audit=(event,))
        return WebArchive(server, self._secret(server)).send(self._files(kept), progress, is_stopped)

    def keep_secret(self, session: Session, name: str, secret: str) -> None:
        """Keep the password of our account at a DICOMweb server, or the token where there is no account.

        Args:
            session: an administrator.
            name: of the server.
            secret: empty forgets it.

        Raises:
            NotFoundError: there is no such server.
            KeyLockedError: this computer's key storage does not take it.
        """
        self._trail.require(session, "update", "Device")
        server = next((each for each in self._network.servers() if each.name == name), None)
        if server is None or self._network.secrets is None:
            raise _no_archive(name)
        keep_secret_of(server, self._network.secrets(), secret)
        event = self._trail.happening(session, "keys", description=f"password of the archive {name}")
        self._store.records.commit((), audit=(event,))

    def _files(self, study: ImagingStudy) -> Iterator[bytes]:
        for series in study.series:
            for instance in series.instance:
                yield self._store.blobs.read(sha256_of(instance))

    def _archive(self, name: str) -> Archive:
        for peer in self._network.peers():
            if peer.name == name and peer.can_be_called and "query" in peer.uses:
                network = self._network
                return DicomArchive(peer, network.ae_title, self._store.blobs.read, network.awaited)
        for server in self._network.servers():
            if server.name == name and "query" in server.uses:
                return WebArchive(server, self._secret(server))
        raise _no_archive(name)

    def _secret(self, server: WebServer) -> str:
        if self._network.secrets is None:
            return ""
        try:
            return (self._network.secrets().load(_NAME + server.url) or b"").decode("utf-8", "replace")
        except KeyLockedError:
            return ""  # the server will say that it wants one

    def _note(self, session: Session, query: str) -> None:
        self._store.records.commit((), audit=(self._trail.happening(session, "search", query=query[:500]),))


def keep_secret_of(server: WebServer, storage: KeyStorage, secret: str) -> bool:
    """Keep the password of our account at a server, or forget it where there is none; return whether there is one.

    Raises:
        KeyLockedError: the key storage does not take it.
    """
    if secret:
        storage.save(_NAME + server.url, secret.encode())
    else:
        storage.forget(_NAME + server.url)
    return bool(secret)


def _as_query(wanted: Wanted) -> str:
    told = (
        ("PatientID", wanted.patient_id),
        ("PatientName", wanted.name),
        ("AccessionNumber", wanted.accession),
        ("ModalitiesInStudy", wanted.modality),
        ("StudyDate", wanted.days),
    )
    return "&".join(f"{key}={value}" for key, value in told if value)


def _no_archive(name: str) -> NotFoundError:
    return NotFoundError(Text("There is no archive “{name}” in the settings.", name=name))
