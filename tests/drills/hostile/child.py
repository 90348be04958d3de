"""Tries a case in a process of its own, which may take so much memory and so much time, and no more."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

from clinic_app.foundation.errors import ClinicError
from tests.drills.hostile.cases import Case, Outcome, Result, gets_nowhere, sentence

MORE_MEMORY: Final = 1 << 30
"""Address space beyond what the program has at its start."""
MAKING_S: Final = 120.0
"""Patience with the making of an input, which is not what is tried."""


def attempts(case: Case, seed: int, patience_s: float, *, is_first_fault_enough: bool = False) -> Iterator[Result]:
    """Yield what came of each input of a case; after a crash the child is started anew behind the one that did it.

    Args:
        case: whose inputs are tried.
        seed: of the inputs.
        patience_s: seconds after which a child that says nothing is ended.
        is_first_fault_enough: try nothing any more behind the first input that was not refused.
    """
    done = 0
    while True:
        results, is_over = _one_child(case, seed, patience_s, done, is_first_fault_enough=is_first_fault_enough)
        yield from results
        done += len(results)
        if is_over:
            return


def _one_child(
    case: Case, seed: int, patience_s: float, skip: int, *, is_first_fault_enough: bool
) -> tuple[list[Result], bool]:
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _be_the_child(case, seed, skip, Path(folder), writing, is_first_fault_enough=is_first_fault_enough)
        os.close(writing)
        told, is_late = _listen(reading, patience_s)
        os.close(reading)
        if is_late:
            os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
    rss_mb = usage.ru_maxrss >> 10
    results = [_result(case, each, rss_mb) for each in told if "outcome" in each]
    begun = [each for each in told if "begun" in each]
    if len(begun) > len(results):
        words = f"no answer within {patience_s:g} s" if is_late else f"the process died ({status})"
        late = {
            "name": begun[-1]["begun"],
            "outcome": "fault",
            "words": words,
            "seconds": time.time() - begun[-1]["at"],
        }
        return [*results, _result(case, late, rss_mb)], False
    if not any("over" in each for each in told):
        late = {"name": "the stage", "outcome": "fault", "words": f"it could not be set ({status})", "seconds": 0.0}
        return [*results, _result(case, late, rss_mb)], True
    return results, True


def _result(case: Case, told: dict[str, Any], rss_mb: int) -> Result:
    name = ", ".join(part for part in (case.name, str(told["name"])) if part)
    return Result(case.kind, name, told["outcome"], told["words"], float(told["seconds"]), rss_mb, case.by_design)


def _listen(reading: int, patience_s: float) -> tuple[list[dict[str, Any]], bool]:
    """Return what the child says until it ends, and whether it was silent for too long over one input."""
    heard: list[dict[str, Any]] = []
    pending = b""
    while True:
        is_trying = bool(heard) and "begun" in heard[-1]
        ready, _, _ = select.select([reading], [], [], patience_s if is_trying else MAKING_S)
        piece = os.read(reading, 1 << 16) if ready else b""
        pending += piece
        *lines, pending = pending.split(b"\n")
        heard += [json.loads(line) for line in lines]
        if not piece:
            return heard, not ready


def _be_the_child(case: Case, seed: int, skip: int, folder: Path, writing: int, *, is_first_fault_enough: bool) -> None:
    """Try the inputs and end the process, whatever happens."""
    code = 1
    try:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the process ends
        logging.disable(logging.CRITICAL)
        with case.stage(folder) as stage:
            prepare, attempt = stage if isinstance(stage, tuple) else ((lambda data: data), stage)
            _bound_memory()
            for name, data in islice(case.inputs(Random(f"{seed} {case.kind} {case.name}")), skip, None):
                data = prepare(data)  # noqa: PLW2901 - what was described becomes what is handed in
                _say(writing, {"begun": name, "at": time.time()})
                begun_s = time.perf_counter()
                outcome, words = _tried(attempt, data)
                seconds = time.perf_counter() - begun_s
                _say(writing, {"name": name, "outcome": outcome, "words": words, "seconds": seconds})
                if is_first_fault_enough and not gets_nowhere(outcome, case.by_design):
                    break
            _say(writing, {"over": True})
        code = 0
    except BaseException:  # noqa: BLE001 - the border of this process; the parent's terminal is told
        with contextlib.suppress(OSError):
            os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _tried(attempt: Any, data: Any) -> tuple[Outcome, str]:
    try:
        return attempt(data), ""
    except ClinicError as error:
        return "refused", sentence(error)
    except BaseException as error:  # noqa: BLE001 - any other error is what this drill looks for
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "fault", f"{type(error).__name__}: {str(error)[:200]} ({Path(last.filename).name}:{last.lineno})"


def _bound_memory() -> None:
    import resource

    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + MORE_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _say(writing: int, told: dict[str, Any]) -> None:
    line = json.dumps(told).encode() + b"\n"
    while line:
        line = line[os.write(writing, line) :]
