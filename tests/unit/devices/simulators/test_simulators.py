"""Simulated devices against the parsers of the real ones: what is played is what is heard."""

from __future__ import annotations

import socket
import threading
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from clinic_app.devices.astm.frames import ACK, NAK
from clinic_app.devices.astm.parser import AstmParser
from clinic_app.devices.block import Block, Numerics
from clinic_app.devices.driver import Item, Parser
from clinic_app.devices.oximeter.parser import OximeterParser
from clinic_app.devices.poct.parser import PoctParser
from clinic_app.devices.replay import Replay, load_ecg, simulated_pleth
from clinic_app.devices.result import Result
from clinic_app.devices.serial_ecg.parser import SerialEcgParser
from clinic_app.devices.simulators.__main__ import astm_message, main, make_player, poct_observation
from clinic_app.devices.simulators.analysers import MOST_TRIES, AnalyserPlayer, PoctPlayer
from clinic_app.devices.simulators.player import Player
from clinic_app.devices.simulators.waves import EcgPlayer, OximeterPlayer
from tests.helpers.device_lines import arrival
from tests.helpers.pseudo_terminal import PseudoCable


@pytest.fixture(scope="module")
def ecg() -> Replay:
    return load_ecg(Path(str(get_testdata_file("waveform_ecg.dcm", download=False))))


def heard(player: Player, parser: Parser, seconds: float, step_s: float = 0.02) -> list[Item]:
    """Let both talk without any line between them."""
    items: list[Item] = []
    answer = parser.begin(arrival())
    said = player.begin(1000.0)
    for place in range(round(seconds / step_s)):
        at = arrival(place * step_s)
        parsed = parser.feed(said, at)
        items += parsed.items
        said = player.step(answer + parsed.answer, at.monotonic_s)
        answer = b""
    return items


def test_an_amplifier_plays_a_recording_to_the_sample(ecg: Replay) -> None:
    items = heard(EcgPlayer(ecg, run=1, first=2**32 - 100), SerialEcgParser("ECG"), 3.0)
    blocks = [item for item in items if isinstance(item, Block)]
    assert blocks[0].first_index == 0
    assert all(b.first_index == a.first_index + a.samples.shape[1] for a, b in pairwise(blocks))
    played = np.concatenate([block.samples for block in blocks], axis=1)
    assert played.shape[1] >= ecg.rate_hz * 2.8
    assert np.abs(played - ecg.cut(0, played.shape[1])).max() <= ecg.resolution / 2 + 1e-3


def test_an_amplifier_that_was_not_heard_goes_on_from_now(ecg: Replay) -> None:
    player, parser = EcgPlayer(ecg, run=1), SerialEcgParser("ECG")
    parser.feed(player.begin(0.0) + player.step(b"", 1.0), arrival())
    late = [item for item in parser.feed(player.step(b"", 61.0), arrival()).items if isinstance(item, Block)]
    assert late == []
    (block, *_) = parser.feed(player.step(b"", 61.1), arrival()).items
    assert isinstance(block, Block)
    assert block.first_index >= 60 * ecg.rate_hz


@pytest.mark.parametrize("is_newer", [True, False])
def test_an_oximeter_plays_its_curve_and_numbers(ecg: Replay, is_newer: bool) -> None:
    items = heard(OximeterPlayer(simulated_pleth(ecg), is_newer=is_newer), OximeterParser("OXI"), 3.0)
    blocks = [item for item in items if isinstance(item, Block)]
    assert sum(block.samples.shape[1] for block in blocks) >= 170
    assert all(b.first_index == a.first_index + a.samples.shape[1] for a, b in pairwise(blocks))
    assert np.ptp(np.concatenate([block.samples[0] for block in blocks])) > 50
    numbers = [item for item in items if isinstance(item, Numerics)]
    assert numbers[0].values["MDC_PULS_OXIM_SAT_O2"].value == 96


