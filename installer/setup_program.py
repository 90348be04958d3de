"""``Dala-X.Y.Z-x64.exe``: the Setup program, made by NSIS from ``nsis/dala.nsi`` and the folder that is installed."""

from __future__ import annotations

import sys
from pathlib import Path, PureWindowsPath
from typing import Final, Literal

from installer import signing, slimming, tools
from installer.payload import NAMES_AT_ROOT, OWN_FOLDERS
from installer.versions import Version

Packing = Literal["lzma", "zlib", "none"]
SCRIPT: Final = Path(__file__).with_name("nsis") / "dala.nsi"


_REMOVAL_BY_NAMES: Final = (
    "  StrCpy $8 1",
    "  ${Do}",
    f'    ReadINIStr $9 "$INSTDIR\\{PureWindowsPath(NAMES_AT_ROOT)}" "files" "$8"',
    '    ${If} $9 == ""',
    "      ${ExitDo}",
    "    ${EndIf}",
    '    Delete "$INSTDIR\\$9"',
    "    IntOp $8 $8 + 1",
    "  ${Loop}",
)


def build(app: Path, version: Version, out: Path, work: Path, *, packing: Packing = "lzma") -> Path:
    """Make the Setup program; return its file.

    Args:
        app: the folder that it installs.
        version: its version.
        out: folder for it.
        work: folder for what is made on the way, the icon among it.
        packing: ``lzma`` for what people get; the others are quicker and larger, for trials.

    Raises:
        tools.MissingToolError: NSIS is missing or refused the script.
        signing.SignatureError: somebody signs, and cannot.
    """
    signer = signing.Signer.from_environment()
    target = out / f"Dala-{version}-x64.exe"
    (work / "removal.nsh").write_text(removal_of(app), encoding="utf-8-sig")
    defines = {
        "VERSION": str(version),
        "VERSION_OF_FILE": version.of_file,
        "APP": str(app),
        "OUT": str(target),
        "ICON": str(work / "dala.ico"),
        "REMOVAL": str(work / "removal.nsh"),
        "TEXTS": str(SCRIPT.parent),
        "SIZE_KB": str(slimming.size_of(app) // 1024),
    }
    if signer is not None:  # what removes the program is made inside of what installs it
        defines["SIGN"] = f'"{sys.executable}" "{Path(signing.__file__)}"'
    words = [f"-D{name}={value}" for name, value in defines.items()]
    tools.run("makensis", "-V2", "-WX", "-INPUTCHARSET", "UTF8", *words, f"-DPACKING_{packing.upper()}", SCRIPT)
    signing.sign_all([target], signer)
    return target


def removal_of(app: Path) -> str:
    """Return the macro that removes the installed files: the program's own folders, and at the root each by its name.

    Whoever installs into a folder that also holds something else must find that again. The names are those that the
    version which lies there has written down (`NAMES_AT_ROOT`), and our own.

    Raises:
        ValueError: the folder holds another folder than `OWN_FOLDERS`, or a name that the script cannot hold.
    """
    folders = sorted(path.name for path in app.iterdir() if path.is_dir())
    files = sorted(path.name for path in app.iterdir() if path.is_file())
    if strange := [name for name in folders if name not in OWN_FOLDERS]:
        raise ValueError(f"nobody would remove {', '.join(strange)}")
    if any(set(name) & set('"$`') for name in files):
        raise ValueError("a file at the root has a name that NSIS would read as its own")
    lines = list(_REMOVAL_BY_NAMES)
    lines += [f'  RMDir /r "$INSTDIR\\{name}"' for name in OWN_FOLDERS]
    lines += [f'  Delete "$INSTDIR\\{name}"' for name in files]
    return "\n".join(["!macro RemoveProgram", *lines, "!macroend", ""])
