"""The table of rights: what is not in it is denied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clinic_app.access import ACTIONS, ROLE_WORDS, ROLES, Role, Session, permissions
from clinic_app.access.permissions import Rule, may
from clinic_app.foundation.errors import NotAllowedError
from clinic_app.records.codec import TYPES

CLINICAL = [
    "Observation",
    "AllergyIntolerance",
    "DocumentReference",
    "ImagingStudy",
    "DiagnosticReport",
    "CarePlan",
    "Task",
]


def session(role: Role) -> Session:
    return Session("p", "Name", "login", role, "org", "Hospital")


@pytest.mark.parametrize("type_name", CLINICAL)
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", ["registrar", "administrator", "statistician", "auditor"])
def test_reception_and_administration_see_no_findings(role: Role, action: str, type_name: str) -> None:
    assert not may(role, action, type_name)


@pytest.mark.parametrize("role", ["administrator", "statistician", "auditor"])
@pytest.mark.parametrize("action", ACTIONS)
def test_administrator_statistician_and_auditor_have_no_patients(role: Role, action: str) -> None:
    assert not may(role, action, "Patient")


@pytest.mark.parametrize("action", ACTIONS)
def test_a_statistician_reads_no_record_about_a_person(action: str) -> None:
    allowed = {type_name for type_name in (*TYPES, "MeasureReport") if may("statistician", action, type_name)}
    assert allowed == ({"Organization", "MeasureReport"} if action == "read" else set())


def test_a_line_that_denies_wins_over_every_line_that_allows_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mutant: the same table with the forbidding line first, last, and alone."""
    allow = Rule(frozenset({"doctor"}), frozenset({"read"}), frozenset({"Patient"}), frozenset())
    deny = replace(allow, relations=frozenset({"restricted"}), is_denied=True)
    for table in ((allow, deny), (deny, allow), (deny,)):
        monkeypatch.setattr(permissions, "RULES", table)
        assert not may("doctor", "read", "Patient", {"own", "restricted"})
        assert may("doctor", "read", "Patient", {"own"}) is (allow in table)
    monkeypatch.setattr(permissions, "RULES", (allow, replace(deny, relations=frozenset())))
    assert not may("doctor", "read", "Patient", {"own"})
    assert not may("doctor", "read", "Patient")


def test_a_table_that_names_a_role_nobody_has_does_not_load() -> None:
    with pytest.raises(ValueError, match="janitor"):
        permissions._rule("doctor janitor", "read", ("Patient",))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("type_name", TYPES)
def test_only_a_specialist_signs_an_answer(role: Role, type_name: str) -> None:
    if type_name in ("DiagnosticReport", "CarePlan"):
        assert may(role, "sign", type_name) == (role == "specialist")


@pytest.mark.parametrize("role", ROLES)
def test_nobody_changes_or_makes_audit_rows_by_hand(role: Role) -> None:
    assert not any(may(role, action, "AuditEvent") for action in ("create", "update", "sign", "send"))
    assert may(role, "read", "AuditEvent") == (role == "auditor")


@pytest.mark.parametrize("role", ROLES)
def test_only_an_administrator_makes_people(role: Role) -> None:
    assert may(role, "create", "Practitioner") == (role == "administrator")
    assert may(role, "read", "Practitioner") == (role != "statistician")


@pytest.mark.parametrize(
    ("role", "action", "type_name"),
    [
        ("registrar", "create", "Patient"),
        ("nurse", "create", "Observation"),
        ("nurse", "create", "DocumentReference"),
        ("doctor", "create", "ImagingStudy"),
        ("doctor", "send", "ServiceRequest"),
        ("doctor", "read", "DiagnosticReport"),
        ("specialist", "update", "Task"),
        ("specialist", "sign", "DiagnosticReport"),
        ("administrator", "update", "Organization"),
    ],
)
def test_everybody_can_do_his_work(role: Role, action: str, type_name: str) -> None:
    assert may(role, action, type_name)


@pytest.mark.parametrize(("role", "action"), [("janitor", "read"), ("", "read"), ("doctor", "erase"), ("doctor", "")])
def test_what_the_table_does_not_know_is_denied(role: str, action: str) -> None:
    assert not any(may(role, action, type_name) for type_name in TYPES)


def test_a_session_refuses_in_words_and_lets_pass_in_silence() -> None:
    session("nurse").require("create", "Observation")
    with pytest.raises(NotAllowedError, match="Nurse"):
        session("nurse").require("sign", "DiagnosticReport")


def test_every_role_has_a_word() -> None:
    assert set(ROLE_WORDS) == set(ROLES)
