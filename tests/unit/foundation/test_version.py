"""The program says the version it was packed as."""

from __future__ import annotations

import tomllib
from pathlib import Path

from clinic_app.foundation.version import VERSION


def test_the_program_has_the_version_of_its_project_file() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == VERSION
