"""Every parser takes its seeds, and mutated ones are taken or refused with a sentence; nothing else comes out."""

from __future__ import annotations

import ast
import importlib.util
import sys
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from tests.fuzz.__main__ import main
from tests.fuzz.cable_parsers import CABLE_PARSERS
from tests.fuzz.mutating import mutated
from tests.fuzz.parsers import PARSERS, Parser
from tests.fuzz.recording_parsers import RECORDING_PARSERS

ROOT = Path(__file__).parents[3]
RUNS = {
    "dicom": 300,
    "settings": 300,
    "dropped file": 300,
    "image from a device": 300,
    "question for the worklist": 500,
    "question for what is kept": 500,
    "recording": 500,
    **dict.fromkeys(RECORDING_PARSERS, 150),
    **dict.fromkeys(CABLE_PARSERS, 400),
}
WITHOUT_GOOD_SEED = {"escrow key"}


@pytest.mark.parametrize("name", PARSERS)
def test_only_refusals_come_out_of_a_parser(name: str) -> None:
    parser = PARSERS[name]
    random = Random(f"{name} 2026")
    for data in islice(mutated(random, parser.seeds(), parser.largest_bytes), RUNS.get(name, 1500)):
        try:
            parser(data)
        except Exception as error:
            raise AssertionError(f"{name} breaks on {data!r}") from error


@pytest.mark.parametrize("name", sorted(PARSERS.keys() - WITHOUT_GOOD_SEED))
def test_its_seeds_are_good_or_the_fuzzer_would_only_see_the_door(name: str) -> None:
    parser = PARSERS[name]
    assert parser.seeds()
    assert all(parser(seed) for seed in parser.seeds())


def test_what_is_no_refusal_is_a_finding() -> None:
    def broken(data: bytes) -> None:
        if len(data) > 3:
            raise KeyError(data)
        raise InvalidInputError(Text("There is nobody to seal this to."))

    parser = Parser(broken, lambda: (b"abc",))
    assert parser(b"abc") is False
    with pytest.raises(KeyError):
        [parser(data) for data in islice(mutated(Random(1), parser.seeds(), 100), 300)]


def test_the_same_seed_mutates_in_the_same_way() -> None:
    first, second = (list(islice(mutated(Random(7), (b"abcdef" * 20, b"xyz"), 500), 200)) for _ in range(2))
    assert first == second
    assert len(set(first)) > 150
    assert all(len(data) <= 500 for data in first)


def test_every_module_that_reads_what_strangers_send_is_in_the_list() -> None:
    source = ast.parse((ROOT / "tests" / "fuzz" / "parsers.py").read_text(encoding="utf-8"))
    used = {node.module for node in ast.walk(source) if isinstance(node, ast.ImportFrom)}
    readers = {
        "clinic_app.imaging.reading",
        "clinic_app.imaging.codestream",
        "clinic_app.devices.hl7.message",
        "clinic_app.devices.hl7.mllp",
        "clinic_app.devices.hl7.waves",
        "clinic_app.hub.fhir_conditions",
        "clinic_app.hub.fhir_patch",
        "clinic_app.hub.fhir_write_bundles",
        "clinic_app.hub.fhir_write_references",
        "clinic_app.referral.archive",
        "clinic_app.referral.bundle",
        "clinic_app.sync.wire",
        "clinic_app.referral.manifest",
        "clinic_app.records",
        "clinic_app.keys.slot_file",
        "clinic_app.storage.contents.blob_format",
        "clinic_app.settings",
        "clinic_app.storage.patient_search",
        "clinic_app.waveforms",
        "clinic_app.keys",
    }
    assert readers <= used


def test_the_command_fuzzes_without_atheris_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["etag", "--plain", "--seconds", "0"]) == 0
    assert "etag: " in capsys.readouterr().out


def test_under_atheris_the_parser_itself_is_what_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("atheris") is None:
        assert sys.version_info[:2] != (3, 11) or sys.platform != "linux", "atheris belongs to this environment"
        return
    import atheris

    asked: list[object] = []
    monkeypatch.setattr(atheris, "instrument_imports", lambda include: nullcontext(asked.append(include)))
    monkeypatch.setattr(atheris, "Setup", lambda arguments, entry: asked.extend((arguments, entry)))
    monkeypatch.setattr(atheris, "Fuzz", lambda: asked.append("fuzzed"))
    assert main(["hl7", "--seconds", "3"]) == 0
    instrumented, arguments, entry, last = asked
    assert (instrumented, entry, last) == (["clinic_app"], PARSERS["hl7"], "fuzzed")
    assert "-max_total_time=3" in arguments  # type: ignore[operator]
