"""``python -m tests.fuzz NAME --seconds 60``: one parser under atheris, or under plain mutation where there is none."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

_RSS_MB = 1024
_TIMEOUT_S = 10


def main(arguments: Sequence[str]) -> int:
    """Fuzz one parser; the exit code is 0 only if nothing but refusals came out."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Look for what breaks a parser.")
    parser.add_argument("name", help="a parser of tests/fuzz/parsers.py, or all")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--plain", action="store_true", help="without atheris")
    options = parser.parse_args(arguments)
    has_atheris = importlib.util.find_spec("atheris") is not None and not options.plain
    if options.name == "all" or not has_atheris:
        return _plain(options.name, options.seconds)
    return _with_atheris(options.name, options.seconds)


def _with_atheris(name: str, seconds: int) -> int:
    import atheris

    with atheris.instrument_imports(include=["clinic_app"]):
        from tests.fuzz.parsers import PARSERS

    parser = PARSERS[name]
    with tempfile.TemporaryDirectory(prefix="corpus-") as corpus:
        for place, seed in enumerate(parser.seeds()):
            (Path(corpus) / str(place)).write_bytes(seed)
        flags = [f"-max_total_time={seconds}", f"-rss_limit_mb={_RSS_MB}", f"-timeout={_TIMEOUT_S}"]
        atheris.Setup([sys.argv[0], corpus, *flags, f"-max_len={parser.largest_bytes}"], parser)
        atheris.Fuzz()
    return 0


def _plain(name: str, seconds: int) -> int:
    from tests.fuzz.mutating import mutated
    from tests.fuzz.parsers import PARSERS

    for each in PARSERS if name == "all" else [name]:
        parser, end_s, runs = PARSERS[each], time.monotonic() + seconds, 0
        for data in mutated(Random(each), parser.seeds(), parser.largest_bytes):
            if time.monotonic() > end_s:
                break
            try:
                parser(data)
            except BaseException:
                print(f"{each} breaks on {data!r}", file=sys.stderr)
                raise
            runs += 1
        print(f"{each}: {runs} runs, only refusals")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
