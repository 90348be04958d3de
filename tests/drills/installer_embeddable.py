"""A ZIP file with exactly the files of python.org's embeddable Python, for where python.org is out of reach.

The libraries are python.org's own, out of the wheel that builds are made from; the standard library is that of the
Python on this machine, and ``python.exe`` is only a name. With it the way of a release is tried: ``--runtime ZIP``.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from installer import build, runtime

LIBRARIES: Final = (
    "_asyncio.pyd", "_bz2.pyd", "_ctypes.pyd", "_decimal.pyd", "_elementtree.pyd", "_hashlib.pyd", "_lzma.pyd",
    "_multiprocessing.pyd", "_overlapped.pyd", "_queue.pyd", "_socket.pyd", "_sqlite3.pyd", "_ssl.pyd", "_uuid.pyd",
    "_wmi.pyd", "_zoneinfo.pyd", "libcrypto-3.dll", "libffi-8.dll", "libssl-3.dll", "pyexpat.pyd", "python313.dll",
    "select.pyd", "sqlite3.dll", "unicodedata.pyd", "vcruntime140.dll", "vcruntime140_1.dll", "winsound.pyd",
)  # fmt: skip
"""Of python-3.13.N-embed-amd64.zip; all its files lie at its top."""
PTH: Final = "python313.zip\r\n.\r\n\r\n# Uncomment to run site.main() automatically\r\n#import site\r\n"


def make(folder: Path) -> Path:
    """Make the file in a folder; return it."""
    source = runtime.found("panda-wheel", build.CACHE)
    whole = folder / "whole"
    runtime.unpack(source, whole, folder / "work")
    target = folder / f"python-{source.python}-embed-amd64.zip"
    bodies = {
        "LICENSE.txt": b"PSF LICENSE AGREEMENT",
        "python.cat": b"catalogue",
        "python.exe": b"MZ",
        "pythonw.exe": b"MZ",
        "python3.dll": (whole / "python3.dll").read_bytes(),
        "python313._pth": PTH.encode("ascii"),
        "python313.zip": (whole / "python313.zip").read_bytes(),
    }
    with zipfile.ZipFile(source.archive) as wheel:
        named = {name.rpartition("/")[2].lower(): name for name in wheel.namelist() if name.startswith("deploy_libs/")}
        bodies |= {name: wheel.read(named[name]) for name in LIBRARIES}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in sorted(bodies):
            archive.writestr(name, bodies[name])
    return target
