"""One command from a fresh checkout to a running program: ``python3 dev.py demo`` (or tour, test, check, bench).

Needs nothing but Python 3.11 or newer: it makes the environment ``.venv`` from the lock file, installs what Debian
lacks for Qt, cuts fonts, icons and catalogues, and then runs the tool that was asked for with that environment's
Python. So it must never import anything that is not in the standard library.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent
ENVIRONMENT: Final = ROOT / ".venv"
SCRIPTS: Final = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON: Final = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
LOCK: Final = ROOT / "installer" / "development.lock"
RUNTIME_LOCK: Final = ROOT / "installer" / "runtime.lock"
MARK: Final = ENVIRONMENT / ".made-from-lock"
SOURCES: Final = ("clinic_app", "ui", "main.py", "dev.py", "installer")

LIBRARIES: Final = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
"""What Qt loads on Linux and no wheel brings, with the Debian package that has it."""

DISPLAY_LIBRARIES: Final = {
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
"""The same for windows on a real display; a machine without one runs everything without them."""

TEST_TOOLS: Final = {
    "strace": "usr/bin/strace",
    "postgresql": "usr/lib/postgresql/*/bin/initdb",
    "orthanc": "usr/sbin/Orthanc",
    "orthanc-dicomweb": "usr/share/orthanc/plugins/libOrthancDicomWeb.so",
    "orthanc-postgresql": "usr/share/orthanc/plugins/libOrthancPostgreSQLIndex.so",
    "chromium": "usr/bin/chromium",
    "dcmtk": "usr/bin/storescu",
    "libportaudio2": "usr/lib/*/libportaudio.so.2",
    "osslsigncode": "usr/bin/osslsigncode",
}
"""Programs that tests and drills put beside ours, Debian package and where its program lies: a recorder of
writes for power cuts, the database of a large hub, an archive of pictures, a browser for the hub's page, the other
side of a DICOM association, the library that sound comes in by (on Windows it lies in the wheel), and what signs
programs for Windows."""

WINDOWS_TOOLS: Final = {
    "wine": "usr/bin/wine",
    "wine64": "usr/lib/wine/wine64",
    "nsis": "usr/bin/makensis",
    "wixl": "usr/bin/wixl",
    "msitools": "usr/bin/msibuild",
    "gcc-mingw-w64-x86-64-win32": "usr/bin/x86_64-w64-mingw32-gcc*",
    "binutils-mingw-w64-x86-64": "usr/bin/x86_64-w64-mingw32-windres",
    "mingw-w64-x86-64-dev": "usr/x86_64-w64-mingw32/include/windows.h",
    "xvfb": "usr/bin/Xvfb",
    "x11-xkb-utils": "usr/bin/setxkbmap",
    "xkb-data": "usr/share/X11/xkb/symbols/kz",
    "xdotool": "usr/bin/xdotool",
}
"""The same for what builds and tries the Windows installer; about a gigabyte, so only that drill asks for it."""

WHEN_CHANGED: Final = "--when-changed"
NOTHING_CHANGED: Final = 3
"""What ``python -m installer.changes`` ends with then."""

MEMORY: Final = Path("/dev/shm")  # noqa: S108  # nosec B108
"""Where Linux keeps files in memory; a test run makes a folder of its own there."""


class CannotGoOnError(Exception):
    """Something a person has to do first; the message says what."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command; return the exit code for the shell."""
    options, rest = _parser().parse_known_args(arguments)
    if rest and options.command not in {"test", "drill"}:
        _parser().error(f"unknown arguments: {' '.join(rest)}")
    try:
        if options.command == "lock":
            return lock()
        prepare()
        if options.command == "test":
            return test(rest)
        if options.command == "drill":
            return drill(rest)
        if options.command == "sbom":
            return sbom(options.out)
        if options.command == "check":
            return check()
        if options.command == "tour":
            return tour(options.out)
        if options.command == "bench":
            return bench(options.name, options.json, options.minutes)
        return demo()
    except CannotGoOnError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py", description="Prepares the environment and runs one of these:")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("demo", help="both workstations with a hub and a patient monitor, in windows")
    tour_parser = commands.add_parser("tour", help="the whole story through the real windows, with pictures")
    tour_parser.add_argument("--out", type=Path, default=ROOT / "tour-out", help="folder for pictures, PDFs, tour.json")
    commands.add_parser("test", help="all tests; what follows is handed to pytest")
    commands.add_parser("check", help="format, lint, types, floors of the house, size limits")
    commands.add_parser(
        "drill", help="a rehearsed disaster: crash, powercut, recovery, diskfull, hostile, link, scale, installer"
    )
    sbom_parser = commands.add_parser("sbom", help="the list of everything the program is made of (CycloneDX)")
    sbom_parser.add_argument("--out", type=Path, default=ROOT / "sbom.json", help="the file that is written")
    bench_parser = commands.add_parser(
        "bench", help="one benchmark: startup, save, storage, sync, waveforms, beats, soak, sdc or imaging"
    )
    bench_parser.add_argument("name")
    bench_parser.add_argument("--json", type=Path, help="file for the figures")
    bench_parser.add_argument("--minutes", type=float, help="how long a soak takes")
    commands.add_parser("lock", help="for maintainers: make installer/*.lock anew from pyproject.toml (needs uv)")
    return parser


