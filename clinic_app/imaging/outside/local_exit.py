"""Files that belong to nobody here leave for another place: a folder, an archive, with or without their patient.

They lie on the disk of whoever opened them, so no right is asked and nothing is noted; what is written is the same, by
the same rules, as what leaves a patient's record.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.importing import place_of
from clinic_app.imaging.local import LocalFiles
from clinic_app.imaging.outside.deidentifying import Wish
from clinic_app.imaging.outside.outgoing import ExitForm, Outgoing, OutgoingFiles, Taken
from clinic_app.imaging.outside.stopping import Watch, unwatched
from clinic_app.imaging.outside.tag_tree import TagTree
from clinic_app.records import ImagingStudy


class LocalExit:
    """Takes files out; speaks as `image_exit.ImageExit` does, and asks nobody who is signed in.

    Args:
        files: they.
    """

    def __init__(self, files: LocalFiles) -> None:
        self._local = files
        self._files = OutgoingFiles(files.content, lambda key: files.path(key).stat().st_size, files.apart)

    def look(
        self, _session: object, study: ImagingStudy, uids: Sequence[str], wish: Wish | None = None
    ) -> tuple[Outgoing, ...]:
        """Return how series would leave.

        Raises:
            NotFoundError: there is no such series.
        """
        return self._files.look(study, uids, wish)

    def tags(self, _session: object, study: ImagingStudy, sop_uid: str) -> TagTree:
        """Return everything a file says.

        Raises:
            NotFoundError: there is no such file.
            UnreadableFileError: it is damaged.
        """
        return TagTree(self._local.content(place_of(study, sop_uid)[1]))

    def note(self, _session: object, _study: ImagingStudy, _what: str) -> None:
        """Note nothing: there is no trail here."""

    def take_out(self, _session: object, form: ExitForm, target: Path, watch: Watch = unwatched) -> Taken:
        """Write series into a folder with a DICOMDIR, or into a ZIP archive of one.

        Raises:
            InvalidInputError: nothing was chosen, or nobody has looked at a series that needs it.
            ConflictError: something is there already.
            DiskFullError: there is no room.
            StorageError: the disk refused it.
            StoppedError: whoever watches wanted no more; nothing remains.
        """
        if not form.series:
            raise InvalidInputError(Text("Choose at least one series."))
        studies = {each.study.id: each.study for each in form.series}
        self._files.check(form, studies, target)
        return self._files.write(form, studies, target, watch)
