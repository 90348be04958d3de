"""What IT keeps of a self-test: lines to read, and JSON for a script that looks over many computers."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Final

import msgspec

from clinic_app.foundation.texts import Language, Text
from clinic_app.foundation.version import VERSION
from clinic_app.selftest.checks import Finding, Outcome

_MARKS: Final[dict[Outcome, str]] = {"ok": "ok", "warning": "WARNING", "failed": "FAILED"}
_WIDTH: Final = max(map(len, _MARKS.values()))


def has_held(found: Sequence[Finding]) -> bool:
    """Return whether people can work on this computer."""
    return all(each.outcome != "failed" for each in found)


def as_lines(found: Sequence[Finding], language: Language) -> str:
    """Return one line a check, and a last one that says it all."""
    lines = [_about()]
    lines += [f"{_MARKS[each.outcome]:{_WIDTH}}  {each.name}: {each.words.render(language)}" for each in found]
    last = Text("People can work on this computer.") if has_held(found) else Text("Something has to be mended first.")
    return "\n".join([*lines, last.render(language)])


def as_json(found: Sequence[Finding], language: Language) -> bytes:
    """Return the same for a program; ``ok`` is the whole of it, ``checks`` are named in English always."""
    told = {
        "program": VERSION,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "ok": has_held(found),
        "checks": [
            {"name": each.name, "outcome": each.outcome, "words": each.words.render(language), "seconds": each.seconds}
            for each in found
        ],
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=1)


def _about() -> str:
    return f"Dala {VERSION}, Python {platform.python_version()}, {platform.system()} {platform.release()}"