# --- the environment -------------------------------------------------------------------------------------------------


def prepare() -> None:
    """Bring the environment, Debian's libraries and ``resources/built`` up to date.

    Raises:
        CannotGoOnError: a person has to do something first.
    """
    if sys.version_info < (3, 11):  # noqa: UP036 - this very file runs on whatever `python3` is
        raise CannotGoOnError(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    if sys.platform == "linux":
        install_packages(_missing_debian_packages())
    _make_environment()
    _run_or_stop([PYTHON, ROOT / "installer" / "build_resources.py"], "the resources could not be made; see above")


def _missing_debian_packages() -> list[str]:
    wanted = {**LIBRARIES, **(DISPLAY_LIBRARIES if has_display() else {})}
    missing = [package for library, package in wanted.items() if not _can_load(library)]
    if importlib.util.find_spec("ensurepip") is None and not PYTHON.exists():
        missing.append("python3-venv")
    return missing


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def install_packages(packages: Sequence[str]) -> None:
    """Install with apt-get as root or with a sudo that does not ask; else tell the line to type."""
    if not packages:
        return
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise CannotGoOnError(f"these libraries are missing (named as in Debian): {names}")
    sudo = _way_to_root()
    line = f"sudo apt-get update && sudo apt-get install --yes --no-install-recommends {names}"
    if sudo is None:
        raise CannotGoOnError(f"system libraries are missing; type this line and start again:\n  {line}")
    print(f"dev.py: installing system libraries: {names}", flush=True)
    quiet = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    subprocess.run([*quiet, "update"], check=False)
    installed = subprocess.run([*quiet, "install", "--yes", "--no-install-recommends", *packages], check=False)
    if installed.returncode:
        raise CannotGoOnError(f"apt-get could not install system libraries; try by hand:\n  {line}")


def _way_to_root() -> list[str] | None:
    """Return the words to put before a command, or None where there is no way without a password."""
    if sys.platform != "win32" and os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode == 0
    ):
        return ["sudo", "-n"]
    return None


def _make_environment() -> None:
    """Make ``.venv``, or bring it to what the lock file says; the mark is written last."""
    mark = f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()} {sys.version_info[0]}.{sys.version_info[1]}"
    if MARK.is_file() and MARK.read_text(encoding="utf-8") == mark and _works(PYTHON):
        return
    is_same_python = _version_of(PYTHON) == sys.version_info[:2]
    if not is_same_python:
        print(f"dev.py: making the environment {ENVIRONMENT}", flush=True)
        venv.EnvBuilder(with_pip=True, clear=True, symlinks=os.name != "nt").create(ENVIRONMENT)
    MARK.unlink(missing_ok=True)
    print(f"dev.py: installing what {LOCK.name} names (a few minutes the first time)", flush=True)
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run_or_stop(
        [*pip, "--require-hashes", "-r", LOCK],
        "the packages could not be installed; is there a link to a package index?",
    )
    MARK.write_text(mark, encoding="utf-8")


