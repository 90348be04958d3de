"""What the papers say about the house is true: commands exist, links lead somewhere, every room is on the plan."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dev

ROOT = Path(__file__).parents[2]
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_link_leads_somewhere(paper: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", _text(paper))
    assert [target for target in targets if not (paper.parent / target).exists()] == []


def test_every_command_of_the_readme_exists(capsys: pytest.CaptureFixture[str]) -> None:
    named = set(re.findall(r"python3 dev\.py (\w+)", _text(ROOT / "README.md")))
    with pytest.raises(SystemExit):
        dev.main(["--help"])
    told = capsys.readouterr().out
    assert named == {"demo", "tour", "test", "check", "bench", "lock", "drill", "sbom"}
    assert all(command in told for command in named)


def test_the_readme_names_the_less_safe_key_storage_as_less_safe() -> None:
    readme = _text(ROOT / "README.md")
    assert 'key_storage = "file"' in readme
    assert "less safe" in readme


def test_every_room_is_on_the_plan() -> None:
    plan = _text(ROOT / "docs" / "architecture.md")
    rooms = [path.parent.name for path in ROOT.glob("clinic_app/*/__init__.py")]
    assert len(rooms) >= 10
    assert [room for room in rooms if not re.search(rf"\b{room}\b", plan)] == []


def test_decisions_are_numbered_without_a_gap_and_each_says_why_and_what_follows() -> None:
    decisions = sorted(ROOT.glob("docs/decisions/*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        text = _text(path)
        assert re.match(rf"# {int(path.name[:4])}\. \S", text)
        for part in ("**Why it came up.**", "**What we do.**", "**What follows.**"):
            assert part in text


def test_the_licence_is_whole() -> None:
    licence = _text(ROOT / "LICENSE")
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_nothing_built_and_nothing_fetched_is_in_the_repository() -> None:
    ignored = _text(ROOT / ".gitignore").split()
    assert {".venv/", "resources/built/"} <= set(ignored)
