"""``main.py convert`` as people and scripts call it: no window, one sentence, an exit code, nothing half-written."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from clinic_app.convert_command import _compared, convert
from clinic_app.waveforms import PatientText
from clinic_app.waveforms.formats import read, write
from clinic_app.waveforms.formats.digits import samples_of
from clinic_app.waveforms.recording import RecordedChannel, Recording
from tests.helpers.recordings import BEGAN, assert_same_signal, channel, recording, with_gaps

ROOT = Path(__file__).parents[2]
WITHOUT_WINDOWS = """
import sys
for name in ("PySide6", "shiboken6", "pyqtgraph", "ui", "ui.shell"):
    sys.modules[name] = None
import main
sys.exit(main.main(sys.argv[1:]))
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(recording(with_gaps(channel("II"), (10, 40)), channel("V1", seed=2)), tmp_path / "in.hea")[0]


def test_the_program_converts_without_any_window_toolkit(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.edf"
    command = [sys.executable, "-c", WITHOUT_WINDOWS, "convert", str(source), str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert "every one of 1970 samples is the same" in done.stdout
    assert_same_signal(read(target), read(source))


def test_each_format_that_is_written_says_whether_every_sample_is_there(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for suffix in ("edf", "dcm", "csv", "pdf"):
        assert convert([str(source), str(tmp_path / f"out.{suffix}")]) == 0
        told = capsys.readouterr().out
        assert "channels: 2, 500 Hz, 2.0 s" in told
        assert (tmp_path / f"out.{suffix}").stat().st_size > 500
        assert ("is the same" in told) == (suffix in ("edf", "dcm"))


def test_what_was_rounded_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wide = write(recording(channel(largest=8_000_000), marks=()), tmp_path / "wide.hea")[0]
    assert convert([str(wide), str(tmp_path / "out.edf")]) == 0
    assert "were rounded" in capsys.readouterr().out


def test_without_the_patient_his_words_are_in_no_byte(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for suffix in ("edf", "hea", "dcm", "pdf"):
        target = tmp_path / f"bare.{suffix}"
        assert convert([str(source), str(target), "--without-patient"]) == 0
        assert "look whether they name somebody" in capsys.readouterr().out
        data = target.read_bytes()
        assert b"640305300123" not in data
        assert b"Akhmetova" not in data
    assert read(tmp_path / "bare.edf").patient_text == PatientText()
    assert convert([str(source), str(tmp_path / "named.edf")]) == 0
    assert read(tmp_path / "named.edf").patient_text.identifier == "640305300123"


def test_a_stretch_and_a_format_by_its_code(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "part.bin"
    assert convert([str(source), str(target), "--format", "edf", "--from", "0.5", "--seconds", "1"]) == 0
    assert read(target).duration_s == 1
    assert not (tmp_path / "part.edf").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{folder}/nothing.edf", "{folder}/out.edf"], "Файла «nothing.edf» нет."),
        (["{source}", "{folder}/out.xyz"], "Неизвестно, в каком формате"),
        (["{source}", "{folder}/out.scp"], "здесь можно прочитать, но не записать"),
        (["{source}", "{folder}/none/out.edf"], "Папки"),
        (["{source}", "{source}"], "что и читается"),
        (["{source}", "{folder}/out.wav"], "«II» — не звук"),
        (["{source}", "{folder}/out.edf", "--from", "99"], "запись уже кончилась"),
        (["{folder}/in.dat.bad", "{folder}/out.edf"], "нет сигнала"),
    ],
)
def test_a_refusal_is_one_sentence_in_the_language_asked_for(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    (tmp_path / "in.dat.bad").write_bytes(b"nonsense")
    before = sorted(tmp_path.iterdir())
    told = [word.format(folder=tmp_path, source=source) for word in words]
    assert convert([*told, "--language", "ru"]) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert said.lower() in error.lower()
    assert sorted(tmp_path.iterdir()) == before


def test_overwriting_has_to_be_asked_for(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.edf"
    assert convert([str(source), str(target)]) == 0
    old = target.read_bytes()
    assert convert([str(source), str(target), "--seconds", "1"]) == 1
    assert target.read_bytes() == old
    assert convert([str(source), str(target), "--seconds", "1", "--overwrite"]) == 0
    assert target.read_bytes() != old


def test_wrong_words_are_told_by_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["in.edf"], [], ["--nonsense"], ["a", "b", "c"]):
        with pytest.raises(SystemExit) as ended:
            convert(words)
        assert ended.value.code == 2
    assert "IN and OUT" in capsys.readouterr().err


def test_the_list_names_every_format_and_what_can_be_done_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert convert(["--list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert set(lines) == {"edf", "wfdb", "dicom", "csv", "wav", "flac", "scp", "aecg", "vital", "pdf"}
    assert " rw " in lines["edf"]
    assert " r- " in lines["scp"]
    assert " -w " in lines["pdf"]


def test_ctrl_c_ends_it_and_leaves_nothing(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("clinic_app.convert_command.read", interrupted)
    assert convert([str(source), str(tmp_path / "out.edf")]) == 130
    assert not (tmp_path / "out.edf").exists()


def test_a_pdf_speaks_the_language_asked_for(source: Path, tmp_path: Path) -> None:
    assert convert([str(source), str(tmp_path / "out.pdf"), "--language", "kk"]) == 0
    document = pypdfium2.PdfDocument(tmp_path / "out.pdf")
    words = document[0].get_textpage().get_text_range()
    document.close()
    assert "мм/с" in words
    assert "Akhmetova Aigul" in words


def test_a_place_that_is_none_is_a_sentence_and_no_trace(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_arguments: object) -> None:  # what Windows says to a name that is too long for it
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("clinic_app.waveforms.formats.catalogue.whole_file", refused)
    assert convert([str(source), str(tmp_path / "out.edf")]) == 1
    assert "No such file or directory" in capsys.readouterr().err


# --- what goes wrong ---


def _huge(kind: str) -> bytes:
    """Return a small file that claims to be enormous."""
    if kind == "edf":
        fields = [("0", 8), ("", 80), ("", 80), ("05.03.26", 8), ("07.00.00", 8), ("512", 8), ("", 44), ("99999999", 8),
                  ("1", 8), ("1", 4), ("A1", 16), ("", 80), ("uV", 8), ("-100", 8), ("100", 8), ("-32768", 8),
                  ("32767", 8), ("", 80), ("9999999", 8), ("", 32)]  # fmt: skip
        return b"".join(text.encode().ljust(size) for text, size in fields) + bytes(1000)
    if kind == "hea":
        return b"in 500 500 999999999999\nin.dat 16 200(0)/mV 16 0 0 0 0 I\n" + b"in.dat 16 200/mV 16 0 0 0 0 I\n" * 499
    return (
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x44\xac\0\0\x88\x58\x01\0\x02\0\x10\0data\xf0\xff\xff\x7f"
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.edf", b""), ("empty.hea", b""), ("one.dcm", b"\0"), ("noise.edf", bytes(range(256)) * 40),
        ("dicom.dcm", bytes(128) + b"DICM" + b"\xff" * 500), ("edf.edf", b"0       " + b"\xff" * 600),
        ("xml.xml", b"<a" * 5000), ("huge.edf", _huge("edf")), ("huge.hea", _huge("hea")), ("huge.wav", _huge("wav")),
    ],
)  # fmt: skip
def test_garbage_nothing_and_huge_claims_are_one_sentence_and_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    assert convert([str(tmp_path / name), str(tmp_path / "out.edf")]) == 1
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1
    assert not said.out
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_target_that_cannot_be_written_is_told_and_leaves_nothing(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "out.edf"
    taken.mkdir()
    before = sorted(tmp_path.rglob("*"))
    for target in (taken, tmp_path / ("x" * 300 + ".edf")):
        assert convert([str(source), str(target), "--overwrite"]) == 1
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert convert([str(tmp_path), str(tmp_path / "two.edf")]) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_read_is_never_written_over(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    for target in (source, tmp_path / "in.dat", tmp_path / "." / "in.hea"):
        assert convert([str(source), str(target), "--format", "wfdb", "--overwrite"]) == 1
        assert "give OUT another name" in capsys.readouterr().err
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_marks_of_the_record_that_was_replaced_are_none_of_the_new_one(tmp_path: Path) -> None:
    write(recording(), tmp_path / "old.edf")
    write(recording(marks=()), tmp_path / "new.edf")
    assert convert([str(tmp_path / "old.edf"), str(tmp_path / "one.hea")]) == 0
    assert (tmp_path / "one.atr").exists()
    (tmp_path / "one.hea").unlink()
    assert convert([str(tmp_path / "new.edf"), str(tmp_path / "one.hea")]) == 1, "what lies beside it counts too"
    assert convert([str(tmp_path / "new.edf"), str(tmp_path / "one.hea"), "--overwrite"]) == 0
    assert read(tmp_path / "one.hea").marks == ()


def test_ctrl_c_in_the_middle_of_writing_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    leads = [channel(label, 600_000, seed=seed) for seed, label in enumerate(("I", "II", "V1", "V2"))]
    source = write(recording(*leads, marks=()), tmp_path / "long.hea")[0]
    before = sorted(tmp_path.iterdir())
    command = [sys.executable, "-u", "main.py", "convert", str(source), str(tmp_path / "out.csv")]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert "channels: 4" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.strip() == "Stopped. Nothing was kept of it."
    assert not out
    assert sorted(tmp_path.iterdir()) == before


# --- what the figures say ---


def test_a_hole_at_the_end_is_kept_and_told_as_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(recording(with_gaps(channel(count=5000), (1000, 2500), (3900, 5000))), tmp_path / "in.hea")[0]
    assert convert([str(source), str(tmp_path / "out.edf")]) == 0
    assert capsys.readouterr().out.strip().endswith("every one of 2400 samples is the same.")
    assert_same_signal(read(tmp_path / "out.edf"), read(source))


def test_half_a_step_is_not_called_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    step = 200 / 65535
    lead = RecordedChannel("II", "II", "uV", 500.0, samples_of(np.arange(-900, 900), step, step / 2), step, step / 2)
    source = write(recording(lead), tmp_path / "in.edf")[0]
    assert convert([str(source), str(tmp_path / "out.hea")]) == 0
    assert "every one of 1800 samples is the same" in capsys.readouterr().out
    np.testing.assert_array_equal(read(tmp_path / "out.hea").channels[0].samples, read(source).channels[0].samples)
    moved = Recording((replace(lead, samples=lead.samples + np.float32(step / 2)),), BEGAN, "x")
    told = _compared(Recording((lead,), BEGAN, "x"), (moved,), "en")
    assert "of 1800 samples 1800 were rounded, by 0.0015 uV at most" in told


def test_silence_for_a_gap_a_missing_channel_and_a_shorter_end_are_told_apart() -> None:
    one = with_gaps(channel(), (10, 30), (990, 1000))
    whole = Recording((one, channel("V1", seed=2)), BEGAN, "x")
    filled = replace(one, samples=np.nan_to_num(one.samples)[:990])
    told = _compared(whole, (Recording((filled,), BEGAN, "x"),), "en")
    assert "1970 samples. 1000 of them are not there." in told
    assert "20 lost samples have become values: this format has no gaps." in told
    assert "10 lost samples at the end are left out." in told


def test_a_sound_file_says_which_signal_is_no_sound(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for end in ("wav", "flac"):
        assert convert([str(source), str(tmp_path / f"out.{end}")]) == 1
        assert "“II” is no sound" in capsys.readouterr().err
