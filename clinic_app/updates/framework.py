"""python-tuf, the reference implementation of The Update Framework, reading from a `Source` instead of a network.

Loading it takes half a second, so nobody does before a release has to be verified.

Source: The Update Framework Specification 1.0, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from tuf.api import exceptions
from tuf.api.exceptions import DownloadHTTPError
from tuf.api.serialization import DeserializationError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.updates.sources import METADATA, Source
from clinic_app.updates.verifying import MIXED, UNREADABLE

_PLACE: Final = "release://repository/"
_CONFIG: Final = UpdaterConfig(
    max_root_rotations=64,
    max_delegations=1,
    root_max_length=256 << 10,
    timestamp_max_length=16 << 10,
    snapshot_max_length=64 << 10,
    targets_max_length=1 << 20,
)
_FORGED: Final = Text("These releases are not signed by who makes this program.")
_OLDER: Final = Text("These releases are older than what this computer has seen already.")
_ENDED: Final = Text("The word of who makes this program about these releases has ended. Get a newer copy of them.")


def refresh(trusted: Path, root: bytes, source: Source) -> None:
    """Read the metadata of a repository, and keep what it says once it is verified.

    Args:
        trusted: folder that keeps what is believed.
        root: what is believed first.
        source: the repository.

    Raises:
        UnreadableFileError: the metadata do not hold; the sentence says in which way.
        OSError: the disk refused what was to be kept.
    """
    try:
        updater = Updater(str(trusted), f"{_PLACE}{METADATA}", fetcher=_Fetcher(source), config=_CONFIG, bootstrap=root)
        updater.refresh()
    except exceptions.ExpiredMetadataError as error:
        raise UnreadableFileError(_ENDED) from error
    except exceptions.BadVersionNumberError as error:
        raise UnreadableFileError(_OLDER) from error
    except exceptions.UnsignedMetadataError as error:
        raise UnreadableFileError(_FORGED) from error
    except (exceptions.LengthOrHashMismatchError, exceptions.DownloadError) as error:
        raise UnreadableFileError(MIXED) from error
    except (exceptions.RepositoryError, DeserializationError, ValueError) as error:
        raise UnreadableFileError(UNREADABLE) from error


class _Fetcher(FetcherInterface):
    """Gives the library the files of a source in place of a network."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def _fetch(self, url: str) -> Iterator[bytes]:
        inner = urlsplit(url).path.removeprefix("/")
        try:
            with self._source.opened(inner) as file:
                return iter(_pieces(file))
        except FileNotFoundError as error:
            raise DownloadHTTPError(f"there is no {inner}", 404) from error


def _pieces(file: BinaryIO) -> list[bytes]:
    """Return a small file whole, in pieces; of a large one as much as tells that it is too large."""
    return [file.read(_CONFIG.targets_max_length + 1)]
