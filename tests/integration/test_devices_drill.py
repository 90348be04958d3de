"""A short rehearsal of all devices at once, over real sockets and pseudo-terminals."""

from __future__ import annotations

import pytest

from tests.drills import devices
from tests.drills.devices import Rehearsal, rehearse

pytestmark = pytest.mark.timeout(200)


def test_three_seconds_of_disturbed_devices_lose_and_mix_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    done = rehearse(3.0, seed=4)
    assert done.has_held, done
    assert (done.faults > 10, done.blocks > 100, done.results > 3) == (True, True, True)


def test_the_drill_fails_where_anything_is_amiss_or_a_mutant_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def played(amiss: str, living: str) -> bool:
        def made(_seconds: float, _seed: int, mutant: str = "") -> Rehearsal:
            is_amiss = mutant not in ("", living)
            return Rehearsal(wrong_patient=int(is_amiss), **({amiss: 1} if amiss and not mutant else {}))

        monkeypatch.setattr(devices, "rehearse", made)
        return devices.run(["--minutes", "0.01"])[1]

    assert played("", "")
    assert not played("crashes", "")
    assert not played("lost_results", "")
    assert not played("", "no-checksum")
