"""Whether the trial of the installation is due, decided from real histories."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from installer import changes

NOW_S = 1_790_000_000
INSTALLER = "installer/build.py"


class History:
    """A checkout of its own with a few commits."""

    def __init__(self, root: Path, *, is_new: bool = False) -> None:
        self.root = root
        if is_new:
            root.mkdir()
            self.git("init", "--quiet", "--initial-branch", "main", "--template=")

    def git(self, *words: str, at_s: int = NOW_S) -> str:
        own = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(self.root), *own, *words]
        when = {**os.environ, "GIT_COMMITTER_DATE": f"{at_s} +0500"}
        return subprocess.run(command, check=True, capture_output=True, text=True, env=when).stdout.strip()

    def commit(self, *names: str, hours_ago: float = 0) -> str:
        """Change files and return the commit."""
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((path.read_text("utf-8") if path.exists() else "") + "line\n", encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "changed", at_s=NOW_S - round(hours_ago * 3600))
        return self.git("rev-parse", "HEAD")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("first") / "checkout"
    History(root, is_new=True).commit("README.md", INSTALLER, hours_ago=72)
    return root


@pytest.fixture
def history(first: Path, tmp_path: Path) -> History:
    shutil.copytree(first, tmp_path / "checkout")
    return History(tmp_path / "checkout")


WATCHED = [INSTALLER, "installer/runtime.lock", "pyproject.toml", "installer/nsis/a b.nsi", "tests/drills/installer.py"]
OTHERS = ["README.md", "ui/theme.py", "docs/installer/a.md", "tests/unit/installer/test_a.py", "a/pyproject.toml"]


def test_what_the_installers_are_made_from_makes_a_trial_due(history: History) -> None:
    history.commit("installer/nsis/a \u04d9.nsi")
    is_due, why = changes.due(history.root)
    assert is_due
    assert "installer/nsis/a \u04d9.nsi" in why
    assert changes.watched([*OTHERS, *WATCHED]) == WATCHED


def test_anything_else_does_not(history: History) -> None:
    history.commit(*OTHERS)
    is_due, why = changes.due(history.root)
    assert not is_due
    assert "nothing of them has changed" in why


@pytest.mark.parametrize(("hours_ago", "is_due"), [(2, True), (23, True), (25, False), (48, False)])
def test_what_came_within_a_day_counts_on_the_main_branch(history: History, hours_ago: float, is_due: bool) -> None:
    history.commit(INSTALLER, hours_ago=hours_ago)
    history.commit("README.md", hours_ago=1)
    history.commit("README.md")
    assert changes.due(history.root)[0] == is_due


def test_a_history_shorter_than_a_day_is_due(tmp_path: Path) -> None:
    young = History(tmp_path / "young", is_new=True)
    young.commit("README.md", INSTALLER, hours_ago=5)
    young.commit("README.md")
    assert changes.due(young.root) == (True, "git does not tell what has changed: the history is shorter than a day")


def test_a_branch_counts_from_where_it_left_the_main_one(history: History) -> None:
    history.git("update-ref", "refs/remotes/origin/main", "HEAD")
    history.git("checkout", "--quiet", "-b", "work")
    history.commit(INSTALLER)
    history.commit("README.md")
    assert changes.due(history.root)[0]


def test_what_the_main_branch_got_meanwhile_is_not_the_branchs(history: History) -> None:
    left = history.git("rev-parse", "HEAD")
    history.commit(INSTALLER)
    history.git("update-ref", "refs/remotes/origin/main", "HEAD")
    history.git("checkout", "--quiet", "-b", "work", left)
    history.commit("README.md")
    assert changes.base_of(history.root) == left
    assert not changes.due(history.root)[0]


def test_a_main_branch_that_is_here_already_is_no_base(history: History) -> None:
    before = history.git("rev-parse", "HEAD")
    history.commit(INSTALLER)
    history.git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert changes.base_of(history.root) == before
    assert changes.due(history.root)[0]


def test_a_base_that_is_named_goes_before_everything(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    base = history.git("rev-parse", "HEAD")
    history.commit(INSTALLER, hours_ago=30)
    history.commit("README.md")
    assert not changes.due(history.root)[0]
    assert changes.due(history.root, base)[0]
    monkeypatch.setenv(changes.BASE, base)
    assert changes.main(history.root) == 0
    monkeypatch.setenv(changes.BASE, "HEAD")
    assert changes.main(history.root) == changes.NOTHING


@pytest.mark.parametrize("tag", ["v1.2.3", "0.9.0"])
def test_a_release_is_always_tried(history: History, tag: str) -> None:
    history.commit("README.md")
    history.git("tag", tag)
    assert changes.due(history.root) == (True, f"{tag} is a release")


def test_another_tag_is_no_release(history: History) -> None:
    history.commit("README.md")
    history.git("tag", "before-the-move")
    assert not changes.due(history.root)[0]


def test_what_is_not_committed_counts(history: History) -> None:
    history.commit("README.md")
    (history.root / "installer" / "new.py").write_text("", encoding="utf-8")
    assert changes.due(history.root)[0]
    (history.root / "installer" / "new.py").unlink()
    (history.root / "installer" / "build.py").write_text("other", encoding="utf-8")
    assert changes.due(history.root)[0]


def test_a_file_that_went_away_counts_and_so_does_one_that_moved_out(history: History) -> None:
    history.git("mv", INSTALLER, "build.py")
    history.git("commit", "--quiet", "--message", "moved")
    assert changes.watched(changes.changed_since(history.root, "HEAD~1")) == [INSTALLER]


@pytest.mark.parametrize("base", ["no-such-commit", "0" * 40, "--output=/tmp/x"])
def test_a_base_that_is_not_here_makes_it_due(history: History, base: str) -> None:
    history.commit("README.md")
    is_due, why = changes.due(history.root, base)
    assert is_due
    assert "git does not tell" in why


def test_a_first_commit_and_a_folder_without_git_are_due(history: History, tmp_path: Path) -> None:
    assert changes.due(history.root)[0]
    assert changes.due(tmp_path)[0]


def test_a_copy_without_history_is_due(history: History, tmp_path: Path) -> None:
    history.commit("README.md")
    shallow = tmp_path / "shallow"
    history.git("clone", "--quiet", "--depth", "1", f"file://{history.root}", str(shallow))
    (shallow / ".git" / "refs" / "remotes" / "origin" / "main").unlink(missing_ok=True)
    assert changes.due(shallow)[0]


def test_a_computer_without_git_is_due(
    history: History, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv(changes.BASE, raising=False)
    assert changes.main(history.root) == 0
    assert "installer: to be tried: git does not tell" in capsys.readouterr().out
