"""A process that dies at its nth touch of the disk, for claims about kills at any point.

The interpreter tells of every file it opens, renames or removes (`sys.addaudithook`), and SQLite of every statement it
begins (its progress is asked for through the driver's connections). A child counts what touches one folder and leaves
at the nth without closing anything, as a kill would. Children are forked one after the other from one process, so
that everything is imported once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
DIED: Final = 9
_EVENTS: Final = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.truncate", "shutil.copyfile"})
_RUNNER: Final = """
import os, shutil, sys
from pathlib import Path
from tests.helpers.dying import die_at
template, work = Path(sys.argv[1]), Path(sys.argv[2])
{imports}
def act(folder):
{action}
def look(folder):
{check}
died = 0
while True:
    folder = work / str(died + 1)
    shutil.copytree(template, folder)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            die_at(died + 1, folder)
            act(folder)
            code = 0
        except BaseException as error:
            print("raised", repr(error), file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, 9):
        sys.exit("the action failed where it was not killed: %s" % code)
    print(died + 1, code, look(folder), flush=True)
    shutil.rmtree(folder)
    if code == 0:
        break
    died += 1
"""


def die_at(number: int, folder: Path) -> None:
    """Leave this process at its ``number``-th touch of ``folder`` or of a database."""
    touched = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal touched
        if event in _EVENTS and str(folder) in str(arguments[0]):
            touched += 1
            if touched == number:
                os._exit(DIED)

    sys.addaudithook(hook)


def killed_everywhere(template: Path, work: Path, imports: str, action: str, check: str) -> list[str]:
    """Do ``action`` to copies of a folder, killed at the first touch, the second, and so on to its end.

    Args:
        template: the folder before.
        work: an empty folder for the copies.
        imports: Python lines.
        action: Python lines that change ``folder``.
        check: Python lines that return what ``folder`` is now; they run in a process that was not killed.

    Returns:
        What the check said after each kill; the last one is of the action that ran to its end.
    """
    work.mkdir()
    script = _RUNNER.format(imports=imports, action=_indented(action), check=_indented(check))
    done = subprocess.run(
        [sys.executable, "-c", script, str(template), str(work)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [line.split(" ", 2)[2] for line in done.stdout.splitlines()]


def _indented(lines: str) -> str:
    return "\n".join(f"    {line}" for line in lines.strip().splitlines())
