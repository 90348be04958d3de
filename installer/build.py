"""``python3 installer/build.py --version X.Y.Z --out DIR``: makes what IT installs on Windows computers.

Runs on Debian and on Windows, with any Python 3.11 or newer: it prepares the environment of ``dev.py`` first and
goes on with that. On Debian what is missing of NSIS, the compiler and the other tools comes from Debian's packages.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import dev  # noqa: E402 - found only now that the root is on the path

CACHE: Final = Path.home() / ".cache" / "dala-installer"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build; return the exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = _parse(words)
    if Path(sys.prefix).resolve() != dev.ENVIRONMENT.resolve():
        try:
            dev.prepare()
        except dev.CannotGoOnError as error:
            print(f"build.py: {error}", file=sys.stderr)
            return 1
        return subprocess.run([dev.PYTHON, Path(__file__).resolve(), *words], check=False).returncode
    from installer import tools
    from installer.payload import PayloadError
    from installer.signing import SignatureError

    try:
        dev.install_packages(tools.missing())
        figures = build(options)
    except (dev.CannotGoOnError, tools.MissingToolError, PayloadError, SignatureError, ValueError) as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    print(json.dumps(figures, indent=1))
    return 0


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="build.py", description="Make the installers of Dala for Windows.")
    parser.add_argument("--version", required=True, metavar="X.Y.Z", help="what the installed program says it is")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the installers")
    where = "Python for Windows: from a pinned wheel, or python.org's embeddable ZIP for a release"
    parser.add_argument("--runtime", default="panda-wheel", metavar="panda-wheel|embed.zip", help=where)
    parser.add_argument("--fast", action="store_true", help="pack quickly and larger, for trials")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="keeps the runtime (%(default)s)")
    return parser.parse_args(words)


def build(options: argparse.Namespace) -> dict[str, object]:
    """Make everything; return the figures, which are also written to ``DIR/figures.json``."""
    from installer import payload, portable_folder, runtime, setup_program, signing, update_task, windows_package
    from installer.versions import Version

    version = Version.read(options.version)
    signer = signing.Signer.from_environment()
    out = options.out.resolve()
    work, app = out / "work", out / "app"
    work.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    seconds: dict[str, float] = {}

    def took(name: str) -> None:
        seconds[name] = round(time.monotonic() - began - sum(seconds.values()), 1)
        print(f"build.py: {name}: {seconds[name]} s", file=sys.stderr, flush=True)

    source = runtime.found(options.runtime, options.cache)
    took("runtime")
    figures: dict[str, object] = {"version": str(version), **payload.build(app, version, source, work)}
    took("payload")
    packings: dict[str, Callable[[], Path]] = {
        "setup": lambda: setup_program.build(app, version, out, work, packing="zlib" if options.fast else "lzma"),
        "msi": lambda: windows_package.build(app, version, out, work),
        "zip": lambda: portable_folder.build(app, version, out, is_fast=options.fast),
    }
    with ThreadPoolExecutor() as threads:  # each reads the folder and writes a file of its own
        packed = {name: threads.submit(pack) for name, pack in packings.items()}
    figures |= {f"{name}_mb": payload.megabytes(each.result().stat().st_size) for name, each in packed.items()}
    took("packing")
    figures["signed_by"] = signer.name if signer is not None else ""
    figures["seconds"] = seconds
    figures["takes_releases"] = bool(os.environ.get(update_task.VARIABLE))
    if signer is None:
        print(f"build.py: {signing.UNSIGNED}", file=sys.stderr, flush=True)
    if not figures["takes_releases"]:
        print(f"build.py: {update_task.NO_ROOT}", file=sys.stderr, flush=True)
    (out / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return figures


if __name__ == "__main__":
    sys.exit(main())
