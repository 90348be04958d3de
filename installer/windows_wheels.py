"""The packages of the program for Windows: what the lock file names, hash for hash.

The lock holds every platform. Which of its lines count is decided here for Windows and for the Python that is
installed: pip, which runs on the building machine, would decide for that one.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Final

from packaging.markers import Marker

from installer import tools
from installer.runtime import MINOR

WANTED: Final = "windows.txt"
"""The packages with their hashes, as they were installed."""
_CONTINUED = re.compile(r"\\\n\s+")


def lines_for_windows(lock: str, python: str) -> list[str]:
    """Return the lines of a lock file that count on Windows, without their conditions.

    Args:
        lock: its text: a name, a version and hashes a line, lines continued by a backslash.
        python: full version of the Python that is installed.
    """
    environment = {
        "extra": "",
        "implementation_name": "cpython",
        "os_name": "nt",
        "platform_machine": "AMD64",
        "platform_python_implementation": "CPython",
        "platform_system": "Windows",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": "win32",
    }
    found = []
    for line in _CONTINUED.sub(" ", lock).splitlines():
        wanted, hashes, digests = line.partition(" --hash=")
        package, _, condition = wanted.partition(" ; ")
        if not package.strip() or package.startswith("#"):
            continue
        if not hashes:
            raise ValueError(f"the lock has no hash for {package}")
        if not condition or Marker(condition).evaluate(environment):
            found.append(f"{package.strip()}{hashes}{digests}")
    return found


def install(lock: Path, python: str, packages: Path, work: Path) -> int:
    """Install the packages for Windows into a folder; return how many.

    Args:
        lock: the lock file.
        python: full version of the Python that is installed.
        packages: where to; emptied first.
        work: folder for what is made on the way.

    Raises:
        tools.MissingToolError: pip could not; its words say why.
    """
    lines = lines_for_windows(lock.read_text(encoding="utf-8"), python)
    work.mkdir(parents=True, exist_ok=True)
    wanted = work / WANTED
    wanted.write_text("\n".join(lines), encoding="utf-8")
    shutil.rmtree(packages, ignore_errors=True)
    minor = "{}.{}".format(*MINOR)
    tools.run(
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile",
        "--require-hashes", "--only-binary", ":all:", "--platform", "win_amd64", "--python-version", minor,
        "--implementation", "cp", "--ignore-requires-python", "--target", packages, "-r", wanted,
    )  # fmt: skip
    return len(lines)
