"""Layouts as people write them; what is hung where; a site's own rules, good and bad."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from clinic_app.imaging import LocalFiles
from clinic_app.imaging.viewing.hanging import (
    ONE,
    Hung,
    Layout,
    Rule,
    Rules,
    Start,
    Wanted,
    hang,
    kind_of_study,
    newest_of,
    prior_of,
)
from clinic_app.imaging.viewing.hanging_rules import FILE_NAME, rules_of
from clinic_app.records import Coding, ImagingStudy, ImagingStudyInstance, ImagingStudySeries, Reference
from tests.helpers.dicom_files import bytes_of, made_file

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PICTURE, STATE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.11.1"
OWN, _NO_WORDS = rules_of(None)


def series(
    uid: str,
    images: int = 1,
    *,
    modality: str = "CT",
    words: str = "",
    number: int = 1,
    part: str = "",
    sop: str = PICTURE,
) -> ImagingStudySeries:
    return ImagingStudySeries(
        uid=uid,
        number=number,
        modality=Coding(code=modality),
        description=words or None,
        body_site=Coding(code=part) if part else None,
        instance=tuple(
            ImagingStudyInstance(uid=f"{uid}.{place}", sop_class=Coding(code=f"urn:oid:{sop}"), number=place)
            for place in range(1, images + 1)
        ),
    )


def study(name: str, *parts: ImagingStudySeries, days_ago: int = 0) -> ImagingStudy:
    return ImagingStudy(
        id=name,
        status="available",
        subject=Reference(reference="Patient/p1"),
        started=NOW - timedelta(days=days_ago),
        series=parts,
    )


def uids(hung: Hung) -> list[str]:
    return [start.series_uid if start else "" for start in hung.starts]


@pytest.mark.parametrize(("words", "rows", "columns"), [("1x1", 1, 1), ("2x3", 2, 3), (" 3X3 ", 3, 3)])
def test_a_layout_is_written_rows_first(words: str, rows: int, columns: int) -> None:
    found = Layout.parse(words)
    assert found == Layout(rows, columns)
    assert len(Layout(rows, columns)) == rows * columns
    assert str(found) == f"{rows}x{columns}"


@pytest.mark.parametrize("words", ["", "x", "2", "0x1", "4x1", "1x4", "2x2x2", "-1x2", "²x1", "1x9999999999999"])
def test_what_is_no_layout_is_none(words: str) -> None:
    assert Layout.parse(words) is None


def test_more_than_nine_panes_are_refused() -> None:
    with pytest.raises(ValueError, match="4x1"):
        Layout(4, 1)
    assert len(ONE) == 1


def test_a_ct_begins_with_its_largest_series_and_never_with_the_localizer() -> None:
    here = study("now", series("a", 300, words="Scout"), series("b", 40, number=2), series("c", 200, number=3))
    assert hang(OWN, (here,), here) == Hung(ONE, (Start("c"),), rule="CT")


def test_an_earlier_study_of_the_same_kind_hangs_at_the_right_and_leafs_along() -> None:
    now = study("now", series("a", 2), series("b", 200, number=2, words="Thorax 1 mm"))
    before = study("before", series("y", 210, words="Other"), series("z", 90, words="thorax 1 mm"), days_ago=90)
    older = study("older", series("o", 200, words="Thorax 1 mm"), days_ago=400)
    hung = hang(OWN, (now, before, older), now)
    assert (hung.layout, uids(hung), hung.is_linked) == (Layout(1, 2), ["b", "z"], True)


def test_what_came_later_or_is_of_another_kind_or_part_is_not_an_earlier_one() -> None:
    now = study("now", series("a", part="CHEST"), days_ago=10)
    later = study("later", series("b"))
    other_kind = study("mr", series("c", modality="MR"), days_ago=20)
    other_part = study("head", series("d", part="HEAD"), days_ago=20)
    assert prior_of((now, later, other_kind, other_part), now) is None
    same = study("chest", series("e", part="chest"), days_ago=30)
    unsaid = study("unsaid", series("f"), days_ago=40)
    assert prior_of((now, unsaid, same), now) is same
    assert prior_of((now, unsaid), now) is unsaid, "nobody says it is of another part"


def test_a_study_without_a_date_has_no_earlier_one() -> None:
    now = msgspec.structs.replace(study("now", series("a")), started=None)
    assert prior_of((now, study("before", series("b"), days_ago=3)), now) is None


def test_mr_fills_four_panes_in_the_order_of_its_numbers() -> None:
    parts = [series(uid, 20, modality="MR", number=number) for number, uid in enumerate("abcde", 1)]
    here = study("now", series("loc", 3, modality="MR", words="Survey", number=0), *reversed(parts))
    hung = hang(OWN, (here,), here)
    assert (hung.layout, uids(hung)) == (Layout(2, 2), ["a", "b", "c", "d"])


def test_the_earlier_mr_stands_to_the_right_of_each_series() -> None:
    now = study("now", *[series(f"n{i}", 20, modality="MR", words=f"T{i}", number=i) for i in (1, 2)])
    then = study("then", *[series(f"p{i}", 22, modality="MR", words=f"T{i}", number=i) for i in (2, 1)], days_ago=9)
    assert uids(hang(OWN, (now, then), now)) == ["n1", "p1", "n2", "p2"]


def test_two_views_of_an_x_ray_stand_beside_one_another_whether_in_one_series_or_in_two() -> None:
    one = study("one", series("a", 2, modality="DX"))
    hung = hang(OWN, (one,), one)
    assert hung.starts == (Start("a", "a.1"), Start("a", "a.2"))
    assert hung.layout == Layout(1, 2)
    two = study("two", series("a", modality="CR"), series("b", modality="CR", number=2))
    assert hang(OWN, (two,), two).starts == (Start("a", "a.1"), Start("b", "b.1"))


def test_one_x_ray_fills_the_place_and_the_earlier_one_comes_beside_it() -> None:
    now = study("now", series("a", modality="CR"))
    assert hang(OWN, (now,), now).layout == ONE
    before = study("before", series("b", modality="CR"), days_ago=30)
    assert uids(hang(OWN, (now, before), now)) == ["a", "b"]


def test_the_layout_somebody_chose_stands_and_the_rule_says_what_comes_first() -> None:
    parts = [series(uid, count, number=place) for place, (uid, count) in enumerate({"a": 5, "b": 90, "c": 40}.items())]
    here, before = study("now", *parts), study("before", series("p", 80), days_ago=9)
    assert uids(hang(OWN, (here,), here, Layout(2, 2))) == ["b", "c", "a", ""]
    assert uids(hang(OWN, (here, before), here, Layout(2, 2))) == ["b", "p", "c", "a"]
    assert uids(hang(OWN, (here, before), here, ONE)) == ["b"]


def test_what_shows_no_picture_of_its_own_is_not_hung() -> None:
    here = study("now", series("marks", modality="PR", sop=STATE), series("a", 3, number=2))
    assert uids(hang(OWN, (here,), here)) == ["a"]
    assert kind_of_study(here) == "CT"
    only = study("only", series("marks", modality="PR", sop=STATE))
    assert hang(OWN, (only,), only).starts == (None,)
    assert kind_of_study(only) == ""


def test_words_of_a_rule_choose_among_series_and_a_rule_for_a_body_part_only_fits_it() -> None:
    rules = Rules(
        (Rule(body=("knee", "колено"), layout="1x2", panes=(Wanted(words=("pd",)), Wanted(words=("t9",)))), Rule())
    )
    knee = study("k", series("a", words="T1"), series("b", words="PD fs", number=2, part="KNEE"))
    assert uids(hang(rules, (knee,), knee)) == ["b", ""]
    head = study("h", series("a", words="T1"), series("b", words="PD fs", number=2))
    assert uids(hang(rules, (head,), head)) == ["a"]


def test_a_wish_for_the_likeness_of_nothing_is_nothing() -> None:
    rules = Rules((Rule(layout="1x2", panes=(Wanted(series=9), Wanted(of="prior", like=1))),))
    here, before = study("now", series("a")), study("before", series("b"), days_ago=1)
    assert uids(hang(rules, (here, before), here)) == ["", ""]
    rules = Rules((Rule(layout="1x2", panes=(Wanted(like=5), Wanted(series=-1))),))
    assert uids(hang(rules, (here,), here)) == ["", ""]


def test_without_rules_the_first_series_is_shown() -> None:
    here = study("now", series("b", number=2), series("a"))
    assert hang(Rules(), (here,), here) == Hung(ONE, (Start("a"),))


# --- the files ---


def test_a_sites_rules_come_before_those_of_the_program(tmp_path: Path) -> None:
    site = {"rules": [{"modalities": ["CT"], "layout": "2x2", "name": "here"}]}
    (tmp_path / FILE_NAME).write_text(json.dumps(site), encoding="utf-8-sig")
    rules, words = rules_of(tmp_path)
    assert words is None
    here = study("now", series("a"))
    assert hang(rules, (here,), here).rule == "here"
    assert rules.localizers == OWN.localizers
    assert len(rules.rules) == len(OWN.rules) + 1


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "truncated"),
        ('{"rules": [{"layout": "5x5"}]}', "5x5"),
        ('{"rules": [{"layuot": "1x1"}]}', "layuot"),
        ('{"rules": [{"panes": [{"of": "next"}]}]}', "next"),
        ('{"rules": 5}', "array"),
        ("[" * 3000, "array"),
        (json.dumps({"rules": [{}] * 201}), "200 rules"),
        (" " * (300 << 10) + "{}", "256 KiB"),
    ],
)
def test_a_bad_file_gets_a_sentence_and_the_programs_rules_stand(tmp_path: Path, bad: str, said: str) -> None:
    (tmp_path / FILE_NAME).write_text(bad, encoding="utf-8")
    rules, words = rules_of(tmp_path)
    assert rules == OWN
    assert words is not None
    assert said in words.render("en")
    assert words.render("ru") != words.render("en")


def test_a_file_that_cannot_be_read_is_said_too(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b'{"rules": [{"name": "\xff"}]}')
    rules, words = rules_of(tmp_path)
    assert (rules, words is not None) == (OWN, True)
    assert rules_of(tmp_path / "nothing") == (OWN, None)


def test_the_programs_own_rules_are_good_ones() -> None:
    assert len(OWN.rules) >= 8
    assert OWN.rules[-1].modalities == ()
    assert all(len(rule.panes) <= len(Layout.parse(rule.layout) or ONE) for rule in OWN.rules)


def test_the_part_of_the_body_is_read_from_the_file_and_keeps_a_knee_from_a_chest(tmp_path: Path) -> None:
    for place, (part, day) in enumerate((("Chest", "20260301"), ("KNEE", "20260201"), ("", "20260101")), 1):
        made = made_file(
            np.zeros((4, 4), np.int16),
            sop_uid=f"1.2.{place}.1.1",
            StudyInstanceUID=f"1.2.{place}",
            SeriesInstanceUID=f"1.2.{place}.1",
            StudyDate=day,
            BodyPartExamined=part,
        )
        (tmp_path / f"{place}.dcm").write_bytes(bytes_of(made))
    studies = sorted(LocalFiles.of(tmp_path).studies, key=lambda each: each.series[0].uid)
    chest, knee, unsaid = studies
    assert chest.series[0].body_site is not None
    assert chest.series[0].body_site.code == "CHEST"
    assert unsaid.series[0].body_site is None
    assert prior_of(studies, chest) is unsaid
    assert uids(hang(OWN, studies, knee)) == ["1.2.2.1", "1.2.3.1"]


def test_the_study_taken_last_is_read_first_whenever_it_was_taken_in() -> None:
    old, new = study("old", series("a"), days_ago=400), study("new", series("b"))
    undated = msgspec.structs.replace(study("undated", series("c")), started=None)
    assert newest_of([old, undated, new]) is new
    assert newest_of([undated, old]) is old
    assert newest_of([undated]) is undated
