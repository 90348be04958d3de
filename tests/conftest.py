"""What every test stands on: no display needed, real files, nothing left behind."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ.setdefault("QT_ACCESSIBILITY", "1")

import pytest
from hypothesis import HealthCheck, settings

from tests.helpers.leaks import left_since, look

settings.register_profile(
    "house",
    deadline=None,  # a busy machine is no defect
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,  # the gate asks the same questions every time, a desk asks new ones
)
settings.load_profile("house")

ROOT = Path(__file__).parents[1]
pytest_plugins = [
    "tests.helpers.engines",
    "tests.helpers.quick_passwords",
    "tests.helpers.quick_statements",
    "tests.helpers.quick_tables",
]


def pytest_collection_finish() -> None:
    """Take the thousands of collected tests out of the collector's rounds and of the search for timers."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a running thread, an active timer or a top-level widget."""
    uses_qt = "qapp" in request.fixturenames
    before = look(with_qt=uses_qt)
    yield
    left = left_since(before, with_qt=uses_qt)
    assert not left, "the test left behind: " + "; ".join(left)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings and DICOM files beside the project."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.fail(f"the real test files are missing: expected the folder {folder}", pytrace=False)
    return folder


@pytest.fixture
def watchdog(qapp: object) -> Iterator[object]:
    """A running `Watchdog`; the test fails if the window did not answer for over 50 ms."""
    from tests.helpers.watchdog import Watchdog

    dog = Watchdog()
    dog.start()
    try:
        yield dog
    finally:
        dog.stop()
    dog.check()
