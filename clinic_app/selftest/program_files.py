"""Is every file of the installed program the one that was built? A list of them, with their digests, tells.

The build writes ``files.json`` into the folder that is installed, and beside it ``files.json.signature`` where somebody
signs. The same list is in Setup, in the package for group policy and in the portable ZIP. Whoever can write into the
folder of the program can also make another list: what he cannot make is its signature, and on Windows the signature of
``Dala.exe``, which must be by the same certificate.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.keys.code_signing import CodeSigner, signer_by, signers_in

LIST: Final = "files.json"
SIGNATURE: Final = f"{LIST}.signature"
PROGRAM: Final = "Dala.exe"
UNLISTED: Final = frozenset({LIST, SIGNATURE, "uninstall.exe"})
"""What cannot be in the list: itself, and what Setup makes on the computer."""
_LARGEST_LIST: Final = 16 << 20
_LARGEST_SIGNATURE: Final = 1 << 20
_READERS: Final = 4


class ProgramList(msgspec.Struct, frozen=True):
    """The files of one version.

    Args:
        version: of the program.
        files: digest (SHA-256, hex) by path, with slashes, as seen from the folder of the program.
    """

    version: str
    files: dict[str, str]


class _Signed(msgspec.Struct, frozen=True):
    certificates: list[str]
    signature: bytes


@dataclass(frozen=True)
class Differences:
    """How the folder differs from its list; paths in their order."""

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def program_folder() -> Path | None:
    """Return the folder of the installed program; None where it runs from a checkout."""
    import clinic_app

    inner = Path(clinic_app.__file__).resolve().parents[1]
    return inner.parent if inner.name == "program" else None


def list_of(folder: Path, version: str) -> bytes:
    """Return the list of everything in a folder, as `read_list` reads it."""
    files = digests_of(folder)
    return msgspec.json.format(msgspec.json.encode(ProgramList(version, dict(sorted(files.items())))), indent=0)


def read_list(folder: Path) -> ProgramList | None:
    """Return the list that lies in the folder; None where there is none.

    Raises:
        UnreadableFileError: it cannot be read.
    """
    body = _body(folder / LIST, _LARGEST_LIST)
    if body is None:
        return None
    try:
        return msgspec.json.decode(body, type=ProgramList)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableFileError(Text("The list of the program's files cannot be read.")) from error


def digests_of(folder: Path) -> Mapping[str, str]:
    """Return the digest of every file below a folder that belongs into a list, several read at a time."""
    paths = {
        name: path
        for parent, _, names in os.walk(folder)
        for path in (Path(parent, each) for each in names)
        if (name := path.relative_to(folder).as_posix()) not in UNLISTED
    }
    with ThreadPoolExecutor(_READERS) as readers:
        return dict(zip(paths, readers.map(_digest, paths.values()), strict=True))


def differences(folder: Path, listed: ProgramList) -> Differences:
    """Compare a folder with its list."""
    found = digests_of(folder)
    return Differences(
        changed=tuple(sorted(name for name in found.keys() & listed.files.keys() if found[name] != listed.files[name])),
        missing=tuple(sorted(listed.files.keys() - found.keys())),
        added=tuple(sorted(found.keys() - listed.files.keys())),
    )


def signer_of(folder: Path) -> CodeSigner | None:
    """Return who signed the list; None where nobody did.

    Raises:
        UnreadableFileError: the signature does not hold, or is another's than that of the program.
    """
    body = _body(folder / SIGNATURE, _LARGEST_SIGNATURE)
    if body is None:
        return None
    try:
        signed = msgspec.json.decode(body, type=_Signed)
        signer = signer_by(signed.certificates[0], signed.signature, (folder / LIST).read_bytes())
    except (msgspec.DecodeError, ValueError, IndexError, OSError) as error:
        raise UnreadableFileError(Text("The list of the program's files is not as it was signed.")) from error
    if signer not in signers_in(folder / PROGRAM):
        raise UnreadableFileError(Text("{name} is not signed by who signed the list of files.", name=PROGRAM))
    return signer


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _body(path: Path, most_bytes: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            body = file.read(most_bytes + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableFileError(Text("The list of the program's files cannot be read.")) from error
    if len(body) > most_bytes:
        raise UnreadableFileError(Text("The list of the program's files cannot be read."))
    return body
