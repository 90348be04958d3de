"""The drill with hostile input holds, and does not hold any more as soon as one cap of the program is gone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.drills.hostile.cases import Result
from tests.drills.hostile.corpus import CORPUS
from tests.drills.hostile.mutants import MUTANTS

ROOT = Path(__file__).parents[2]


def _drilled(*arguments: str) -> tuple[dict[str, Any], int]:
    command = [sys.executable, "-m", "tests.drills", "hostile", *arguments]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert answer.stdout, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1]), answer.returncode


def test_everything_hostile_gets_nowhere_and_costs_little() -> None:
    figures, _code = _drilled("--short")  # the code also says whether it was quick, which depends on the neighbours
    assert figures["refused"] == figures["tried"] > 700, figures
    assert figures["peak_rss_mb"] < 512
    assert set(figures["by_kind"]) >= {"dicom", "package", "monitor", "hub", "search", "slots", "spreadsheet", "answer"}
    assert not any("fault" in counted for counted in figures["by_kind"].values())


def test_with_any_cap_taken_away_something_gets_through() -> None:
    figures, code = _drilled("--mutants", "--patience", "2")
    assert figures["missed"] == []
    assert figures["caught"] == figures["mutants"] == len(MUTANTS) >= 15
    assert code == 0


def test_every_mutant_names_a_row_of_cases_that_there_is() -> None:
    rows = {(case.kind, case.name) for make in CORPUS.values() for case in make(True)}
    assert {(mutant.kind, mutant.case) for mutant in MUTANTS.values()} <= rows


def test_what_is_taken_by_design_says_why() -> None:
    kinds = [case for make in CORPUS.values() for case in make(True)]
    assert all(len(case.by_design.split()) >= 6 for case in kinds if case.by_design)
    assert sum(bool(case.by_design) for case in kinds) >= 5


@pytest.mark.parametrize(
    ("outcome", "by_design", "is_refused"),
    [
        ("refused", "", True),
        ("partly", "", True),
        ("disarmed", "", False),
        ("disarmed", "why", True),
        ("fault", "why", False),
    ],
)
def test_only_a_reasoned_taking_counts_as_refused(outcome: Any, by_design: str, is_refused: bool) -> None:
    assert Result("dicom", "x", outcome, "", 0.0, 1, by_design).is_refused == is_refused
