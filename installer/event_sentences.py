"""``Dala-events.dll``: the sentences of the program's events, for Windows' event log; it holds no code.

It is a file of its own because the event log keeps it open: a program that is open could not be updated.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from clinic_app.computer.system_log_windows import number_of
from clinic_app.foundation.notices import NOTICES, Notice
from clinic_app.foundation.texts import Language, Text
from installer import tools
from installer.versions import Version

LIBRARY: Final = "Dala-events.dll"
LANGUAGES: Final[Mapping[Language, tuple[int, int]]] = {"en": (0x09, 0x01), "ru": (0x19, 0x01), "kk": (0x3F, 0x01)}
"""Windows' numbers for them: language and sort of it."""
_MESSAGE_TABLE: Final = 11
_UNICODE: Final = 1


def build(app: Path, version: Version, work: Path) -> None:
    """Make the library in the folder that will be installed.

    Raises:
        tools.MissingToolError: there is no compiler, or it refused it.
    """
    lines = ["#include <winver.h>"]
    for language, (main, sort) in LANGUAGES.items():
        file = work / f"events-{language}.bin"
        file.write_bytes(table_of({number_of(each): sentence_of(each, language) for each in NOTICES}))
        lines += [f"LANGUAGE {main:#x}, {sort:#x}", f'1 {_MESSAGE_TABLE} "{file.name}"']
    description = work / "events.rc"
    lines += ["LANGUAGE 0x9, 0x1", f"1 VERSIONINFO FILEVERSION {version.of_resource} BEGIN END"]
    description.write_text("\n".join(lines) + "\n", encoding="ascii")
    tools.run("x86_64-w64-mingw32-windres", "-I", work, description, work / "events.o")
    tools.run(
        "x86_64-w64-mingw32-gcc", "-shared", "-s", "-nostdlib", "-Wl,--entry=0", work / "events.o", "-o", app / LIBRARY
    )


def sentence_of(notice: Notice, language: Language) -> str:
    """Return the sentence of an event as Windows puts its detail into it."""
    return Text(notice.sentence.msgid, detail="%1").render(language) + "\r\n"


def table_of(sentences: Mapping[int, str]) -> bytes:
    """Return the sentences as a resource of Windows (MESSAGE_RESOURCE_DATA), one block each.

    Args:
        sentences: by the number of the event.
    """
    blocks, entries = b"", b""
    first = 4 + 12 * len(sentences)
    for number in sorted(sentences):
        blocks += struct.pack("<3L", number, number, first + len(entries))
        text = (sentences[number] + "\0").encode("utf-16-le")
        text += b"\0" * (-(len(text) + 4) % 4)
        entries += struct.pack("<2H", len(text) + 4, _UNICODE) + text
    return struct.pack("<L", len(sentences)) + blocks + entries
