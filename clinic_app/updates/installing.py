r"""The second half of the task: installs what is staged, looks whether it works, and brings the former version back.

It runs as ``runner\Dala-console.exe -m clinic_app.updates.installing``, from a copy of the *former* version: what a
broken version cannot do, such as bringing the former one back, is never left to it. Therefore it imports the standard
library and its own neighbours alone.

The table of what happens::

    staged      nobody works here      -> installing: the data are copied, Setup runs, the self-test looks
    installing  it was cut off         -> installing, once more
    installing  it is well             -> trial
    installing  it is not              -> returning
    trial       somebody could sign in -> idle: it stays
    trial       three starts in vain   -> returning
    returning   the former is back     -> idle, and the version is not tried again

After a power cut the next run goes on from the phase that was written down.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from clinic_app.foundation.clock import SystemClock
from clinic_app.updates.plain_files import bytes_of, copy_plain_files, remove_own
from clinic_app.updates.starts import starts_of
from clinic_app.updates.system_folder import State, note, read_state, write_state

WAIT_S: Final = 3 * 3600.0
"""How long one run of the task waits until nobody works."""
LOOK_EVERY_S: Final = 30.0
SETUP_S: Final = 1800.0
SELFTEST_S: Final = 900.0
VAIN_STARTS: Final = 3
MOST_TRIES: Final = 3
MOST_RETURNS: Final = 5
"""How often the former version's Setup is tried; after that a person has to."""
ROOM_BYTES: Final = 1 << 30
"""What is free beside a copy of the data: Setup holds its files twice, and a full disk must not look like its fault."""
TRIAL: Final = timedelta(days=30)
"""After so long a version stays, though nobody has signed in: nobody came."""
CHECKS: Final = "signature,database,decoders,fonts"
"""Of the self-test: what depends on the program alone, and not on the network, the user or a microphone."""
IS_RUNNING: Final = 12
IS_BUSY: Final = (IS_RUNNING, 19)
"""What Setup ends with where somebody works with the program or installs it: nothing was changed."""
HUB_STAYS: Final = 17
"""The hub of this computer did not stop, and nothing was changed; or it does not start with the new version."""
_PIECE: Final = 1 << 20


class Computer(Protocol):
    """What is asked of the computer."""

    program: Path
    data: Path

    def is_in_use(self) -> bool:
        """Return whether the program runs."""
        ...

    def run(self, words: Sequence[str], longest_s: float) -> int:
        """Run a program to its end; return its exit code, -1 for one that did not start or end."""
        ...

    def version(self) -> str:
        """Return the version that is installed; empty for none."""
        ...

    def rest(self, seconds: float) -> None:
        """Wait."""
        ...

    def free_bytes(self, folder: Path) -> int:
        """Return how much room the disk of a folder has."""
        ...

    def now(self) -> datetime:
        """Return the time, UTC."""
        ...

    def tell(self, words: str, *, is_grave: bool) -> None:
        """Tell whoever looks after the computer: the version that was installed, or, grave, what went wrong."""
        ...


