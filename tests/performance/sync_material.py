"""What the benchmarks of the exchange send: measurements as the program's own rooms write them, each with a new id."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from clinic_app.access import Trail
from clinic_app.encounters import Encounters, VitalsForm
from clinic_app.foundation.ids import new_id
from clinic_app.records import HumanName, Identifier, Patient, Reference
from clinic_app.storage.exchange.exchange import Write
from clinic_app.terminology.systems import IIN
from tests.helpers.nodes import Node

ROOT: Final = Path(__file__).parents[2]
_OF_A_PATIENT: Final = 6
_FAMILIES: Final = ("Қасымов", "Өмірзақов", "Сәдуақасова", "Жүнісова", "Нұрмағамбетов", "Петров", "Ким", "Әлібекқызы")


def measure_patients(here: Node, count: int, seed: int = 1) -> None:
    """Save ``count`` measurements or a few more of random patients at a workstation, by the service that does it.

    Args:
        here: the workstation.
        count: Observations.
        seed: of the values; the ids are new each time.
    """
    rng = random.Random(seed)
    encounters = Encounters(here.store, Trail(here.store, here.clock), here.clock)
    doctor = here.session("doctor")
    patients = [_patient(rng, here.organization_id) for _ in range(max(1, count // (_OF_A_PATIENT * 4)))]
    here.store.records.commit(patients)
    done = 0
    while done < count:
        patient = rng.choice(patients)
        done += len(encounters.record_vitals(doctor, patient.id, _vitals(rng)))


def writes_of(here: Node, type_name: str) -> tuple[Write, ...]:
    """Return what waits at a workstation of one type, as it will be sent."""
    rows = here.store.outbox.pending(1_000_000)
    return tuple(Write(row.type, row.id, row.body, row.base_hub_version) for row in rows if row.type == type_name)


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value below which a part of all values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def _patient(rng: random.Random, organization_id: str) -> Patient:
    return Patient(
        id=new_id(),
        identifier=(Identifier(system=IIN, value=f"{rng.randrange(10**12):012}"),),
        name=(HumanName(family=rng.choice(_FAMILIES), given=(f"Н{rng.randrange(10**6)}",)),),
        gender="female",
        birth_date=f"{rng.randrange(1930, 2020)}-03-05",
        managing_organization=Reference(reference=f"Organization/{organization_id}"),
    )


def _vitals(rng: random.Random) -> VitalsForm:
    return VitalsForm(
        heart_rate=str(rng.randrange(45, 170)),
        spo2=str(rng.randrange(80, 101)),
        temperature=f"{rng.randrange(350, 410) / 10}",
        respiratory_rate=str(rng.randrange(9, 40)),
        glucose=f"{rng.randrange(30, 200) / 10}",
        systolic=str(rng.randrange(120, 200)),
        diastolic=str(rng.randrange(50, 110)),
    )
