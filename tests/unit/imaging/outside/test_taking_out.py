"""Images leave whole, noted, and only with the right; programs of others read the folder. Against a real store."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from clinic_app.access import Trail
from clinic_app.foundation.errors import (
    ConflictError,
    DiskFullError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    StorageError,
    UnreadableFileError,
)
from clinic_app.imaging import Imaging, LocalFiles
from clinic_app.imaging.importing import sha256_of
from clinic_app.imaging.outside.burned_in import Box
from clinic_app.imaging.outside.deidentifying import Wish
from clinic_app.imaging.outside.file_set import folder_in_making
from clinic_app.imaging.outside.image_exit import Chosen, ExitForm, ImageExit
from clinic_app.imaging.outside.stopping import StoppedError
from clinic_app.imaging.reading import read_dataset
from clinic_app.records import HumanName, ImagingStudy, Patient
from clinic_app.storage import AuditQuery
from tests.helpers.nodes import Node, node
from tests.helpers.taking_in import take_folder

NAMES = ("ct/CT_small.dcm", "mr/MR_small.dcm", "us/examples_ybr_color.dcm", "sr/test-SR.dcm", "charset/chrRuss.dcm")
_FILE_ID = re.compile(r"[A-Z0-9_]{1,8}")


@dataclass
class Here:
    """A store with a patient's studies, and the way out."""

    node: Node
    exit: ImageExit
    studies: tuple[ImagingStudy, ...]
    folder: Path

    def chosen(self, *modalities: str, **more: object) -> tuple[Chosen, ...]:
        return tuple(
            Chosen(study, series.uid, **more)  # type: ignore[arg-type]
            for study in self.studies
            for series in study.series
            if not modalities or (series.modality.code or "") in modalities
        )

    def bytes_of(self, chosen: Chosen) -> bytes:
        series = next(each for each in chosen.study.series if each.uid == chosen.uid)
        return self.node.store.blobs.read(sha256_of(series.instance[0]))

    def events(self) -> list[str]:
        return [str(row) for row in self.node.store.audit.page(AuditQuery(), limit=100)]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Here]:
    folder = tmp_path_factory.mktemp("out")
    (folder / "cd").mkdir()
    for name in NAMES:
        shutil.copy(shared_data / "dicom" / name, folder / "cd")
    with node(folder / "data", "org-district") as made:
        trail = Trail(made.store, made.clock)
        patient = Patient(id="p1", name=(HumanName(family="Иванов", given=("Иван",)),))
        made.store.records.commit((patient,))
        imaging = Imaging(made.store, trail, made.clock)
        take_folder(imaging, made.session("doctor"), "p1", folder / "cd", is_confirmed=True)
        studies = imaging.studies(made.session("doctor"), "p1")
        yield Here(made, ImageExit(made.store, trail), studies, folder)


@pytest.fixture
def target(here: Here, tmp_path: Path) -> Path:
    return tmp_path / "to the regional hospital"


def _left(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in ("DICOMDIR", "README.TXT"))


def test_a_folder_has_a_list_short_names_and_every_byte_as_it_was(here: Here, target: Path) -> None:
    told: list[tuple[int, int]] = []
    doctor = here.node.session("doctor")
    taken = here.exit.take_out(doctor, ExitForm(here.chosen(), language="kk"), target, lambda *step: told.append(step))
    assert taken.files == len(NAMES)
    assert taken.left_out == ()
    assert told[-1] == (len(NAMES), len(NAMES))
    files = _left(target)
    assert {path.read_bytes() for path in files} == {here.bytes_of(each) for each in here.chosen()}
    for path in files:
        parts = path.relative_to(target).parts
        assert len(parts) <= 8
        assert all(_FILE_ID.fullmatch(part) for part in parts)
    assert (target / "README.TXT").read_text("utf-8-sig").startswith("Медициналық")
    assert not [path for path in target.parent.iterdir() if path.name.endswith(".part")]


