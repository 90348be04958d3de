"""Maintainers make keys, sign releases and exchange keys by commands; what is wrong is one sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clinic_app.updates.sources import METADATA, opened_source
from clinic_app.updates.verifying import Verifier
from installer import release
from installer.release_repository import DRAFT, ReleaseError, Repository, load_key, new_key, save_key
from tests.helpers.releases import Maker

PASSWORD = "Sample-Password-1"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(release, "load_key", lambda path, _password: load_key(path, ""))
    for name in ("root-1", "root-2", "targets", "freshness"):
        save_key(new_key(), tmp_path / f"{name}.key", "")
    monkeypatch.setenv("DALA_RELEASE_PASSWORD", "")
    return tmp_path


def run(desk: Path, *words: str) -> int:
    keys = {"root": "--root-key", "targets": "--targets-key", "freshness": "--freshness-key", "former": "--former-key"}
    told: list[str] = []
    for word in words:
        option, _, name = word.partition("@")
        told += [keys[option], str(desk / f"{name or option}.key")] if option in keys else [word]
    return release.main([told[0], "--repository", str(desk / "repository"), *told[1:]])


def begun(desk: Path) -> None:
    assert run(desk, "begin", "root@root-1", "root@root-2", "targets", "freshness") == 0


def published(desk: Path, version: str = "1.2.0") -> None:
    setup, news = desk / f"Dala-{version}-x64.exe", desk / "news.txt"
    setup.write_bytes(version.encode())
    news.write_text("Жаңа", encoding="utf-8-sig")
    assert run(desk, "add", "targets", "freshness", "--news", f"kk={news}", str(setup)) == 0


def versions(desk: Path) -> list[str]:
    root = (desk / "repository" / METADATA / "1.root.json").read_bytes()
    with opened_source(desk / "repository") as source:
        return [each.version for each in Verifier(desk / "trusted", root).releases(source)]


def test_a_release_is_published_shown_and_packed(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun(desk)
    published(desk)
    assert versions(desk) == ["1.2.0"]
    assert run(desk, "show") == 0
    shown = capsys.readouterr().out
    assert "1.2.0 setup" in shown
    assert f"timestamp: until {datetime.now(UTC) + timedelta(days=120):%Y-%m-%d}" in shown
    assert run(desk, "pack", "--out", str(desk / "a.dala-update")) == 0
    with opened_source(desk / "a.dala-update") as source, source.opened(f"{METADATA}/1.root.json") as file:
        assert file.read(1) == b"{"


def test_a_release_can_be_taken_back(desk: Path) -> None:
    begun(desk)
    published(desk)
    published(desk, "1.3.0")
    assert run(desk, "forget", "targets", "freshness", "1.3.0") == 0
    assert versions(desk) == ["1.2.0"]
    assert len(list((desk / "repository" / "targets").iterdir())) == 1
    assert run(desk, "forget", "targets", "freshness", "1.3.0") == 1


def test_the_word_is_renewed_without_the_key_of_targets(desk: Path) -> None:
    begun(desk)
    published(desk)
    before = Repository.at(desk / "repository").targets().version
    assert run(desk, "renew", "freshness") == 0
    assert Repository.at(desk / "repository").targets().version == before
    assert versions(desk) == ["1.2.0"]


def test_holders_of_the_root_sign_one_after_the_other(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(desk, "begin", "root@root-1", "root@root-2", "targets", "freshness") == 0
    for name in ("root-3", "root-4", "new-targets"):
        save_key(new_key(), desk / f"{name}.key", "")
    words = ["root@root-3", "root@root-4", "targets@new-targets", "freshness"]
    assert run(desk, "change-root", "former@root-1", *words) == 3
    assert "the others sign" in capsys.readouterr().out
    assert not (desk / "repository" / METADATA / "2.root.json").exists()
    assert run(desk, "sign-root", "root@targets") == 3  # somebody who holds nothing of the root
    assert run(desk, "sign-root", "root@root-2") == 0
    assert not (desk / "repository" / DRAFT).exists()
    assert run(desk, "renew", "targets@new-targets", "freshness") == 0
    published_by = Repository.at(desk / "repository")
    assert (published_by.root().version, versions(desk)) == (2, [])
    assert run(desk, "sign-root", "root@root-2") == 1


def test_a_first_root_can_wait_for_signatures_too(tmp_path: Path) -> None:
    maker = Maker(tmp_path / "other")
    with pytest.raises(ReleaseError, match="needs as many keys"):
        Repository.at(tmp_path / "repository").begin({**maker.keys, "root": maker.keys["root"][:1]}, 2)
    with pytest.raises(ReleaseError, match="the role targets has no key"):
        Repository.at(tmp_path / "repository").begin({**maker.keys, "targets": []}, 2)


def test_a_release_is_never_published_with_other_bytes(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun(desk)
    published(desk)
    (desk / "Dala-1.2.0-x64.exe").write_bytes(b"other")
    assert run(desk, "add", "targets", "freshness", str(desk / "Dala-1.2.0-x64.exe")) == 1
    assert "give the new one a version of its own" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["show"], ["pack", "--out", "x"], ["forget", "targets", "freshness", "1.2.0"]])
def test_where_there_is_no_repository_a_sentence_says_so(
    desk: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert run(desk, *words) == 1
    assert "there is no repository" in capsys.readouterr().err


def test_wrong_keys_and_files_are_refused(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun(desk)
    assert run(desk, "begin", "root@root-1", "root@root-2", "targets", "freshness") == 1
    assert run(desk, "add", "targets@freshness", "freshness", str(desk / "root-1.key")) == 1
    (desk / "Dala-1.2.0-x64.exe").write_bytes(b"x")
    assert run(desk, "add", "targets@freshness", "freshness", str(desk / "Dala-1.2.0-x64.exe")) == 1
    assert run(desk, "add", "targets", "freshness", "--news", "de=x", str(desk / "Dala-1.2.0-x64.exe")) == 1
    assert run(desk, "add", "targets", "freshness", "--news", "kk=gone", str(desk / "Dala-1.2.0-x64.exe")) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.split(": ", 1)[1].split(" ")[0] for line in said] == [
        "there",
        str(desk / "root-1.key"),
        "the",
        "“de=x”",
        "gone",
    ]


def test_a_key_is_kept_under_a_password_and_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.key"
    monkeypatch.setenv("DALA_RELEASE_PASSWORD", PASSWORD)
    assert release.main(["key", "--out", str(path)]) == 0
    keyid = load_key(path, PASSWORD).public_key.keyid
    assert keyid in capsys.readouterr().out
    assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
    with pytest.raises(ReleaseError, match="its password is another"):
        load_key(path, "another")
    assert release.main(["key", "--out", str(path)]) == 1
    assert load_key(path, PASSWORD).public_key.keyid == keyid


def test_a_new_password_is_typed_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DALA_RELEASE_PASSWORD", raising=False)
    for typed, code in (([""], 1), ([PASSWORD, "other"], 1), ([PASSWORD, PASSWORD], 0)):
        answers = iter(typed)
        monkeypatch.setattr(release.getpass, "getpass", lambda _words, left=answers: next(left))
        assert release.main(["key", "--out", str(tmp_path / "a.key")]) == code


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path = tmp_path / "ec.key"
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ReleaseError, match="is no Ed25519 key"):
        load_key(path, "")
    with pytest.raises(ReleaseError, match="is no key"):
        load_key(tmp_path / "gone.key", "")
