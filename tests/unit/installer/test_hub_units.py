"""The hub's units: systemd takes them, the hub takes their options, and the doors they close stay closed."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from clinic_app.hub.__main__ import main

ROOT = Path(__file__).parents[3]
UNITS = ROOT / "installer" / "systemd"
PYTHON = "/opt/dala/.venv/bin/python"


def unit(name: str) -> configparser.ConfigParser:
    """Return a unit; of what stands twice the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / name, encoding="utf-8")
    return parser


@pytest.mark.parametrize("name", sorted(path.name for path in UNITS.iterdir()))
def test_systemd_finds_nothing_wrong(name: str, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:  # not a computer with systemd: what it would read is at least a unit
        assert unit(name).sections()[0] == "Unit"
        return
    for path in UNITS.iterdir():  # the program is not installed here
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8").replace(PYTHON, "/bin/true"), "utf-8")
    done = subprocess.run(
        [program, "verify", "--man=no", tmp_path / name], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0
    assert str(tmp_path) not in done.stderr, done.stderr


@pytest.mark.parametrize("name", ["dala-hub.service", "dala-hub-backup.service"])
def test_the_hub_knows_the_options_of_its_units(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(unit(name)["Service"]["ExecStart"])
    assert words[:3] == [PYTHON, "-m", "clinic_app.hub"]
    given = [word for word in words[3:] if not word.startswith("$")]
    with pytest.raises(SystemExit) as ended:
        main([*given, *(["--port", "0"] if "backup" not in name else []), "--no-such-option"])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.rstrip().endswith("unrecognized arguments: --no-such-option")


@pytest.mark.parametrize("name", ["dala-hub.service", "dala-hub-backup.service"])
def test_the_units_close_what_a_hub_does_not_need(name: str) -> None:
    service = unit(name)["Service"]
    assert service["User"] == "dala"
    for closed in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictNamespaces"):
        assert service[closed] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["UMask"] == "0077"


def test_the_hub_comes_again_whatever_ended_it() -> None:
    service = unit("dala-hub.service")["Service"]
    assert service["Restart"] == "always"
    assert unit("dala-hub.service")["Unit"]["StartLimitIntervalSec"] == "0"


def test_the_hub_is_waited_for_until_it_says_that_it_listens() -> None:
    service = unit("dala-hub.service")["Service"]
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert "AF_UNIX" in service["RestrictAddressFamilies"], "the way to say it"


def test_no_password_is_in_the_units() -> None:
    for path in UNITS.iterdir():
        assert not re.search(r"password|secret|://[^@\s]+:[^@\s]+@", path.read_text(encoding="utf-8"), re.IGNORECASE)


def test_every_file_the_description_names_is_there() -> None:
    text = (ROOT / "docs" / "deployment" / "hub.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([a-z-]+\.md)\)", text):
        assert (ROOT / "docs" / "deployment" / link).exists(), link
    assert "installer/systemd/*" in text
    assert "Dala-hub.exe" in text