def test_programs_of_others_read_the_list(here: Here, target: Path) -> None:
    here.exit.take_out(here.node.session("doctor"), ExitForm(here.chosen()), target)
    environment = {**os.environ, "LC_ALL": "C"}
    dumped = subprocess.run(
        ["dcmdump", "+U8", str(target / "DICOMDIR")],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment,
        check=False,
    )
    assert dumped.returncode == 0, dumped.stderr
    said = re.findall(r"ReferencedFileID|\(0004,1500\) CS \[([^\]]*)\]", dumped.stdout)
    named = {name.replace("\\", "/") for name in said if name}
    assert named == {path.relative_to(target).as_posix() for path in _left(target)}
    assert "W:" not in dumped.stderr
    assert "E:" not in dumped.stderr
    made = subprocess.run(
        ["dcmmkdir", "--output-file", str(target.parent / "SECOND"), "--input-directory", str(target), "+r",
         "--general-purpose", "--no-consistency-check", "--no-resolution-check", "--invent",
         *sorted(path.relative_to(target).as_posix().split("/")[0] for path in _left(target)[:1])],
        capture_output=True, text=True, timeout=30, env=environment, check=False,
    )  # fmt: skip
    second = subprocess.run(
        ["dcmdump", "+U8", str(target.parent / "SECOND")], capture_output=True, text=True, timeout=30, check=False
    )
    assert second.stdout.count("(0004,1430)") >= 2, made.stderr


def test_an_archive_is_read_back_by_ourselves_bit_for_bit(here: Here, tmp_path: Path) -> None:
    path = tmp_path / "study.zip"
    doctor = here.node.session("doctor")
    taken = here.exit.take_out(doctor, ExitForm(here.chosen(), is_archive=True), path)
    assert taken.path == path
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {"DICOMDIR", "README.TXT"} <= set(archive.namelist())
    with node(tmp_path / "other", "org-district") as other:
        other.store.records.commit((Patient(id="p2", name=(HumanName(family="Иванов"),)),))
        imaging = Imaging(other.store, Trail(other.store, other.clock), other.clock)
        report = take_folder(imaging, other.session("doctor"), "p2", path, is_confirmed=True)
        assert report.imported == len(NAMES)
        studies = imaging.studies(other.session("doctor"), "p2")
        sums = {sha256_of(each) for study in studies for series in study.series for each in series.instance}
    assert sums == {sha256_of(each) for study in here.studies for series in study.series for each in series.instance}


def test_without_the_patient_nothing_of_him_is_in_any_file_or_in_the_list(here: Here, target: Path) -> None:
    form = ExitForm(here.chosen(is_looked_at=True, boxes=(Box(0, 0, 9, 9),)), is_nameless=True)
    taken = here.exit.take_out(here.node.session("doctor"), form, target)
    assert taken.files == len(NAMES) - 1
    assert [each.reason.render("en") for each in taken.left_out] == [
        "A report is written by people and may name the patient anywhere; it stays here."
    ]
    everything = b"".join(path.read_bytes() for path in target.rglob("*") if path.is_file())
    for chosen in here.chosen("CT", "MR", "US"):
        source = read_dataset(here.bytes_of(chosen))
        for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "SOPInstanceUID"):
            said = str(source[keyword].value)
            assert len(said) < 5 or said.encode() not in everything, keyword
    files = LocalFiles.of(target)
    assert len(files.studies) >= 3
    assert {each.name for each in files.refused} == {"DICOMDIR", "README.TXT"}


def test_a_series_with_possible_letters_waits_until_somebody_has_looked(here: Here, target: Path) -> None:
    chosen = here.chosen("CT", "US")
    form = ExitForm(chosen, is_nameless=True)
    with pytest.raises(InvalidInputError, match="Look through"):
        here.exit.take_out(here.node.session("doctor"), form, target)
    assert not target.exists()
    seen = replace(form, series=tuple(replace(each, is_looked_at=True) for each in chosen))
    assert here.exit.take_out(here.node.session("doctor"), seen, target).files == 2


def test_what_would_leave_is_told_before(here: Here) -> None:
    doctor = here.node.session("doctor")
    told = {}
    for chosen in here.chosen():
        (told[chosen.uid],) = here.exit.look(doctor, chosen.study, [chosen.uid], Wish())
    of_modality = {each.study.series[0].modality.code: told[each.uid] for each in here.chosen()}
    assert of_modality["US"].needs_looking
    assert (of_modality["US"].columns, of_modality["US"].rows) == (320, 240)
    assert not of_modality["CT"].needs_looking
    assert of_modality["SR"].refusal is not None
    assert of_modality["CT"].files == 1
    assert of_modality["CT"].size_bytes > 30_000
    assert {"stays", "goes", "changed", "new"} == {fate.what for fate in of_modality["CT"].fates}
    plain = here.exit.look(doctor, here.chosen("CT")[0].study, [here.chosen("CT")[0].uid])
    assert plain[0].fates == ()
    with pytest.raises(NotFoundError):
        here.exit.look(doctor, here.chosen("CT")[0].study, ["9.9"])


