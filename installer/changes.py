"""``python -m installer.changes``: whether anything of the installers has changed; exit code 0 says yes, `NOTHING` no.

Asked before a trial that takes minutes. It compares with what the variable ``CI_BASE`` names, else with where the
branch left ``origin/main``; on the main branch itself, which does not tell what came in at once, with the last commit
that is a day older than the newest. What is not committed counts too. A commit that bears a
version's tag is a release and is always tried. Where git cannot tell, the answer is yes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
NOTHING: Final = 3
BASE: Final = "CI_BASE"
WATCHED: Final = re.compile(r"installer/.*|pyproject\.toml|.*\.lock|tests/drills/installer.*|\.ci/.*")
"""What a trial of the installation depends on, from the top of the checkout."""
DAY_S: Final = 86_400
RELEASE: Final = re.compile(r"v?\d+\.\d+\.\d+")
"""Of a tag."""


class UnknownChangesError(Exception):
    """Git does not tell what has changed; the message is its own."""


def main(root: Path = ROOT) -> int:
    """Say whether the installers have to be tried, and why; return the exit code."""
    is_due, why = due(root, os.environ.get(BASE, ""))
    print(f"installer: {'to be tried' if is_due else 'not tried'}: {why}", flush=True)
    return 0 if is_due else NOTHING


def due(root: Path, base: str = "") -> tuple[bool, str]:
    """Return whether the installers have to be tried, and why.

    Args:
        root: of the checkout.
        base: commit to compare with; empty finds one.
    """
    try:
        if tags := [tag for tag in _git(root, "tag", "--points-at", "HEAD") if RELEASE.fullmatch(tag)]:
            return True, f"{tags[0]} is a release"
        against = base or base_of(root)
        changed = watched(changed_since(root, against))
    except UnknownChangesError as error:
        return True, f"git does not tell what has changed: {error}"
    if changed:
        return True, f"changed since {against}: {', '.join(changed[:3])}{' …' if len(changed) > 3 else ''}"
    return False, f"nothing of them has changed since {against}"


def base_of(root: Path) -> str:
    """Return the commit to compare with: where the branch left the main one, or the last that is a day older.

    Raises:
        UnknownChangesError: there is neither, as in a young history and in a copy without one.
    """
    (head,) = _git(root, "rev-parse", "--verify", "HEAD")
    try:
        (left,) = _git(root, "merge-base", "HEAD", "origin/main")
    except (UnknownChangesError, ValueError):
        left = head
    if left != head:
        return left
    (newest,) = _git(root, "log", "-1", "--format=%ct")
    older = _git(root, "rev-list", "--max-count=1", f"--before={int(newest) - DAY_S}", "HEAD~1")
    if not older:
        raise UnknownChangesError("the history is shorter than a day")
    return older[0]


def changed_since(root: Path, base: str) -> list[str]:
    """Return every file that differs from a commit, from the top of the checkout; new and removed ones too.

    Raises:
        UnknownChangesError: there is no such commit here.
    """
    (commit,) = _git(root, "rev-parse", "--verify", "--end-of-options", f"{base}^{{commit}}")
    committed = _git(root, "diff", "--name-only", "--no-renames", "-z", commit)
    return sorted({*committed, *_git(root, "ls-files", "--others", "--exclude-standard", "-z")})


def watched(names: Iterable[str]) -> list[str]:
    """Return those of the files that a trial depends on."""
    return [name for name in names if WATCHED.fullmatch(name)]


def _git(root: Path, *words: str) -> list[str]:
    """Return what git says: its lines, or with ``-z`` the names between its zeros."""
    command: Sequence[str] = ["git", "-C", str(root), *words]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8", timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnknownChangesError(str(error)) from error
    if done.returncode:
        raise UnknownChangesError(done.stderr.strip().partition("\n")[0] or f"git {words[0]} failed")
    return [each for each in done.stdout.split("\0" if "-z" in words else "\n") if each]


if __name__ == "__main__":
    sys.exit(main())
