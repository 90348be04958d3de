"""A program is signed by the certificate of the environment, its signature is read again, a changed byte is seen."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from clinic_app.keys.code_signing import signers_in
from clinic_app.selftest import program_files
from installer import payload, signing, tools
from installer.runtime import Runtime
from installer.signing import SignatureError, Signer
from installer.versions import Version
from tests.helpers.code_signing import code_signer, in_environment
from tests.helpers.windows_programs import windows_program


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return code_signer(tmp_path_factory.mktemp("signer"), "Үлгі", "a password with spaces")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return code_signer(tmp_path_factory.mktemp("stranger"), "Dala")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "Dala.exe"
    path.write_bytes(windows_program({"kernel32.dll": ["ExitProcess"]}) + bytes(4096))
    return path


@pytest.fixture(scope="module")
def signed(signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("signed") / "Dala.exe"
    path.write_bytes(windows_program() + bytes(4096))
    signer.sign(path)
    return path


def test_a_signed_program_holds_its_signer(signer: Signer, signed: Path) -> None:
    signer.verify(signed)
    assert [each.name for each in signers_in(signed)] == ["Үлгі"]
    assert signer.name == "Үлгі"


def test_one_changed_byte_is_refused(signer: Signer, signed: Path, tmp_path: Path) -> None:
    body = bytearray(signed.read_bytes())
    body[0x600] ^= 1
    spoilt = tmp_path / "Dala.exe"
    spoilt.write_bytes(body)
    with pytest.raises(SignatureError, match=r"signature of Dala\.exe does not hold"):
        signer.verify(spoilt)


def test_an_unsigned_program_is_refused(signer: Signer, program: Path) -> None:
    with pytest.raises(SignatureError):
        signer.verify(program)


def test_somebody_elses_signature_is_refused(signer: Signer, stranger: Signer, signed: Path) -> None:
    with pytest.raises(SignatureError):
        stranger.verify(signed)
    with pytest.raises(SignatureError):  # of the right authority, but another leaf
        replace(stranger, roots=signer.roots).verify(signed)


def test_a_wrong_password_leaves_the_file_as_it_was(signer: Signer, program: Path) -> None:
    before = program.read_bytes()
    with pytest.raises(SignatureError, match="could not be signed"):
        replace(signer, password="another").sign(program)
    assert program.read_bytes() == before
    assert [each.name for each in program.parent.iterdir()] == ["Dala.exe"]


def test_the_environment_names_the_signer(signer: Signer) -> None:
    assert Signer.from_environment(in_environment(signer)) == signer
    assert Signer.from_environment({}) is None


@pytest.mark.parametrize("left_out", ["DALA_SIGN_CERTIFICATE", "DALA_SIGN_KEY"])
def test_half_a_signer_is_refused(signer: Signer, left_out: str) -> None:
    told = {**in_environment(signer), left_out: ""}
    with pytest.raises(SignatureError, match="belong together"):
        Signer.from_environment(told)


def test_a_missing_file_is_named(signer: Signer) -> None:
    with pytest.raises(SignatureError, match=r"there is no file .*gone\.pem"):
        Signer.from_environment({**in_environment(signer), "DALA_SIGN_CERTIFICATE": "gone.pem"})


def test_a_file_without_a_certificate_is_refused(signer: Signer, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing", encoding="ascii")
    with pytest.raises(SignatureError, match="holds no certificate"):
        _ = replace(signer, certificate=empty).name


def test_without_osslsigncode_its_package_is_named(
    signer: Signer, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "_found", lambda name: None)
    with pytest.raises(tools.MissingToolError, match="package osslsigncode"):
        signer.sign(program)
    with pytest.raises(tools.MissingToolError, match="package osslsigncode"):
        signer.verify(program)


def test_the_command_that_nsis_calls_signs_in_place(
    signer: Signer, program: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in in_environment(signer).items():
        monkeypatch.setenv(name, value)
    assert signing.main([str(program)]) == 0
    signer.verify(program)
    assert signing.main([str(program.with_name("gone.exe"))]) == 1
    assert "gone.exe could not be signed" in capsys.readouterr().err


def test_the_command_runs_from_anywhere_and_says_when_nobody_signs(tmp_path: Path) -> None:
    command = [sys.executable, signing.__file__, "a.exe"]
    done = subprocess.run(command, cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, f"signing.py: {signing.UNSIGNED}\n")


def test_nothing_is_signed_where_nobody_signs(program: Path) -> None:
    before = program.read_bytes()
    signing.sign_all([program], None)
    assert program.read_bytes() == before


def test_what_was_made_here_is_signed_and_what_others_signed_is_not(tmp_path: Path) -> None:
    for name in ("Dala.exe", "Dala-console.exe", "python3.dll", "python313.dll"):
        (tmp_path / name).write_bytes(b"")
    wheel, embedded = Runtime(tmp_path / "a.whl", "3.13.1"), Runtime(tmp_path / "a.zip", "3.13.1")
    assert [each.name for each in payload.programs_of(tmp_path, wheel)] == [
        "Dala-console.exe", "Dala.exe", "python3.dll",
    ]  # fmt: skip
    assert len(payload.programs_of(tmp_path, embedded)) == 2


def test_the_list_of_a_signed_build_is_signed_by_the_same(signer: Signer, signed: Path, tmp_path: Path) -> None:
    shutil.copyfile(signed, tmp_path / "Dala.exe")
    payload.write_list(tmp_path, Version(1, 2, 3), signer)
    found = program_files.signer_of(tmp_path)
    assert found is not None
    assert found.name == "Үлгі"
    payload.write_list(tmp_path, Version(1, 2, 4), None)
    assert program_files.signer_of(tmp_path) is None


def test_a_key_that_signs_no_list_is_refused(signer: Signer, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = tmp_path / "ed.key"
    key.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(SignatureError, match="neither an RSA nor"):
        replace(signer, key=key, password="").signature_of(b"")
    key.write_text("no key", encoding="ascii")
    with pytest.raises(SignatureError, match="is no private key"):
        replace(signer, key=key, password="").signature_of(b"")
