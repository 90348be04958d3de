"""The ZIP inside the seal, written plainly and read as if an enemy had made it.

Nothing is ever extracted to a path from the archive: entries are read into memory under names from a whitelist, with
caps on their number, their sizes and the ratio of expansion. Declared sizes are not believed; bytes are counted.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from clinic_app.foundation.errors import InvalidInputError, UnreadableFileError
from clinic_app.foundation.texts import Text

README: Final = "README.TXT"
INDEX: Final = "INDEX.HTM"
BUNDLE: Final = "IHE_XDM/SUBSET01/BUNDLE.JSON"
MANIFEST: Final = "MANIFEST.JSON"
SIGNATURE: Final = "MANIFEST.JWS"

_NAME = re.compile(
    r"README\.TXT|INDEX\.HTM|IHE_XDM/SUBSET01/BUNDLE\.JSON|MANIFEST\.(?:JSON|JWS)"
    r"|WAVEFORM/W\d{7}\.dcm|DICOM/I\d{7}|KEY/K\d{7}\.(?:PNG|JPG)|FILES/F\d{7}(?:\.PDF)?",
    re.ASCII,
)
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_BOUNDED_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The methods Python unpacks no further than it is asked to; bzip2 and LZMA unpack a whole block at once."""


@dataclass(frozen=True)
class Caps:
    """What an archive may be at most; sizes in bytes, ``ratio`` = expanded / packed above ``free_bytes``."""

    sealed_bytes: int = 256 << 20
    expanded_bytes: int = 512 << 20
    entries: int = 4000
    ratio: int = 200
    free_bytes: int = 64 << 20


CAPS: Final = Caps()


@dataclass(frozen=True)
class PackedFile:
    """One file to be packed, under its name inside the archive."""

    path: str
    data: bytes
    mime: str


def write_archive(files: Iterable[PackedFile], caps: Caps = CAPS) -> bytes:
    """Return a ZIP of ``files``, in their order, the same bytes for the same files.

    Raises:
        InvalidInputError: there is more evidence than one package may hold.
    """
    packed = tuple(files)
    if len(packed) > caps.entries or sum(len(file.data) for file in packed) > caps.expanded_bytes:
        raise InvalidInputError(
            Text("There is too much evidence for one referral; choose fewer images or a shorter recording.")
        )
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in packed:
            archive.writestr(zipfile.ZipInfo(file.path, _FIXED_TIME), file.data, zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()


def read_archive(data: bytes, caps: Caps = CAPS) -> Mapping[str, bytes]:
    """Return every file of a ZIP by its name.

    Raises:
        UnreadableFileError: damaged, larger than the caps, or with a name that is not on the whitelist.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = _checked_entries(archive, len(data), caps)
            return {entry.filename: _read_entry(archive, entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise damaged() from error


def damaged() -> UnreadableFileError:
    """Return the error for a package that is not what its sender made."""
    return UnreadableFileError(
        Text("This referral package is damaged or has been changed on its way; ask the sender to send it again.")
    )


def _checked_entries(archive: zipfile.ZipFile, packed_bytes: int, caps: Caps) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    total = sum(entry.file_size for entry in entries)
    names = {entry.filename for entry in entries}
    is_bounded = len(entries) <= caps.entries and total <= caps.expanded_bytes
    is_plausible = total <= max(caps.free_bytes, caps.ratio * packed_bytes)
    is_plain = len(names) == len(entries) and all(_NAME.fullmatch(name) for name in names)
    is_bounded = is_bounded and all(entry.compress_type in _BOUNDED_METHODS for entry in entries)
    if not (is_bounded and is_plausible and is_plain):
        raise damaged()
    return entries


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Read one byte past the declared size at most, so that a lie about the size is seen and not followed."""
    with archive.open(entry) as file:
        data = file.read(entry.file_size + 1)
    if len(data) != entry.file_size:
        raise damaged()
    return data
