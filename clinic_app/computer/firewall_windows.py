"""The firewall of Windows: rules are read where Windows keeps them, and changed by ``netsh advfirewall``.

What netsh prints is in the language of Windows; the registry's own lines are the same everywhere, and everybody may
read them. Rules by group policy lie under another key and count too.

Source: [MS-FASP] 2.2.37, FW_RULE as it is written in the registry: ``v2.30|Action=Allow|Active=TRUE|Dir=In|…``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import PureWindowsPath
from typing import Final

from clinic_app.computer.firewall import NAMES, Door
from clinic_app.foundation.errors import NotAllowedError
from clinic_app.foundation.texts import Text

KEYS: Final = (
    r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules",
    r"SOFTWARE\Policies\Microsoft\WindowsFirewall\FirewallRules",
)
"""Below HKEY_LOCAL_MACHINE: this computer's own, and those of group policy."""
PROFILES: Final = "domain,private"
"""A door is not open in a network that Windows calls public."""
_TCP: Final = ("6", "")
_LONGEST_S: Final = 30
NO_ANSWER: Final = -1
_NO_WINDOW: Final = 0x08000000

Run = Callable[[Sequence[str]], int]
Lines = Callable[[], Iterator[str]]


class WindowsFirewall:
    """The firewall of this Windows.

    Args:
        folder: of the installation; its programs are let in, no other.
        run: runs a command and returns its exit code.
        lines: yields the rules as the registry keeps them.
    """

    def __init__(self, folder: PureWindowsPath, run: Run | None = None, lines: Lines | None = None) -> None:
        self._folder = folder
        self._run = run or _run
        self._lines = lines or _registry

    def doors(self) -> tuple[Door, ...]:
        """Return our doors that are open."""
        found = []
        for rule in map(fields_of, self._lines()):
            name, port = rule.get("name", ""), rule.get("lport", "")
            if name in NAMES and port.isascii() and port.isdigit() and _is_open(rule):
                found.append(Door(name, int(port), rule.get("app", "").rpartition("\\")[2]))
        return tuple(found)

    def lets_in(self, door: Door) -> bool:
        """Return whether an open rule names the port or any port, and this program or any."""
        return any(self._opens(rule, door) for rule in map(fields_of, self._lines()))

    def open(self, door: Door) -> None:
        """Make a door."""
        self.close(door.name)
        self._netsh(
            "add", f"name={door.name}", "dir=in", "action=allow", "protocol=TCP", f"localport={door.port}",
            f"program={self._folder / door.program}", f"profile={PROFILES}", "enable=yes",
        )  # fmt: skip

    def close(self, name: str) -> None:
        """Take a door away."""
        if any(fields_of(line).get("name") == name for line in self._lines()):
            self._netsh("delete", f"name={name}")

    def _opens(self, rule: dict[str, str], door: Door) -> bool:
        port, program = rule.get("lport", ""), rule.get("app", "")
        is_ours = not program or program.lower() == str(self._folder / door.program).lower()
        return _is_open(rule) and port in (str(door.port), "") and bool(port or program) and is_ours

    def _netsh(self, verb: str, *words: str) -> None:
        code = self._run(("netsh", "advfirewall", "firewall", verb, "rule", *words))
        if code != 0:
            raise NotAllowedError(
                Text("Windows did not change its firewall ({code}). Run this as administrator.", code=code)
            )


def fields_of(line: str) -> dict[str, str]:
    """Return what one rule of the registry says, its fields in lower case; of what stands twice the last."""
    return {key.lower(): value for key, _, value in (part.partition("=") for part in line.split("|")[1:]) if key}


def _is_open(rule: dict[str, str]) -> bool:
    told = [rule.get(each, "").lower() for each in ("action", "active", "dir")]
    return told == ["allow", "true", "in"] and rule.get("protocol", "") in _TCP


def _run(words: Sequence[str]) -> int:
    program = PureWindowsPath(os.environ.get("SYSTEMROOT", "C:\\Windows"), "System32", f"{words[0]}.exe")
    try:
        return subprocess.run(  # noqa: S603 - our own words
            [str(program), *words[1:]], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_LONGEST_S,
            creationflags=_NO_WINDOW,
        ).returncode  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):  # a firewall that is switched off by other software answers nobody
        return NO_ANSWER


if sys.platform == "win32":
    import winreg

    def _registry() -> Iterator[str]:
        for place in KEYS:
            try:
                key = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY)
            except OSError:  # no rule was ever made by group policy
                continue
            with key:
                for index in range(winreg.QueryInfoKey(key)[1]):
                    value = winreg.EnumValue(key, index)[1]
                    if isinstance(value, str):
                        yield value
else:

    def _registry() -> Iterator[str]:
        yield from ()
