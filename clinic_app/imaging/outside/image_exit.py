"""Taking images out of the house: whose right it is, what was asked for, and the note in the trail before it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from clinic_app.access import Session, Trail
from clinic_app.foundation.apart import HERE, Apart
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.importing import place_of
from clinic_app.imaging.outside.deidentifying import Wish
from clinic_app.imaging.outside.outgoing import Chosen, ExitForm, Outgoing, OutgoingFiles, Taken
from clinic_app.imaging.outside.stopping import Watch, unwatched
from clinic_app.imaging.outside.tag_tree import TagTree
from clinic_app.records import ImagingStudy
from clinic_app.storage import Store

__all__ = ["Chosen", "ExitForm", "ImageExit", "Outgoing", "Taken"]


class ImageExit:
    """Takes images out.

    Args:
        store: the workstation's store.
        trail: asks for rights and makes the audit events.
        apart: decodes what is compressed.
        free: how many bytes are free where a path lies.
    """

    def __init__(
        self,
        store: Store,
        trail: Trail,
        apart: Apart = HERE,
        free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self._store, self._trail = store, trail
        self._files = OutgoingFiles(store.blobs.read, store.blobs.size, apart, free)

    def look(
        self, session: Session, study: ImagingStudy, uids: Sequence[str], wish: Wish | None = None
    ) -> tuple[Outgoing, ...]:
        """Return how series of a study would leave; nothing is written.

        Args:
            session: who wants to take them out.
            study: which.
            uids: of its series.
            wish: what may stay where they leave without their patient; None: they leave as they are.

        Raises:
            NotAllowedError: this person may take nothing of this patient out.
            NotFoundError: the study has no such series.
        """
        study = self._trail.require_stored(session, "export", ImagingStudy, study.id)
        self._store.records.commit((), audit=(self._trail.event(session, "read", study),))
        return self._files.look(study, uids, wish)

    def tags(self, session: Session, study: ImagingStudy, sop_uid: str) -> TagTree:
        """Return everything one file of a study says, to be read.

        Raises:
            NotFoundError: the study has no such file.
            UnreadableFileError: it is damaged.
        """
        study = self._trail.require_stored(session, "read", ImagingStudy, study.id)
        _series_uid, sha256 = place_of(study, sop_uid)
        self._store.records.commit((), audit=(self._trail.event(session, "read", study),))
        return TagTree(self._store.blobs.read(sha256))

    def note(self, session: Session, study: ImagingStudy, what: str) -> None:
        """Note that a picture of a study leaves as it is seen: as a picture file, on paper. Asked before it does.

        Raises:
            NotAllowedError: this person may take nothing of this patient out.
        """
        study = self._trail.require_stored(session, "export", ImagingStudy, study.id)
        event = self._trail.happening(session, "export", study, description=what)
        self._store.records.commit((), audit=(event,))

    def take_out(self, session: Session, form: ExitForm, target: Path, watch: Watch = unwatched) -> Taken:
        """Write series into a folder with a DICOMDIR, or into a ZIP archive of one.

        Args:
            session: who.
            form: what and how.
            target: the new folder or file; nothing may be there.
            watch: told how far it is.

        Raises:
            NotAllowedError: this person may take nothing of this patient out.
            InvalidInputError: nothing was chosen, or nobody has looked at a series that needs it.
            ConflictError: something is there already.
            DiskFullError: there is no room.
            StorageError: the disk refused it.
            StoppedError: whoever watches wanted no more; nothing remains.
        """
        if not form.series:
            raise InvalidInputError(Text("Choose at least one series."))
        studies: dict[str, ImagingStudy] = {}
        for chosen in form.series:
            study = self._trail.require_stored(session, "export", ImagingStudy, chosen.study.id)
            studies[study.id] = study
        self._files.check(form, studies, target)
        named = "without the patient" if form.is_nameless else "with the patient"
        kind = "DICOM ZIP" if form.is_archive else "DICOM folder"
        event = self._trail.happening(
            session, "export", *studies.values(), description=f"{kind}, {named}, {len(form.series)} series"
        )
        self._store.records.commit((), audit=(event,))  # noted before it is tried
        return self._files.write(form, studies, target, watch)