class Installing:
    """One run of the task.

    Args:
        system: the folder where only administrators write.
        computer: on which it happens.
    """

    def __init__(self, system: Path, computer: Computer) -> None:
        self._system = system
        self._computer = computer

    def run(self) -> int:
        """Do what the written phase asks for; return the exit code: 0 well, 1 it does not work here, 3 later."""
        state = read_state(self._system)
        if state.phase == "installing" and (self._computer.version() == state.version or state.tries >= MOST_TRIES):
            return self._finish(state, "its installation was cut off")
        if state.phase in {"staged", "installing"}:
            return self._install(state)
        if state.phase == "trial":
            return self._judge(state)
        return self._go_back(state, "") if state.phase == "returning" else 0

    def _install(self, state: State) -> int:
        staged = self._staged(state)
        if _digest(staged) != state.sha256:
            return self._rest(state, f"The staged file of version {state.version} is damaged; it will be staged anew.")
        if self._former(state.former) is None:
            words = f"Version {state.version} is not installed: what installed the present one was not kept."
            return self._rest(replace(state, refused=(*state.refused, state.version)), words, code=1)
        if not self._nobody_works():
            note(self._system, "the program runs; the installation waits for the next time")
            return 3
        try:
            if self._computer.free_bytes(self._system) < bytes_of(self._computer.data) + ROOM_BYTES:
                self._tell("there is too little room on the disk, the installation waits for it")
                return 3
            copied = copy_plain_files(self._computer.data, self._system / "before")
        except OSError as error:
            note(self._system, f"the data could not be copied, so nothing was installed: {error}")
            remove_own(self._system / "before")
            return 3
        note(
            self._system,
            f"{copied} bytes of data were copied; version {state.version} is installed over {state.former}",
        )
        before, state = state, replace(state, tries=state.tries + 1)
        self._enter(state, "installing")
        code = self._computer.run(self._setup(staged, state), SETUP_S)
        if code in IS_BUSY:
            self._enter(before, "staged")
            return 3
        if code == HUB_STAYS and self._computer.version() == state.former and state.tries < MOST_TRIES:
            self._enter(state, "staged")
            self._tell("the hub of this computer does not stop, the installation waits for the next time")
            return 3
        return self._finish(state, f"its Setup ended with {code}" if code else "")

    def _finish(self, state: State, fault: str) -> int:
        """Look whether the new version is there and well, whatever was said of its installation."""
        if self._computer.version() != state.version:
            return self._go_back(state, fault or "it is not there after its installation")
        if (code := self._self_test()) != 0:
            return self._go_back(state, f"its self-test ended with {code}")
        self._keep_the_way_back(state)
        self._enter(
            state, "trial", f"Version {state.version} was installed on {self._computer.now():%Y-%m-%d %H:%M} UTC."
        )
        note(self._system, f"version {state.version} was installed over {state.former}")
        self._computer.tell(state.version, is_grave=False)
        if fault:
            self._tell(f"version {state.version} is there, but {fault}")
        return 0

    def _keep_the_way_back(self, state: State) -> None:
        """Keep both Setups, each step such that what was cut off behind it goes on from there."""
        kept, former = self._system / "installed", self._system / "former"
        if (kept / f"Dala-{state.former}-x64.exe").is_file():
            remove_own(former)
            os.replace(kept, former)
        kept.mkdir(exist_ok=True)
        if not (kept / state.file).is_file():
            os.replace(self._staged(state), kept / state.file)

    def _judge(self, state: State) -> int:
        begun, well = starts_of(self._computer.data, state.version)
        if self._computer.version() != state.version:
            return self._rest(state, "Another version was installed by hand.")
        if well or self._computer.now() - _moment(state.since) > TRIAL:
            remove_own(self._system / "before")
            return self._rest(state, f"Version {state.version} works.")
        if begun >= VAIN_STARTS:
            return self._go_back(state, f"it was started {begun} times in vain")
        return 0

    def _go_back(self, state: State, reason: str) -> int:
        """Bring the former version back; the data stay as they are, see docs/decisions/0050."""
        refused = (*(each for each in state.refused if each != state.version), state.version)
        state = replace(state, refused=refused, tries=0 if reason else state.tries)
        words = f"Version {state.version} does not work here: {reason}." if reason else state.said
        self._enter(state, "returning", words)
        if reason:
            self._tell(f"version {state.version} does not work here, {reason}")
        former = self._former(state.former)
        if former is None:
            return self._rest(
                state, f"{words} What installed {state.former} is not there; run its Setup by hand.", code=1
            )
        if not self._nobody_works():
            return 3
        trying = replace(state, tries=state.tries + 1)
        self._enter(trying, "returning", words)
        code = self._computer.run(self._setup(former, state, is_back=True), SETUP_S)
        if self._computer.version() != state.former:
            return self._stay_away(state if code in IS_BUSY else trying, words, code)
        code = self._self_test()
        if former.parent.name == "former":
            remove_own(self._system / "installed")
            os.replace(former.parent, self._system / "installed")
        said = f"{words} Version {state.former} is back."
        self._tell(f"version {state.former} is back, its self-test ended with {code}")
        return self._rest(state, said, code=1)

    def _stay_away(self, state: State, words: str, code: int) -> int:
        """Note that the former version did not come back; after enough nights a person is asked for it."""
        if state.tries < MOST_RETURNS:
            self._enter(state, "returning", words)
            note(
                self._system, f"version {state.former} did not come back: its Setup ended with {code}; once more later"
            )
            return 3
        self._tell(f"version {state.former} did not come back in {state.tries} tries; run its setup by hand")
        return self._rest(state, f"{words} Version {state.former} did not come back; run its Setup by hand.", code=1)

    def _rest(self, state: State, said: str, code: int = 0) -> int:
        """End with nothing under way."""
        remove_own(self._system / "staged")
        write_state(self._system, State(refused=state.refused, since=self._computer.now().isoformat(), said=said))
        note(self._system, said)
        return code

    def _enter(self, state: State, phase: str, said: str = "") -> None:
        told = replace(state, phase=phase, since=self._computer.now().isoformat(), said=said or state.said)  # type: ignore[arg-type]
        write_state(self._system, told)

    def _nobody_works(self) -> bool:
        waited_s = 0.0
        while self._computer.is_in_use():
            if waited_s >= WAIT_S:
                return False
            self._computer.rest(LOOK_EVERY_S)
            waited_s += LOOK_EVERY_S
        return True

    def _self_test(self) -> int:
        command = [str(self._computer.program / "Dala-console.exe"), "--selftest", "--only", CHECKS]
        return self._computer.run([*command, "--json", str(self._system / "selftest.json")], SELFTEST_S)

    @staticmethod
    def _setup(file: Path, state: State, *, is_back: bool = False) -> list[str]:
        return [str(file), "/S", f"/ROLLBACK={state.version}" if is_back else "/UPDATE=1"]

    def _staged(self, state: State) -> Path:
        return self._system / "staged" / Path(state.file).name

    def _former(self, version: str) -> Path | None:
        """Return what installed a version, as it was kept."""
        places = (self._system / folder / f"Dala-{version}-x64.exe" for folder in ("former", "installed"))
        return next((each for each in places if each.is_file()), None)

    def _tell(self, words: str) -> None:
        note(self._system, words)
        self._computer.tell(words, is_grave=True)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    except OSError:
        return ""
    return digest.hexdigest()