def test_an_analyser_sends_every_message_once() -> None:
    messages = [astm_message(f"S-{place}", "640305400123", "Иванов", f"{place}.5") for place in range(1, 4)]
    player = AnalyserPlayer(messages, rest_s=0.1)
    results = [item for item in heard(player, AstmParser("AU", {"specimen": "blood"}), 5.0) if isinstance(item, Result)]
    assert [(each.sample_id, each.value) for each in results] == [
        ("S-1", Decimal("1.5")),
        ("S-2", Decimal("2.5")),
        ("S-3", Decimal("3.5")),
    ]
    assert (player.left, player.delivered) == (0, messages)


def test_an_analyser_sends_again_what_was_refused_and_gives_up_in_the_end() -> None:
    player = AnalyserPlayer([astm_message("S-1")], rest_s=0.0)
    player.begin(0.0)
    assert player.step(b"", 0.1) == b"\x05"
    first = player.step(ACK, 0.2)
    assert all(player.step(NAK, 0.2) == first for _ in range(MOST_TRIES - 1))
    assert player.step(NAK, 0.3) == b"\x04"
    assert player.left == 1
    assert player.step(b"", 0.4) == b"\x05"


def test_an_analyser_without_an_answer_breaks_off_and_begins_anew() -> None:
    player = AnalyserPlayer([astm_message("S-1")], patience_s=1.0, rest_s=0.5)
    player.begin(0.0)
    assert player.step(b"", 0.1) == b""
    assert player.step(b"", 0.6) == b"\x05"
    assert player.step(b"", 1.0) == b""
    assert player.step(b"", 2.0) == b"\x04"
    assert player.step(b"", 2.1) == b""
    assert player.step(b"", 2.6) == b"\x05"


def test_a_bedside_analyser_gives_every_observation_once() -> None:
    bodies = [poct_observation(f"S-{place}", "640305400123", f"{place}.5") for place in range(1, 4)]
    player = PoctPlayer(bodies)
    results = [item for item in heard(player, PoctParser("POC"), 2.0) if isinstance(item, Result)]
    assert [(each.sample_id, each.patient_id) for each in results] == [(f"S-{p}", "640305400123") for p in (1, 2, 3)]
    assert (player.left, player.delivered) == (0, bodies)
    player.add(poct_observation("S-4"))
    assert b"S-4" in player.step(b"", 2000.0)


def test_a_bedside_analyser_without_an_answer_says_hello_again() -> None:
    player = PoctPlayer([], patience_s=1.0)
    assert b"HEL.R01" in player.begin(0.0)
    assert player.step(b"", 0.5) == b""
    assert b"HEL.R01" in player.step(b"", 1.5)


def test_each_kind_can_be_made() -> None:
    kinds = {kind: type(make_player(kind)).__name__ for kind in ("ecg", "oximeter-old", "analyser", "bedside-analyser")}
    assert kinds == {
        "ecg": "EcgPlayer",
        "oximeter-old": "OximeterPlayer",
        "analyser": "AnalyserPlayer",
        "bedside-analyser": "PoctPlayer",
    }


def test_a_recording_that_cannot_be_played_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.dcm").write_bytes(b"x")
    assert main(["ecg", "--serial", "nowhere", "--ecg", str(tmp_path / "x.dcm")]) == 1
    assert "x.dcm" in capsys.readouterr().err


def test_a_simulator_plays_on_a_cable() -> None:
    cable = PseudoCable()
    assert main(["oximeter-old", "--serial", cable.port, "--seconds", "0.3"]) == 0
    items = OximeterParser("OXI").feed(cable.read(1.0), arrival()).items
    assert any(isinstance(item, Block) for item in items)
    cable.pull_out()


def test_a_simulator_calls_a_workstation() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        run = threading.Thread(target=main, args=(["bedside-analyser", "--call", address, "--seconds", "0.3"],))
        run.start()
        connection, _ = server.accept()
        with connection:
            assert b"HEL.R01" in connection.recv(4096)
            run.join()