def _works(python: Path) -> bool:
    return _version_of(python) is not None


def _version_of(python: Path) -> tuple[int, int] | None:
    """Return the version of an environment's Python, or None where it does not run or has no pip."""
    code = "import pip, sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    major, minor = answer.stdout.split()
    return int(major), int(minor)


def _run_or_stop(command: Sequence[str | Path], sentence: str) -> None:
    if _run(command):
        raise CannotGoOnError(sentence)


def _run(command: Sequence[str | Path], **environment: str) -> int:
    """Run in the project's folder; return the exit code."""
    return subprocess.run(
        [str(word) for word in command], check=False, cwd=ROOT, env={**os.environ, **environment}
    ).returncode


# --- what can be asked for -------------------------------------------------------------------------------------------


def demo() -> int:
    """Open the windows of both workstations; without a display take the tour instead."""
    if has_display():
        return _run([PYTHON, "-m", "tests.scenarios.demo"])
    out = ROOT / "tour-out"
    print("dev.py: there is no display here, so the tour runs instead of the windows.", flush=True)
    code = tour(out)
    print(f"dev.py: the tour did not hold; what it left lies in {out}" if code else f"dev.py: pictures and PDFs: {out}")
    return code


def has_display() -> bool:
    """Return True where a window can be shown."""
    return sys.platform in {"win32", "darwin"} or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def tour(out: Path) -> int:
    """Run the whole story through the real windows without a display; write pictures, PDFs and ``tour.json``."""
    return _run([PYTHON, "-m", "tests.scenarios.tour", "--out", out.resolve()], QT_QPA_PLATFORM="offscreen")


def test(arguments: Sequence[str]) -> int:
    """Run all tests on two processes; benchmarks have their own command.

    Compiled modules are kept even where ``PYTHONDONTWRITEBYTECODE`` says no: the tests start hundreds of programs.
    """
    _install_test_tools()
    chosen = ["-n", "2", "--dist", "worksteal", "--ignore=tests/performance"]
    with quick_folder() as folder:
        place = {"TMPDIR": str(folder)} if folder else {}
        command: list[str | Path] = [PYTHON, "-m", "pytest", *chosen, *arguments]
        return _run(command, QT_QPA_PLATFORM="offscreen", PYTHONDONTWRITEBYTECODE="", **place)


@contextmanager
def quick_folder(memory: Path = MEMORY, prefix: str = "dala-tests-") -> Iterator[Path | None]:
    """Yield a folder in memory for a test run's files, removed at the end; None where there is not enough memory.

    What is written there need not wait for a disk. The files of a whole run take less than two gigabytes.
    """
    try:
        enough = shutil.disk_usage(memory).free > 4 << 30 and _free_memory_bytes() > 6 << 30
    except OSError:
        enough = False
    if sys.platform != "linux" or not enough:
        yield None
        return
    for left in memory.glob(f"{prefix}*"):
        if not Path("/proc", left.name.removeprefix(prefix)).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = memory / f"{prefix}{os.getpid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o1777)  # as the system's own: a server of another user makes and removes files in it, too
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_memory_bytes() -> int:
    """Return how much memory can be had without anything being moved to the disk.

    Raises:
        OSError: this system does not tell.
    """
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    sizes = {name: words.split()[0] for name, _, words in (line.partition(":") for line in lines)}
    return int(sizes.get("MemAvailable", 0)) << 10