@pytest.mark.parametrize("role", ["nurse", "registrar"])
def test_who_has_no_right_takes_nothing_out(here: Here, target: Path, role: str) -> None:
    session = here.node.session(role)  # type: ignore[arg-type]
    with pytest.raises(NotAllowedError):
        here.exit.take_out(session, ExitForm(here.chosen("CT")), target)
    with pytest.raises(NotAllowedError):
        here.exit.note(session, here.studies[0], "PNG")
    assert not target.exists()


def test_every_export_is_in_the_trail_before_it_is_tried(here: Here, target: Path) -> None:
    doctor = here.node.session("doctor")
    target.mkdir()
    before = len(here.events())
    with pytest.raises(ConflictError, match="there already"):
        here.exit.take_out(doctor, ExitForm(here.chosen("CT")), target)
    assert list(target.iterdir()) == []
    here.exit.take_out(doctor, ExitForm(here.chosen("CT")), target / "new")
    here.exit.note(doctor, here.studies[0], "PNG, with the patient")
    told = "".join(here.events()[: len(here.events()) - before])
    assert told.count("DICOM folder, with the patient, 1 series") == 1
    assert "PNG, with the patient" in told


def test_stopping_leaves_nothing(here: Here, target: Path) -> None:
    def watch(done: int, _of: int) -> None:
        if done == 2:
            raise StoppedError

    for form in (ExitForm(here.chosen()), ExitForm(here.chosen(), is_archive=True)):
        with pytest.raises(StoppedError):
            here.exit.take_out(here.node.session("doctor"), form, target, watch)
        assert list(target.parent.iterdir()) == []


def test_a_full_disk_is_told_before_and_while_writing(here: Here, target: Path) -> None:
    doctor = here.node.session("doctor")
    trail = Trail(here.node.store, here.node.clock)
    full = ImageExit(here.node.store, trail, free=lambda _path: 5 << 20)
    with pytest.raises(DiskFullError, match="5 MB"):
        full.take_out(doctor, ExitForm(here.chosen("CT")), target)
    with pytest.raises(StorageError):
        here.exit.take_out(doctor, ExitForm(here.chosen("CT")), target / "no such" / "x")
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("is_archive", [False, True])
def test_a_stick_that_is_pulled_out_meanwhile_is_a_sentence(here: Here, target: Path, is_archive: bool) -> None:
    def watch(done: int, _of: int) -> None:
        if done == 2:
            shutil.rmtree(target.parent)

    with pytest.raises(StorageError, match="is not there any more") as caught:
        here.exit.take_out(here.node.session("doctor"), ExitForm(here.chosen(), is_archive=is_archive), target, watch)
    assert str(target.parent) in str(caught.value)
    assert not target.parent.exists()


def test_nothing_chosen_and_nothing_left_are_sentences(here: Here, target: Path) -> None:
    doctor = here.node.session("doctor")
    with pytest.raises(InvalidInputError, match="at least one"):
        here.exit.take_out(doctor, ExitForm(()), target)
    with pytest.raises(InvalidInputError, match="stays here"):
        here.exit.take_out(doctor, ExitForm(here.chosen("SR"), is_nameless=True), target)
    with pytest.raises(NotFoundError):
        here.exit.take_out(doctor, ExitForm((Chosen(here.studies[0], "9.9"),)), target)
    assert not target.exists()


def test_a_file_that_cannot_be_listed_is_refused_and_one_is_not_put_in_twice(here: Here, tmp_path: Path) -> None:
    data = here.bytes_of(here.chosen("CT")[0])
    dataset = read_dataset(data)
    with folder_in_making(tmp_path / "set") as making:
        making.add(data, dataset)
        making.add(data, dataset)
        assert len(making) == 1
        broken = read_dataset(data)
        del broken.SOPClassUID
        broken.SOPInstanceUID = "1.2.3"
        with pytest.raises(UnreadableFileError, match="listed"):
            making.add(data, broken)
        finished = making.finished("words\n")
        assert len(_left(finished)) == 1
    assert list(tmp_path.iterdir()) == []
