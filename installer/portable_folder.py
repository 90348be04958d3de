"""``Dala-X.Y.Z-x64.zip``: the installed folder as it is, for a computer where nothing may be installed.

Whoever unpacks it names the data folder himself (``Dala.exe --data DIR``); without that the data of all people on the
computer lie where an installation keeps them.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from installer.versions import Version

_MOMENT: Final = (2020, 1, 1, 0, 0, 0)
"""Of every file: two builds of the same files are the same file."""


def build(app: Path, version: Version, out: Path, *, is_fast: bool = False) -> Path:
    """Make the ZIP file; return it.

    Args:
        app: the folder that is installed.
        version: its version.
        out: folder for it.
        is_fast: pack quickly and larger, for trials.
    """
    target = out / f"Dala-{version}-x64.zip"
    level = 1 if is_fast else 9
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for path in sorted(path for path in app.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(f"Dala/{path.relative_to(app).as_posix()}", _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes(), compresslevel=level)
    return target