def _moment(words: str) -> datetime:
    try:
        return datetime.fromisoformat(words)
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)


class ThisComputer:
    """The computer that it runs on.

    Args:
        system: the folder where only administrators write.
    """

    def __init__(self, system: Path) -> None:
        self.program = system.parent / "Dala"
        self.data = Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Dala"

    def is_in_use(self) -> bool:
        """Return whether the program runs: Windows keeps the file of a running program from being written."""
        for name in ("Dala.exe", "Dala-console.exe"):
            path = self.program / name
            try:
                if path.is_file():
                    with path.open("ab"):
                        pass
            except OSError:
                return True
        return False

    def run(self, words: Sequence[str], longest_s: float) -> int:
        """Run a program to its end; return its exit code, -1 for one that did not start or end."""
        try:
            return subprocess.run(  # noqa: S603 - its file was verified, and lies where only administrators write
                list(words), check=False, timeout=longest_s, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, cwd=self.program.parent,
            ).returncode  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return -1

    def version(self) -> str:
        """Return the version that is installed; empty for none."""
        if sys.platform == "win32":
            from clinic_app.updates.registry_windows import registry_values

            return registry_values().get("Version", "")
        return ""

    def rest(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def free_bytes(self, folder: Path) -> int:
        """Return how much room the disk of a folder has."""
        return shutil.disk_usage(folder).free

    def now(self) -> datetime:
        """Return the time, UTC."""
        return SystemClock().now()

    def tell(self, words: str, *, is_grave: bool) -> None:
        """Write an event into Windows' log, as `clinic_app.foundation.notices` numbers it."""
        if sys.platform == "win32":
            from clinic_app.updates.event_windows import write_event

            write_event(words, is_grave=is_grave)


def main() -> int:
    """Do one run of the task; return the exit code."""
    system = Path(sys.executable).resolve().parent.parent
    try:
        return Installing(system, ThisComputer(system)).run()
    except Exception as error:  # noqa: BLE001 - the border of the task: whatever it was stands in its log
        note(system, f"the task met a fault: {type(error).__name__}: {error}")
        return 4


if __name__ == "__main__":
    sys.exit(main())