def drill(arguments: Sequence[str]) -> int:
    """Run one drill; what follows its name is handed to it.

    ``installer --when-changed`` asks first whether anything of the installers has changed, and rests where nothing has.
    """
    if WHEN_CHANGED in arguments[1:]:
        arguments = [word for word in arguments if word != WHEN_CHANGED]
        if _run([PYTHON, "-m", "installer.changes"]) == NOTHING_CHANGED:
            return 0
    _install_test_tools()
    if arguments[:1] == ["installer"]:
        _install_test_tools(WINDOWS_TOOLS)
    return _run([PYTHON, "-m", "tests.drills", *arguments], QT_QPA_PLATFORM="offscreen")


def sbom(out: Path) -> int:
    """Write the bill of materials of what a workstation is shipped with, from the lock file of the program."""
    tool = SCRIPTS / ("cyclonedx-py.exe" if os.name == "nt" else "cyclonedx-py")
    form: list[str | Path] = ["--output-format", "JSON", "--output-file", out.resolve(), "--output-reproducible"]
    code = _run([tool, "requirements", *form, "--pyproject", "pyproject.toml", RUNTIME_LOCK])
    print(f"dev.py: no bill of materials was written to {out}" if code else f"dev.py: bill of materials: {out}")
    return code


def _install_test_tools(others: Mapping[str, str] | None = None) -> None:
    """Install what the drills need from Debian's packages; elsewhere say what is left out."""
    wanted = TEST_TOOLS if others is None else others
    missing = [package for package, program in wanted.items() if not any(Path("/").glob(program))]
    if not missing:
        return
    reason = "they are Debian's packages"
    if sys.platform == "linux":
        try:
            install_packages(missing)
        except CannotGoOnError as error:
            reason = str(error)
        else:
            return
    print(f"dev.py: NOT TESTED HERE is what needs {', '.join(missing)}: {reason}", flush=True)


def check() -> int:
    """Run every gate, also after one has failed, and say which held."""
    tool = ".exe" if os.name == "nt" else ""
    gates: dict[str, list[str | Path]] = {
        "format": [PYTHON, "-m", "ruff", "format", "--check", "."],
        "lint": [PYTHON, "-m", "ruff", "check", "."],
        "types": [PYTHON, "-m", "mypy", "--strict", *SOURCES],
        "floors": [SCRIPTS / f"lint-imports{tool}"],
        "security": [PYTHON, "-m", "bandit", "--quiet", "--recursive", "--severity-level", "medium", *SOURCES],
        "rules": [PYTHON, "-m", "tests.architecture.house_rules"],
        "sizes": [PYTHON, "-m", "tests.architecture.house_sizes"],
    }
    codes = {}
    for name, command in gates.items():
        print(f"--- {name}", flush=True)
        codes[name] = _run(command)
    print("--- " + ", ".join(f"{name} {'FAILED' if code else 'ok'}" for name, code in codes.items()))
    return int(any(codes.values()))


def bench(name: str, json_file: Path | None, minutes: float | None = None) -> int:
    """Run one benchmark; the figures also go to ``json_file``; ``minutes`` is for one that is as long as one likes."""
    extra: list[str | Path] = ["--json", json_file.resolve()] if json_file else []
    extra += ["--minutes", str(minutes)] if minutes is not None else []
    return _run([PYTHON, "-m", "tests.performance.bench", name, *extra], QT_QPA_PLATFORM="offscreen")


def lock() -> int:
    """Make both lock files anew: every platform, with hashes, without the address of any index.

    Raises:
        CannotGoOnError: uv is not installed or cannot solve it.
    """
    if shutil.which("uv") is None:
        raise CannotGoOnError("making lock files needs uv on the path")
    common = ["uv", "pip", "compile", "pyproject.toml", "--quiet", "--universal", "--python-version", "3.11"]
    plain = ["--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--upgrade"]
    for target, groups in ((RUNTIME_LOCK, []), (LOCK, ["--group", "dev", "--constraint", str(RUNTIME_LOCK)])):
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / target.name
            _run_or_stop([*common, *plain, *groups, "--output-file", part], f"uv could not make {target.name}")
            target.write_bytes(part.read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
