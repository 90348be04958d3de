"""The whole table of rights said again, by hand: a right that appears or vanishes has to be written in two places.

Each letter is one action: c(reate), r(ead), u(pdate), s(ign), x (send), l(imit: restrict a record), e(mergency),
v (review), o (take out: export). A dot is nothing at all.
"""

from __future__ import annotations

from typing import Final, get_args

import pytest

from clinic_app.access import ACTIONS, ROLES, Action, Relation, Role, Session
from clinic_app.access.permissions import PERSONAL, RELATIONS, RULES, may
from clinic_app.foundation.errors import NotAllowedError
from clinic_app.records.codec import TYPES

LETTERS: Final[dict[Action, str]] = {
    "create": "c", "read": "r", "update": "u", "sign": "s", "send": "x", "restrict": "l", "override": "e",
    "review": "v", "export": "o",
}  # fmt: skip
COLUMNS: Final[tuple[Role, ...]] = (
    "registrar", "nurse", "doctor", "specialist", "laboratory", "administrator", "statistician", "auditor",
)  # fmt: skip
OWN: Final = """
                    registrar nurse doctor specialist laboratory administrator statistician auditor
Organization        r         r     r      r          r          cru           r            r
Practitioner        r         r     r      r          r          cru           .            r
Device              r         r     r      r          r          cru           .            r
Patient             cru       crue  crule  crule      r          .             .            .
Observation         .         cru   cru    cru        cru        .             .            .
AllergyIntolerance  .         cru   cru    cru        .          .             .            .
ImagingStudy        .         cru   cruo   cruo       .          .             .            .
DocumentReference   .         cru   crusx  crusx      .          .             .            .
ServiceRequest      .         r     crusx  crusx      r          .             .            .
Task                .         r     crux   crux       r          .             .            .
Communication       .         .     crux   crux       .          .             .            .
Composition         .         .     cru    cru        .          .             .            .
Encounter           cru       cru   cru    cru        .          .             .            .
Appointment         cru       cru   cru    cru        .          .             .            .
Bundle              .         .     cru    cru        .          .             .            .
DiagnosticReport    .         .     r      crusx      .          .             .            .
CarePlan            .         .     r      crusx      .          .             .            .
Provenance          .         .     cr     cr         .          .             .            .
AuditEvent          .         .     .      .          .          .             .            rv
MeasureReport       .         .     .      .          .          .             r            r
"""
REFERRED: Final = """
                    registrar nurse doctor specialist laboratory administrator statistician auditor
Patient             r         e     re     re         r          .             .            .
Observation         .         .     r      cru        cru        .             .            .
AllergyIntolerance  .         .     r      cru        .          .             .            .
ImagingStudy        .         .     r      cruo       .          .             .            .
DocumentReference   .         .     r      crusx      .          .             .            .
ServiceRequest      .         .     r      rx         r          .             .            .
Task                .         .     r      cru        r          .             .            .
Communication       .         .     r      cru        .          .             .            .
Composition         .         .     r      r          .          .             .            .
Encounter           .         .     r      r          .          .             .            .
Appointment         .         .     r      r          .          .             .            .
Bundle              .         .     r      r          .          .             .            .
DiagnosticReport    .         .     r      crusx      .          .             .            .
CarePlan            .         .     r      crusx      .          .             .            .
Provenance          .         .     r      cr         .          .             .            .
"""
EMERGENCY: Final = """
                    registrar nurse doctor specialist laboratory administrator statistician auditor
Patient             .         re    re     re         .          .             .            .
Observation         .         cr    cr     cr         .          .             .            .
AllergyIntolerance  .         cr    cr     cr         .          .             .            .
ImagingStudy        .         cr    cr     cr         .          .             .            .
DocumentReference   .         cr    cr     cr         .          .             .            .
ServiceRequest      .         .     r      r          .          .             .            .
Task                .         .     r      r          .          .             .            .
Communication       .         .     r      r          .          .             .            .
Composition         .         .     r      r          .          .             .            .
Encounter           .         .     r      r          .          .             .            .
Appointment         .         .     r      r          .          .             .            .
Bundle              .         .     r      r          .          .             .            .
DiagnosticReport    .         .     r      r          .          .             .            .
CarePlan            .         .     r      r          .          .             .            .
Provenance          .         .     r      r          .          .             .            .
"""
TABLES: Final[dict[Relation, str]] = {"own": OWN, "referred": REFERRED, "emergency": EMERGENCY}
Cell = tuple[Relation, Role, str, str]


