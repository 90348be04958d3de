"""IT's file that sets up a data folder, right by default and wrong where a test wants it."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

PASSWORD = "дала-самалы-7"
ADMINISTRATOR = {"login": "it", "password": PASSWORD, "name": "Петров Сергей", "role": "administrator"}
DOCTOR = {"login": "doctor", "password": PASSWORD, "name": "Өмірзақ Әлішер", "role": "doctor"}
Values = Mapping[str, object]


def provisioning_text(
    settings: Values | None = None, facility: Values | None = None, people: Sequence[Values] = (DOCTOR,), top: str = ""
) -> str:
    """Return the file's words; ``settings`` and ``facility`` are added to what is right."""
    lines = [top, *_table("[settings]", {"key_storage": "file", "language": "ru", **(settings or {})})]
    lines += _table("[facility]", {"facility_name": "Ырғыз аудандық ауруханасы", **(facility or {})})
    for person in people:
        lines += _table("[[people]]", person)
    return "\n".join(lines) + "\n"


def provisioning_file(path: Path, **told: object) -> Path:
    """Write the file and return its path."""
    path.write_text(provisioning_text(**told), encoding="utf-8")  # type: ignore[arg-type]
    return path


def free_port() -> int:
    """Return a TCP port of the loopback that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder with its bytes, to see that nothing was touched."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _table(head: str, values: Values) -> list[str]:
    return [head, *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())]
