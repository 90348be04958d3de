"""Processes for the drills: as many as there are processors, made from one that has imported everything."""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import BaseContext
from typing import Final

_MOST: Final = 8


def processes(module: str, *, is_fresh: bool = False) -> ProcessPoolExecutor:
    """Return a pool of processes.

    Args:
        module: the drill's, imported once for all of them.
        is_fresh: every job gets a process of its own: for jobs that break the store.
    """
    most = 1 if is_fresh else None
    return ProcessPoolExecutor(min(os.cpu_count() or 1, _MOST), mp_context=context(module), max_tasks_per_child=most)


def context(module: str) -> BaseContext:
    """Return how processes are made: from a server that has imported everything, where the platform has one."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([module])
    return server