def _cells() -> list[Cell]:
    cells: list[Cell] = []
    for relation, table in TABLES.items():
        _, head, *lines = table.splitlines()
        assert tuple(head.split()) == COLUMNS
        cells += [
            (relation, role, type_name, "".join(sorted(allowed.replace(".", ""))))
            for type_name, *row in map(str.split, lines)
            for role, allowed in zip(COLUMNS, row, strict=True)
        ]
    return cells


CELLS: Final = _cells()
OWN_CELLS: Final = [cell[1:] for cell in CELLS if cell[0] == "own"]


def _session(role: Role) -> Session:
    return Session("p", "Name", "login", role, "org", "Hospital")


def _allowed(role: Role, type_name: str, *relations: Relation) -> str:
    return "".join(sorted(letter for action, letter in LETTERS.items() if may(role, action, type_name, relations)))


@pytest.mark.parametrize("relation", TABLES)
@pytest.mark.parametrize("role", COLUMNS)
def test_a_role_may_do_to_a_record_what_the_table_says_and_no_more(role: Role, relation: Relation) -> None:
    cells = {name: allowed for held, who, name, allowed in CELLS if (held, who) == (relation, role)}
    assert {name: _allowed(role, name, relation) for name in cells} == cells


@pytest.mark.parametrize("role", COLUMNS)
def test_a_session_can_what_it_can_for_some_patient(role: Role) -> None:
    session = _session(role)
    for type_name in {*TYPES, "MeasureReport"}:
        somehow = {letter for _, who, name, allowed in CELLS if (who, name) == (role, type_name) for letter in allowed}
        for action, letter in LETTERS.items():
            is_refused = False
            try:
                session.require(action, type_name)
            except NotAllowedError:
                is_refused = True
            assert session.can(action, type_name) is not is_refused
            assert session.can(action, type_name) is (letter in somehow), (action, type_name)


@pytest.mark.parametrize("role", COLUMNS)
def test_a_stranger_s_patient_is_nobody_s(role: Role) -> None:
    """Not ours, not referred: what is left is asking for an emergency."""
    assert {_allowed(role, type_name) for type_name in PERSONAL} <= {"", "e"}


@pytest.mark.parametrize("held", [("own", "restricted"), ("referred", "restricted"), ("restricted",)])
@pytest.mark.parametrize("role", COLUMNS)
def test_a_restricted_record_is_closed_whatever_else_holds(role: Role, held: tuple[Relation, ...]) -> None:
    assert {_allowed(role, type_name, *held) for type_name in PERSONAL} <= {"", "e"}


def test_the_tables_name_every_role_every_action_and_every_type_we_model() -> None:
    assert set(COLUMNS) == set(ROLES) == set(get_args(Role))
    assert set(LETTERS) == set(ACTIONS) == set(get_args(Action))
    assert {type_name for _, type_name, _ in OWN_CELLS} == {*TYPES, "MeasureReport"}
    assert set(TABLES) | {"restricted"} == set(RELATIONS)
    for relation in ("referred", "emergency"):
        assert {type_name for held, _, type_name, _ in CELLS if held == relation} == set(PERSONAL)


def test_every_line_of_the_table_says_something() -> None:
    assert all(rule.roles and rule.actions and rule.types for rule in RULES)


@pytest.mark.parametrize("relation", TABLES)
@pytest.mark.parametrize("role", COLUMNS)
def test_who_may_write_a_record_may_read_it(role: Role, relation: Relation) -> None:
    for held, _, type_name, allowed in (cell for cell in CELLS if cell[1] == role):
        if held == relation:
            assert "r" in allowed or allowed in ("", "e"), type_name


@pytest.mark.parametrize("relation", TABLES)
def test_a_specialist_may_do_whatever_a_doctor_may(relation: Relation) -> None:
    for held, role, type_name, allowed in CELLS:
        if held == relation and role == "doctor":
            assert set(allowed) <= set(_allowed("specialist", type_name, relation)), type_name


@pytest.mark.parametrize("type_name", ["patient", "Patient ", "", "*", "Resource", "Binary"])
@pytest.mark.parametrize("role", COLUMNS)
def test_a_type_that_is_only_nearly_one_of_ours_is_denied_to_everybody(role: Role, type_name: str) -> None:
    assert not any(may(role, action, type_name) for action in ACTIONS)
    assert _allowed(role, type_name, *TABLES) == ""
