"""The whole table of rights said again, by hand: a right that appears or vanishes has to be written in two places.

Each letter is one action: c(reate), r(ead), u(pdate), s(ign), x (send). A dot is a refusal.
"""

from __future__ import annotations

from typing import Final, get_args

import pytest

from clinic_app.access import ACTIONS, ROLES, Action, Role, Session
from clinic_app.access.permissions import may
from clinic_app.foundation.errors import NotAllowedError
from clinic_app.records.codec import TYPES

COLUMNS: Final[tuple[Role, ...]] = ("registrar", "nurse", "doctor", "specialist", "administrator")
LETTERS: Final[dict[Action, str]] = {"create": "c", "read": "r", "update": "u", "sign": "s", "send": "x"}
TABLE: Final = """
                    registrar nurse doctor specialist administrator
Organization        .r...     .r... .r...  .r...      cru..
Practitioner        .r...     .r... .r...  .r...      cru..
Device              .r...     .r... .r...  .r...      cru..
Patient             cru..     cru.. cru..  cru..      .....
Observation         .....     cru.. cru..  cru..      .....
AllergyIntolerance  .....     cru.. cru..  cru..      .....
ImagingStudy        .....     cru.. cru..  cru..      .....
DocumentReference   .....     cru.. crusx  crusx      .....
ServiceRequest      .....     .r... crusx  crusx      .....
Task                .....     .r... cru.x  cru.x      .....
Communication       .....     ..... cru.x  cru.x      .....
Composition         .....     ..... cru..  cru..      .....
Bundle              .....     ..... cru..  cru..      .....
DiagnosticReport    .....     ..... .r...  crusx      .....
CarePlan            .....     ..... .r...  crusx      .....
Provenance          .....     ..... cr...  cr...      .....
AuditEvent          .....     ..... .....  .....      .r...
"""


def _cells() -> list[tuple[Role, str, str]]:
    _, head, *lines = TABLE.splitlines()
    assert tuple(head.split()) == COLUMNS
    return [
        (role, type_name, allowed)
        for type_name, *cells in map(str.split, lines)
        for role, allowed in zip(COLUMNS, cells, strict=True)
    ]


CELLS: Final = _cells()


def _session(role: Role) -> Session:
    return Session("p", "Name", "login", role, "org", "Hospital")


@pytest.mark.parametrize(("role", "type_name", "allowed"), CELLS, ids=str)
def test_a_role_may_do_to_a_record_what_the_table_says_and_no_more(role: Role, type_name: str, allowed: str) -> None:
    done = "".join(LETTERS[action] if may(role, action, type_name) else "." for action in LETTERS)
    assert done == allowed


@pytest.mark.parametrize(("role", "type_name", "allowed"), CELLS, ids=str)
def test_a_session_asks_the_same_table(role: Role, type_name: str, allowed: str) -> None:
    for action, letter in LETTERS.items():
        is_refused = False
        try:
            _session(role).require(action, type_name)
        except NotAllowedError:
            is_refused = True
        assert is_refused is (letter not in allowed)
        assert _session(role).can(action, type_name) is (letter in allowed)


def test_the_table_names_every_role_every_action_and_every_type_we_model() -> None:
    assert set(COLUMNS) == set(ROLES) == set(get_args(Role))
    assert set(LETTERS) == set(ACTIONS) == set(get_args(Action))
    assert {type_name for _, type_name, _ in CELLS} == set(TYPES)


@pytest.mark.parametrize("role", COLUMNS)
def test_who_may_write_a_record_may_read_it(role: Role) -> None:
    for _, type_name, allowed in (cell for cell in CELLS if cell[0] == role):
        assert "r" in allowed or not set(allowed) - {"."}, type_name


def test_a_specialist_may_do_whatever_a_doctor_may() -> None:
    doctor = {type_name: set(allowed) for role, type_name, allowed in CELLS if role == "doctor"}
    specialist = {type_name: set(allowed) for role, type_name, allowed in CELLS if role == "specialist"}
    assert all(doctor[name] - {"."} <= specialist[name] for name in doctor)


@pytest.mark.parametrize("type_name", ["patient", "Patient ", "", "*", "Resource", "Binary"])
@pytest.mark.parametrize("role", COLUMNS)
def test_a_type_that_is_only_nearly_one_of_ours_is_denied_to_everybody(role: Role, type_name: str) -> None:
    assert not any(may(role, action, type_name) for action in ACTIONS)
