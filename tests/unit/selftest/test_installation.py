"""An installation is compared with the list it was built with; whatever differs is named, and so is who signed it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

import clinic_app
from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.selftest import authenticode_windows, installation, program_files
from clinic_app.selftest.authenticode_windows import verdict_of
from clinic_app.selftest.installation import look_at
from clinic_app.selftest.program_files import LIST, SIGNATURE
from installer import payload
from installer.signing import Signer
from installer.versions import Version
from tests.helpers.code_signing import code_signer
from tests.helpers.windows_programs import windows_program

FILES = {"Dala.exe": windows_program(), "program/main.pyc": b"main", "Lib/site-packages/a/b.pyd": b"b"}


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return code_signer(tmp_path_factory.mktemp("signer"), "Үлгі")


@pytest.fixture(scope="module")
def signed(signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signed") / "app"
    fill(folder)
    signer.sign(folder / "Dala.exe")
    payload.write_list(folder, Version(1, 2, 3), signer)
    return folder


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    fill(folder)
    payload.write_list(folder, Version(1, 2, 3))
    return folder


@pytest.fixture
def signed_app(signed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(signed, tmp_path / "signed"))


def fill(folder: Path) -> None:
    for name, body in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def count_of(folder: Path) -> int:
    listed = program_files.read_list(folder)
    assert listed is not None
    assert set(FILES) <= set(listed.files)
    return len(listed.files)


def test_a_whole_installation_that_nobody_signed_says_so(app: Path) -> None:
    outcome, words = look_at(app, None)
    assert outcome == "warning"
    said = words.render("en")
    assert said == f"All {count_of(app)} files of the program are as they were built. Nobody has signed this build."


def test_what_setup_makes_on_the_computer_belongs_there(app: Path) -> None:
    (app / "uninstall.exe").write_bytes(b"made by Setup")
    assert look_at(app, None)[0] == "warning"


def test_a_changed_file_is_named(app: Path) -> None:
    (app / "program" / "main.pyc").write_bytes(b"niam")
    outcome, words = look_at(app, None)
    assert outcome == "failed"
    assert "were changed: program/main.pyc. Install it again" in words.render("en")


def test_a_missing_file_is_named(app: Path) -> None:
    (app / "Lib/site-packages/a/b.pyd").unlink()
    outcome, words = look_at(app, None)
    assert outcome == "failed"
    assert "are missing: Lib/site-packages/a/b.pyd." in words.render("en")


def test_an_added_file_is_named(app: Path) -> None:
    (app / "version.dll").write_bytes(b"planted")
    outcome, words = look_at(app, None)
    assert outcome == "failed"
    assert "do not belong to the program: version.dll. Find out" in words.render("en")


def test_of_many_files_a_few_are_named(app: Path) -> None:
    for index in range(8):
        (app / f"{index}.txt").write_bytes(b"")
    assert "0.txt, 1.txt, 2.txt, 3.txt, 4.txt (+3)" in look_at(app, None)[1].render("en")


def test_a_missing_list_is_no_installation_to_trust(app: Path) -> None:
    (app / LIST).unlink()
    assert look_at(app, None)[0] == "failed"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"version": 1}', b'{"version":"1","files":{"a":1}}', b"\xff"])
def test_a_damaged_list_is_a_sentence(app: Path, body: bytes) -> None:
    (app / LIST).write_bytes(body)
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        look_at(app, None)


def test_a_list_of_endless_length_is_not_read(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_files, "_LARGEST_LIST", 10)
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        look_at(app, None)


def test_a_folder_in_place_of_the_list_is_a_sentence(app: Path) -> None:
    (app / LIST).unlink()
    (app / LIST).mkdir()
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        look_at(app, None)


def test_a_signed_installation_names_who_signed_it(signed_app: Path) -> None:
    assert look_at(signed_app, None)[0] == look_at(signed_app, lambda _path: "signed")[0] == "ok"
    assert look_at(signed_app, None)[1].render("en") == f"All {count_of(signed_app)} files are as “Үлгі” signed them."


def test_a_list_changed_after_it_was_signed_is_refused(signed_app: Path) -> None:
    told = json.loads((signed_app / LIST).read_bytes())
    (signed_app / "more.txt").write_bytes(b"")
    told["files"]["more.txt"] = program_files.digests_of(signed_app)["more.txt"]
    (signed_app / LIST).write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(UnreadableFileError, match="not as it was signed"):
        look_at(signed_app, None)


def test_a_list_signed_by_somebody_else_than_the_program_is_refused(signed_app: Path, tmp_path: Path) -> None:
    payload.write_list(signed_app, Version(1, 2, 3), code_signer(tmp_path / "other", "Үлгі"))
    with pytest.raises(UnreadableFileError, match=r"Dala\.exe is not signed by who signed the list"):
        look_at(signed_app, None)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"certificates":[],"signature":""}', b'{"certificates":["x"],"signature":""}']
)
def test_a_damaged_signature_is_refused(signed_app: Path, body: bytes) -> None:
    (signed_app / SIGNATURE).write_bytes(body)
    with pytest.raises(UnreadableFileError, match="not as it was signed"):
        look_at(signed_app, None)


@pytest.mark.parametrize(
    ("verdict", "outcome", "words"),
    [("untrusted", "warning", "does not trust"), ("broken", "failed", "does not hold"),
     ("unsigned", "failed", "does not hold")],
)  # fmt: skip
def test_what_windows_says_of_the_program_counts(
    signed_app: Path, verdict: authenticode_windows.Verdict, outcome: str, words: str
) -> None:
    found = look_at(signed_app, lambda _path: verdict)
    assert found[0] == outcome
    assert words in found[1].render("en")


def test_a_checkout_is_no_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert program_files.program_folder() is None
    assert look_at(None, None)[0] == "ok"
    monkeypatch.setattr(clinic_app, "__file__", str(tmp_path / "Dala" / "program" / "clinic_app" / "__init__.pyc"))
    assert program_files.program_folder() == tmp_path / "Dala"


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(0, "signed"), (-2146762496, "unsigned"), (0x800B0003, "unsigned"), (-2146869232, "broken"),
     (0x800B0109, "untrusted"), (0x800B0101, "untrusted")],
)  # fmt: skip
def test_the_answers_of_windows_are_understood(code: int, verdict: str) -> None:
    asked: list[int] = []

    def verify(_window: object, _action: object, data: object) -> int:
        asked.append(data._obj.action)  # type: ignore[attr-defined]
        assert data._obj.file.contents.path == "Dala.exe"  # type: ignore[attr-defined]
        return code

    assert verdict_of(Path("Dala.exe"), lambda: SimpleNamespace(WinVerifyTrust=verify)) == verdict
    assert asked == [1, 2]  # what was opened is closed


def test_windows_is_asked_on_windows_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation.sys, "platform", "linux")
    assert installation._system_verdict() is None
    monkeypatch.setattr(installation.sys, "platform", "win32")
    assert installation._system_verdict() is verdict_of
