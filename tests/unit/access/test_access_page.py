"""The page IT reads about rights says what the program does, cell by cell."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from clinic_app.access import ACTIONS, ROLES, Relation
from clinic_app.access.break_glass import REVIEW_WITHIN
from clinic_app.access.emergencies import LASTS
from clinic_app.access.permissions import PERSONAL, RULES, may
from clinic_app.maintenance import COMMANDS
from clinic_app.settings import REFERRAL_ACCESS_DAYS

PAGE: Final = (Path(__file__).parents[3] / "docs" / "deployment" / "access.md").read_text("utf-8")
WORDS: Final = {"update": "change", "override": "emergency"}
SECTIONS: Final[dict[Relation, str]] = {
    "own": "Our own patients",
    "referred": "Patients of another hospital that asked ours",
    "emergency": "Whose glass was broken",
}


def _table(section: str) -> dict[str, dict[str, set[str]]]:
    """Return the table of a section: type, role, allowed actions."""
    lines = [line for line in _section(section).splitlines() if line.startswith("|")]
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    assert tuple(head[1:]) == ROLES
    return {
        name: {role: set(cell.split()) - {"–"} for role, cell in zip(ROLES, cells, strict=True)}
        for name, *cells in rows
    }


def _section(title: str) -> str:
    return PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("relation", SECTIONS)
def test_every_cell_says_what_the_table_of_rights_says(relation: Relation) -> None:
    told = _table(SECTIONS[relation])
    types = {name for rule in RULES for name in rule.types} if relation == "own" else set(PERSONAL)
    for type_name in types:
        allowed = {
            role: {WORDS.get(each, each) for each in ACTIONS if may(role, each, type_name, {relation})}
            for role in ROLES
        }
        assert told.get(type_name, {role: set() for role in ROLES}) == allowed, type_name
    assert set(told) <= types


def test_every_role_has_its_line() -> None:
    rows = [line.split("|")[1].strip() for line in _section("Roles").splitlines() if line.startswith("|")]
    assert tuple(rows[2:]) == ROLES


def test_the_numbers_on_the_page_are_the_program_s() -> None:
    assert f"({REFERRAL_ACCESS_DAYS.default})" in PAGE
    assert f"For {LASTS.total_seconds() / 60:g} minutes" in PAGE
    assert f"within {REVIEW_WITHIN.total_seconds() / 3600:g} hours" in PAGE
    assert "verify-audit" in COMMANDS
