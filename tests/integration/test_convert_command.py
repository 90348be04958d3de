"""``main.py convert`` as people and scripts call it: no window, one sentence, an exit code, nothing half-written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest

from clinic_app.convert_command import convert
from clinic_app.waveforms import PatientText
from clinic_app.waveforms.formats import read, write
from tests.helpers.recordings import assert_same_signal, channel, recording, with_gaps

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
        (["{source}", "{source}"], "уже есть"),
        (["{source}", "{folder}/out.wav"], "только звуки одной частоты"),
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

    monkeypatch.setattr("clinic_app.waveforms.formats.catalogue.write_atomically", refused)
    assert convert([str(source), str(tmp_path / "out.edf")]) == 1
    assert "No such file or directory" in capsys.readouterr().err
