"""Everything a stranger may hand in, made to hurt: bombs, traversal, polyglots, floods, forged signatures.

``python3 dev.py drill hostile`` makes each case on the fly from one seed and hands it, in a child process under a
memory limit, to the very service a stranger reaches. It counts as refused if

* ``refused``: a `ClinicError` with a sentence in every language, and nothing was kept; or
* ``partly``: of an input with good and bad parts the bad one was named and the good one kept; or
* ``disarmed``: it is taken by design, and what made it dangerous is gone; the case says why, and a check that it is.

Anything else (another exception, a crash, silence, too much memory or time) is a fault, and the drill does not hold.
A mutant takes one of the program's caps away; the drill must not hold then (``--mutant NAME``, ``--mutants`` for all).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from tests.drills.hostile.cases import Case, Result
from tests.drills.hostile.child import attempts
from tests.drills.hostile.corpus import CORPUS
from tests.drills.hostile.mutants import MUTANTS

SEED: Final = 20261122
MOST_RSS_MB: Final = 512
SLOWEST_S: Final = 5.0
PATIENCE_S: Final = 20.0


def run(arguments: Sequence[str]) -> tuple[dict[str, object], bool]:
    """Try every case; return the figures and whether all were refused within the limits."""
    options = _parsed(arguments)
    if sys.platform == "win32":
        print("hostile: NOT RUN HERE: the memory limit of a child process needs a system with fork and rlimits")
        return {"tried": 0, "refused": 0}, False
    if options.mutants:
        return _mutants_caught(options.patience)
    cases: Iterable[Case] = [case for make in CORPUS.values() for case in make(options.short)]
    if options.only:
        cases = [case for case in cases if case.kind == options.only]
    if options.mutant:
        MUTANTS[options.mutant].remove_the_cap()
        cases = _cases_of(options.mutant)
    results = [result for case in cases for result in attempts(case, SEED, options.patience)]
    for result in results:
        if options.verbose or result.outcome != "refused":
            print(result.line())
    return _figures(results)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.drills hostile")
    parser.add_argument("--short", action="store_true", help="a sample of the long rows of cases")
    parser.add_argument("--only", help="one kind of input, as by_kind names it")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="take one cap of the program away")
    parser.add_argument("--mutants", action="store_true", help="every mutant, each until its first fault")
    parser.add_argument("--patience", type=float, default=PATIENCE_S, help="seconds after which a child is ended")
    parser.add_argument("--verbose", action="store_true", help="a line for each case, also for those refused")
    return parser.parse_args(arguments)


def _cases_of(mutant: str) -> list[Case]:
    made = (case for make in CORPUS.values() for case in make(True))
    return [case for case in made if (case.kind, case.name) == (MUTANTS[mutant].kind, MUTANTS[mutant].case)]


def _mutants_caught(patience_s: float) -> tuple[dict[str, object], bool]:
    """Return whether with each cap taken away something got through; each in a process of its own."""
    missed = []
    for name in MUTANTS:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                MUTANTS[name].remove_the_cap()
                tried = (
                    result
                    for case in _cases_of(name)
                    for result in attempts(case, SEED, patience_s, is_first_fault_enough=True)
                )
                caught = next((result for result in tried if not result.is_refused), None)
                print(f"  {name}: {caught.line().strip() if caught else 'NOT CAUGHT'}", flush=True)
                code = 0 if caught else 1
            finally:
                os._exit(code)
        if os.waitpid(pid, 0)[1]:
            missed.append(name)
    return {"mutants": len(MUTANTS), "caught": len(MUTANTS) - len(missed), "missed": missed}, not missed


def _figures(results: Sequence[Result]) -> tuple[dict[str, object], bool]:
    by_kind: dict[str, dict[str, int]] = {}
    for kind in dict.fromkeys(result.kind for result in results):
        counted = Counter(result.outcome for result in results if result.kind == kind)
        by_kind[kind] = {"tried": counted.total(), **dict(sorted(counted.items()))}
    refused = sum(result.is_refused for result in results)
    peak_mb = max((result.rss_mb for result in results), default=0)
    slowest = max(results, key=lambda result: result.seconds, default=None)
    slowest_s = slowest.seconds if slowest else 0.0
    figures: dict[str, object] = {
        "tried": len(results),
        "refused": refused,
        "peak_rss_mb": peak_mb,
        "slowest_s": round(slowest_s, 2),
        "slowest": slowest.name if slowest else "",
        "by_kind": by_kind,
    }
    return figures, 0 < len(results) == refused and peak_mb < MOST_RSS_MB and slowest_s < SLOWEST_S
