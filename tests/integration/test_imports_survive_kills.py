"""An import killed at every touch of the disk: what is filed is here whole, and the next try files the rest."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.discs import one_file, write
from tests.helpers.dying import killed_everywhere
from tests.helpers.stores import opened, patient, set_up

IMPORTS = """
from clinic_app.access import Trail
from clinic_app.imaging import Imaging, from_paths
from clinic_app.imaging.importing import sha256_of
from clinic_app.records import ImagingStudy, Patient
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import opened, session_of
SOURCE = Path({source!r})
def taken(folder):
    with opened(folder) as store:
        clock = FixedClock()
        imaging = Imaging(store, Trail(store, clock), clock)
        doctor, (ill,) = session_of(store, "doctor"), store.records.find(Patient)
        gathered = imaging.gather(doctor, ill.id, from_paths([SOURCE]))
        return imaging.take_in(doctor, ill.id, gathered.instances, is_confirmed=True)
"""
CHECK = """
with opened(folder) as store:
    studies = store.records.find(ImagingStudy)
    filed = [each for study in studies for series in study.series for each in series.instance]
    for each in filed:
        store.blobs.verify(sha256_of(each))
    before = len(filed)
report = taken(folder)
return f"{before} {report.imported} {report.known} {len(report.refused)}"
"""


def test_whatever_is_filed_is_whole_and_the_rest_is_filed_by_the_next_try(tmp_path: Path) -> None:
    source = write(tmp_path / "stick", {"a/1": one_file(1)})
    with opened(tmp_path / "template") as store:
        set_up(store, "doctor")
        store.records.commit((patient("Петров", "Пётр"),))
    imports = IMPORTS.format(source=str(source))
    said = killed_everywhere(tmp_path / "template", tmp_path / "work", imports, "taken(folder)", CHECK)
    assert said[-1] == "1 0 1 0"
    assert len(said) > 6, "there were moments to be killed at"
    for each in said:
        before, imported, known, refused = map(int, each.split())
        assert before in (0, 1), "a study is filed as a whole or not at all"
        assert (imported + known, known, refused) == (1, before, 0)
