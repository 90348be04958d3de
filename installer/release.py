"""``python3 installer/release.py COMMAND``: keys, the root, releases; on a computer without a network.

``key`` makes a key, ``begin`` the first root, ``add`` publishes a release, ``renew`` says again what is newest,
``forget`` takes a release back, ``change-root`` exchanges keys, ``sign-root`` is for the other holders of the root,
``pack`` makes the file for a stick, ``show`` lists what is there and when its word ends. How all of it goes together:
docs/deployment/updates.md.

Every key file has a password; it is asked for, or stands in ``DALA_RELEASE_PASSWORD``.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from clinic_app.foundation.texts import LANGUAGES  # noqa: E402 - found only now that the root is on the path
from installer.release_repository import (  # noqa: E402
    DRAFT,
    ReleaseError,
    Repository,
    WaitsError,
    load_key,
    new_key,
    save_key,
)

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

PASSWORD: Final = "DALA_RELEASE_PASSWORD"  # noqa: S105 - the name of a variable
Keys = Mapping[str, Sequence["CryptoSigner"]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked; return the exit code."""
    options = _parse(arguments)
    try:
        options.run(options)
    except WaitsError as error:
        print(f"release.py: {error}")
        return 3
    except ReleaseError as error:
        print(f"release.py: {error}", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="release.py",
        description="Look after the repository of releases.",
        epilog="Exit codes: 0 done, 1 refused with a sentence, 2 a wrong command line, 3 others have to sign the root.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None], words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words, description=words)
        made.set_defaults(run=run)
        if name != "key":
            made.add_argument("--repository", type=Path, required=True, metavar="DIR")
        return made

    key = command("key", _key, "Make a key.")
    key.add_argument("--out", type=Path, required=True, metavar="FILE")
    begin = command("begin", _begin, "Make an empty repository and its first root.")
    _ask_new_root(begin)
    add = command("add", _add, "Publish the files of a release.")
    add.add_argument("--news", action="append", default=[], metavar="LANGUAGE=FILE", help="what is new, one language")
    add.add_argument("files", nargs="+", type=Path, metavar="FILE")
    forget = command("forget", _forget, "Take a release back.")
    forget.add_argument("version", metavar="X.Y.Z")
    renew = command("renew", _renew, "Say again what is newest.")
    for each in (add, forget, renew):
        each.add_argument("--targets-key", type=Path, required=each is not renew, metavar="FILE")
        each.add_argument("--freshness-key", type=Path, required=True, metavar="FILE")
    change = command("change-root", _change_root, "Make the next root: other keys, or the same ones for longer.")
    change.add_argument("--former-key", type=Path, action="append", default=[], metavar="FILE", required=True)
    _ask_new_root(change)
    sign = command("sign-root", _sign_root, f"Sign {DRAFT}, which waits for more holders of the root.")
    sign.add_argument("--root-key", type=Path, action="append", required=True, metavar="FILE")
    pack = command("pack", _pack, "Put metadata and the newest release into one file, for a stick.")
    pack.add_argument("--out", type=Path, required=True, metavar="FILE.dala-update")
    command("show", _show, "List the releases, and when their word ends.")
    return parser.parse_args(arguments)


def _ask_new_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--root-key", type=Path, action="append", required=True, metavar="FILE")
    parser.add_argument("--threshold", type=int, default=2, help="how many holders must sign (%(default)s)")
    parser.add_argument("--targets-key", type=Path, required=True, metavar="FILE", help="vouches for releases")
    parser.add_argument("--freshness-key", type=Path, required=True, metavar="FILE", help="says what is newest")


def _key(options: argparse.Namespace) -> None:
    signer = new_key()
    save_key(signer, options.out, _password(options.out, is_new=True))
    print(f"{options.out}: key {signer.public_key.keyid}")


def _begin(options: argparse.Namespace) -> None:
    Repository.at(options.repository).begin(_keys(options), options.threshold)
    print(f"the root of the program is {options.repository}/metadata/1.root.json; builds take it by DALA_UPDATE_ROOT")


def _add(options: argparse.Namespace) -> None:
    Repository.at(options.repository).add(options.files, _news(options.news), _keys(options))
    _show(options)


def _forget(options: argparse.Namespace) -> None:
    Repository.at(options.repository).forget(options.version, _keys(options))
    _show(options)


def _renew(options: argparse.Namespace) -> None:
    Repository.at(options.repository).renew(_keys(options))
    _show(options)


def _change_root(options: argparse.Namespace) -> None:
    former = [_loaded(each) for each in options.former_key]
    Repository.at(options.repository).change_root(_keys(options), options.threshold, former)
    _show(options)


def _sign_root(options: argparse.Namespace) -> None:
    repository = Repository.at(options.repository)
    if not repository.sign_draft([_loaded(each) for each in options.root_key]):
        raise WaitsError(f"signed; {DRAFT} still waits for others")
    print("the root counts now; publish it with “renew --targets-key … --freshness-key …”")


def _pack(options: argparse.Namespace) -> None:
    Repository.at(options.repository).pack(options.out)
    print(options.out)


def _show(options: argparse.Namespace) -> None:
    repository = Repository.at(options.repository)
    for release in repository.releases():
        print(f"{release.version} {release.kind:5} {release.size / 1e6:7.1f} MB  {release.sha256}")
    for role, end in repository.ends().items():
        print(f"{role}: until {end:%Y-%m-%d}")


def _keys(options: argparse.Namespace) -> Keys:
    loaded: dict[Path, CryptoSigner] = {}

    def key(path: Path) -> CryptoSigner:
        if path not in loaded:
            loaded[path] = _loaded(path)
        return loaded[path]

    found: dict[str, list[CryptoSigner]] = {}
    if getattr(options, "root_key", None):
        found["root"] = [key(each) for each in options.root_key]
    if options.targets_key:
        found["targets"] = [key(options.targets_key)]
    found["snapshot"] = found["timestamp"] = [key(options.freshness_key)]
    return found


def _loaded(path: Path) -> CryptoSigner:
    return load_key(path, _password(path))


def _password(path: Path, *, is_new: bool = False) -> str:
    told = os.environ.get(PASSWORD)
    if told is not None:
        return told
    typed = getpass.getpass(f"Password of {path}: ")
    if is_new and (not typed or getpass.getpass("Once more: ") != typed):
        raise ReleaseError("a key has a password, typed twice alike")
    return typed


def _news(told: Sequence[str]) -> dict[str, str]:
    """Return what is new by language, out of ``kk=FILE`` and so on.

    Raises:
        ReleaseError: an unknown language, or a file that cannot be read.
    """
    found: dict[str, str] = {}
    for each in told:
        language, _, name = each.partition("=")
        if language not in LANGUAGES:
            raise ReleaseError(f"“{each}” is not of the form kk=FILE, ru=FILE or en=FILE")
        try:
            found[language] = Path(name).read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ReleaseError(f"{name} cannot be read as text") from error
    return found


if __name__ == "__main__":
    sys.exit(main())
