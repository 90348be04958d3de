"""A patient is found however he is typed; nothing typed is ever an operator."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app.records import ContactPoint, HumanName, Identifier, Patient
from clinic_app.storage import Store
from tests.helpers.stores import opened, patient


@pytest.fixture(scope="module")
def store(both_databases: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened(tmp_path_factory.mktemp("search")) as store:
        first = msgspec.structs.replace(
            patient("Қасымов", "Нұрлан", "Ғалымұлы", iin="850101300124"),
            telecom=(ContactPoint(system="phone", value="+7 (701) 123-45-67"),),
        )
        chart = Identifier(system="urn:dala:identifier:chart-number", value="KHR-26-000042")
        second = msgspec.structs.replace(patient("Щербакова", "Алёна", "Юрьевна"), identifier=(chart,))
        store.records.commit([first, second, patient("Иванов", "Иван"), Patient(id="nobody")])
        yield store


def families(store: Store, words: str) -> list[str | None]:
    return [each.name[0].family for each in store.records.search_patients(words)]


@pytest.mark.parametrize(
    "typed",
    [
        "Қасымов", "касымов", "КАСЫМОВ", "Qasymov", "Kassymov", "Нурлан", "нұр", "Nurlan Qas", "Галымулы",
        "  қасымов   нұрлан ", "850101300124", "850101", "касымов 8501", "+7 701 123 45 67",
        "8 701 1234567", "7011234567",
    ],
)  # fmt: skip
def test_one_patient_is_found_by_every_spelling_and_number(store: Store, typed: str) -> None:
    assert families(store, typed) == ["Қасымов"]


@pytest.mark.parametrize(
    "typed", ["Щербакова", "shcherbakova", "Алена", "alyona", "юрьевна", "KHR-26-000042", "000042"]
)
def test_another_patient_is_found_too(store: Store, typed: str) -> None:
    assert families(store, typed) == ["Щербакова"]


@pytest.mark.parametrize("typed", ["", " ", "...", "Петров", "касымов иванов", "999"])
def test_what_fits_nobody_finds_nobody(store: Store, typed: str) -> None:
    assert families(store, typed) == []


def test_an_edited_name_is_found_and_the_old_one_is_not(store: Store) -> None:
    (written,) = store.records.commit([patient("Төлегенов")])
    assert isinstance(written, Patient)
    store.records.commit([msgspec.structs.replace(written, name=(HumanName(family="Бекбосынов"),))])
    assert families(store, "толегенов") == []
    assert families(store, "бекбос") == ["Бекбосынов"]


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="\"'*():^-+{}|&\\ aN\x00OТ", max_size=40),
    st.sampled_from(
        [
            "NEAR(a b)",
            "id:1",
            "keys:иван",
            '"',
            '""',
            "a AND",
            "NOT x",
            "^иван",
            "{keys}:x",
            "a*b*",
            "\x00",
            "' OR 1=1 --",
        ]
    ),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE)
def test_nothing_typed_is_an_error_or_an_operator(store: Store, typed: str) -> None:
    found = store.records.search_patients(typed)
    assert len(found) <= 50


@pytest.mark.parametrize("typed", ["keys:иван", "NOT иван", "иван OR касымов", "NEAR(иван)", "{keys}:иван"])
def test_an_operator_is_only_a_word(store: Store, typed: str) -> None:
    assert families(store, typed) == []
