"""Which doors are wanted, and how a firewall is made to fit them; Windows' own rules as its registry holds them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

import pytest

from clinic_app.computer import firewall_windows
from clinic_app.computer.firewall import HUB, IMAGES, MONITORS, NAMES, Door, apply, is_outward, shut, this_firewall
from clinic_app.computer.firewall import wanted_doors as wanted
from clinic_app.computer.firewall_command import firewall_command, hub_folder
from clinic_app.computer.firewall_posix import SystemsOwn
from clinic_app.computer.firewall_windows import PROFILES, WindowsFirewall, fields_of
from clinic_app.foundation.errors import InvalidInputError, NotAllowedError
from clinic_app.settings import Settings, save_settings

FOLDER = PureWindowsPath("C:\\Program Files\\Dala")
DICOM = Door(IMAGES, 11112, "Dala.exe")
HL7 = Door(MONITORS, 2575, "Dala.exe")
FROM_WINDOWS = "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Private|{more}"


def recorded(more: str, **changed: str) -> str:
    """Return a rule as Windows 11 writes it into its registry."""
    rule = FROM_WINDOWS.format(more=more)
    for field_name, value in changed.items():
        rule = rule.replace(f"{field_name}={fields_of(rule)[field_name.lower()]}", f"{field_name}={value}")
    return rule


def rule_of(door: Door) -> str:
    return recorded(f"LPort={door.port}|App={FOLDER}\\{door.program}|Name={door.name}|")


@dataclass
class Windows:
    """A Windows whose netsh understands what the real one does."""

    rules: list[str] = field(default_factory=list)
    ran: list[list[str]] = field(default_factory=list)
    is_administrator: bool = True

    def run(self, words: Sequence[str]) -> int:
        self.ran.append(list(words))
        told = dict(word.split("=", 1) for word in words[5:])
        if not self.is_administrator:
            return 1
        if words[3] == "delete":
            self.rules = [each for each in self.rules if fields_of(each)["name"] != told["name"]]
        else:
            self.rules.append(recorded(f"LPort={told['localport']}|App={told['program']}|Name={told['name']}|"))
        return 0

    def lines(self) -> Iterator[str]:
        yield from list(self.rules)

    @property
    def firewall(self) -> WindowsFirewall:
        return WindowsFirewall(FOLDER, self.run, self.lines)


def settings(folder: Path, **values: str | int) -> Settings:
    return Settings(folder, {key.replace("__", "."): value for key, value in values.items()})


def test_nothing_is_wanted_while_nothing_listens(tmp_path: Path) -> None:
    assert wanted(settings(tmp_path), None) == ()
    assert wanted(settings(tmp_path), tmp_path / "no hub here") == ()


def test_what_is_switched_on_for_others_is_wanted_and_what_only_this_computer_reaches_is_not(tmp_path: Path) -> None:
    both = settings(tmp_path, dicom__port=11112, monitor_port=2575, dicom__host="0.0.0.0", monitor_host="127.0.0.1")
    assert wanted(both, None) == (DICOM,)
    assert wanted(settings(tmp_path, monitor_port=2575, monitor_host="::"), None) == (HL7,)


@pytest.mark.parametrize(
    ("host", "is_so"),
    [("0.0.0.0", True), ("10.2.3.4", True), ("::", True), ("clinic-pc", True), ("127.0.0.1", False), ("::1", False),
     ("127.9.9.9", False), ("localhost", False), ("LOCALHOST", False)],
)  # fmt: skip
def test_other_computers_reach_whatever_is_no_loopback(host: str, *, is_so: bool) -> None:
    assert is_outward(host) is is_so


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("port = 8443\nhost = '0.0.0.0'\n", [8443]),
        ("port = 8443\n", []),
        ("port = 8443\nhost = '127.0.0.1'\n", []),
        ("host = '0.0.0.0'\n", []),
        ("port = 'many'\nhost = '0.0.0.0'\n", []),
        ("port = 99999\nhost = '0.0.0.0'\n", []),
        ("port = 8443\nhost = 'localhost'\n", []),
    ],
)
def test_the_hub_of_this_computer_has_its_own_door(tmp_path: Path, text: str, ports: list[int]) -> None:
    (tmp_path / "hub.toml").write_text(text, encoding="utf-8")
    assert wanted(settings(tmp_path), tmp_path) == tuple(Door(HUB, port, "Dala-hub.exe") for port in ports)


def test_a_file_of_the_hub_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("port =", encoding="utf-8")
    with pytest.raises(InvalidInputError):
        wanted(settings(tmp_path), tmp_path)


def test_a_door_is_made_as_windows_wants_it_said() -> None:
    windows = Windows()
    assert apply(windows.firewall, (DICOM,)) is True
    assert windows.ran == [
        ["netsh", "advfirewall", "firewall", "add", "rule", "name=Dala: images (DICOM)", "dir=in", "action=allow",
         "protocol=TCP", "localport=11112", f"program={FOLDER / 'Dala.exe'}", f"profile={PROFILES}", "enable=yes"]
    ]  # fmt: skip
    assert "public" not in PROFILES


def test_what_fits_is_left_alone() -> None:
    windows = Windows([rule_of(DICOM), rule_of(HL7)])
    assert apply(windows.firewall, (DICOM, HL7)) is False
    assert windows.ran == []


def test_a_listener_that_was_switched_off_loses_its_door_and_no_other_does() -> None:
    foreign = recorded("LPort=11112|App=C:\\PACS\\pacs.exe|Name=PACS|")
    windows = Windows([rule_of(DICOM), foreign, rule_of(HL7)])
    assert apply(windows.firewall, (HL7,)) is True
    assert windows.rules == [foreign, rule_of(HL7)]


def test_another_port_takes_the_place_of_the_former() -> None:
    windows = Windows([rule_of(DICOM)])
    moved = Door(IMAGES, 104, "Dala.exe")
    apply(windows.firewall, (moved,))
    assert windows.firewall.doors() == (moved,)


def test_a_door_that_is_there_twice_becomes_one() -> None:
    windows = Windows([rule_of(DICOM), rule_of(DICOM)])
    assert apply(windows.firewall, (DICOM,)) is True
    assert windows.firewall.doors() == (DICOM,)


def test_whoever_is_no_administrator_is_told_so() -> None:
    with pytest.raises(NotAllowedError, match="administrator"):
        apply(Windows(is_administrator=False).firewall, (DICOM,))


@pytest.mark.parametrize(
    "rule",
    [
        rule_of(DICOM),
        recorded("LPort=11112|Name=IT's own|"),
        recorded(f"App={str(FOLDER).upper()}\\DALA.EXE|Name=program|"),
        recorded("LPort=11112|Name=all protocols|").replace("Protocol=6|", ""),
    ],
)
def test_a_rule_of_it_counts_too(rule: str) -> None:
    windows = Windows([rule])
    assert shut(windows.firewall, (DICOM, HL7)) == ((HL7,) if "LPort" in rule else ())


@pytest.mark.parametrize(
    "rule",
    [
        recorded("LPort=11112|Name=x|", Action="Block"),
        recorded("LPort=11112|Name=x|", Active="FALSE"),
        recorded("LPort=11112|Name=x|", Dir="Out"),
        recorded("LPort=11112|Name=x|", Protocol="17"),
        recorded("LPort=1111|Name=x|"),
        recorded("LPort=11112|App=C:\\PACS\\pacs.exe|Name=PACS|"),
        recorded("Name=@FirewallAPI.dll,-1|"),
        "",
        "v2.31",
        "v2.31|||=|Name",
    ],
)
def test_a_rule_for_something_else_opens_nothing(rule: str) -> None:
    assert shut(Windows([rule]).firewall, (DICOM,)) == (DICOM,)


def test_another_system_belongs_to_its_administrator() -> None:
    assert shut(SystemsOwn(), (DICOM,)) == ()
    SystemsOwn().close(IMAGES)
    with pytest.raises(NotAllowedError, match="11112"):
        apply(SystemsOwn(), (DICOM,))
    assert isinstance(this_firewall(), SystemsOwn)


def saved(folder: Path, **values: str | int) -> Path:
    folder.mkdir()
    save_settings(settings(folder, **values))
    return folder


def test_it_makes_looks_at_and_removes_the_doors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, windows = saved(tmp_path / "Dala", dicom__port=11112, dicom__host="0.0.0.0"), Windows()
    assert firewall_command(["show"], data, windows.firewall) == 1
    assert capsys.readouterr().out == "closed: Dala: images (DICOM), TCP port 11112\n"
    assert firewall_command(["apply"], data, windows.firewall) == 0
    assert firewall_command(["show"], data, windows.firewall) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "open: Dala: images (DICOM), TCP port 11112"
    assert firewall_command(["remove"], data, windows.firewall) == 0
    assert windows.rules == []


def test_a_command_without_the_right_or_the_settings_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = saved(tmp_path / "Dala", monitor_port=2575, monitor_host="0.0.0.0")
    assert firewall_command(["apply"], data, Windows(is_administrator=False).firewall) == 1
    assert "administrator" in capsys.readouterr().err
    (data / "settings.toml").write_text("monitor_port =", encoding="utf-8")
    assert firewall_command(["show"], data, Windows().firewall) == 1
    assert "settings.toml" in capsys.readouterr().err


def test_doors_are_taken_away_whatever_the_settings_say(tmp_path: Path) -> None:
    windows = Windows()
    data = saved(tmp_path / "Dala", monitor_port=2575, monitor_host="0.0.0.0")
    assert firewall_command(["apply"], data, windows.firewall) == 0
    (data / "settings.toml").write_text("monitor_port =", encoding="utf-8")
    assert firewall_command(["remove"], data, windows.firewall) == 0
    assert windows.rules == []


@pytest.mark.parametrize("fault", [OSError(2, "no netsh"), subprocess.TimeoutExpired("netsh", 30)])
def test_a_firewall_that_does_not_answer_is_a_sentence(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def silent(*_words: object, **_named: object) -> None:
        raise fault

    monkeypatch.setattr(firewall_windows.subprocess, "run", silent)
    with pytest.raises(NotAllowedError, match="did not change"):
        WindowsFirewall(FOLDER).open(HL7)


def test_where_nothing_listens_no_door_is_needed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert firewall_command(["apply"], tmp_path / "Dala", Windows().firewall) == 0
    assert "nothing listens" in capsys.readouterr().out


def test_the_hub_is_beside_the_workstation_unless_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DALA_HUB", raising=False)
    assert hub_folder(tmp_path / "Dala") == tmp_path / "DalaHub"
    monkeypatch.setenv("DALA_HUB", str(tmp_path / "elsewhere"))
    assert hub_folder(tmp_path / "Dala") == tmp_path / "elsewhere"


def test_setup_and_the_program_call_the_doors_alike() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(name.startswith("Dala: ") for name in NAMES)
