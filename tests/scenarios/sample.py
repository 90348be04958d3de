"""The people of the tour and the demo: plainly samples (үлгі, образец), nobody real."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PASSWORD: Final = "sample-password"


@dataclass(frozen=True)
class Facility:
    """A hospital of the story.

    Args:
        organization_id: its id at the hub.
        name: as its papers bear it.
        people: (login, name, role).
    """

    organization_id: str
    name: str
    people: tuple[tuple[str, str, str], ...]


DISTRICT: Final = Facility(
    "019a0000-0000-7000-8000-00000000d157",
    "Үлгі аудандық ауруханасы",
    (
        ("admin", "Үлгі Әкімші", "administrator"),
        ("tirkeushi", "Үлгі Тіркеуші", "registrar"),
        ("meyirgher", "Үлгі Мейіргер", "nurse"),
        ("dariger", "Үлгі Дәрігер", "doctor"),
    ),
)
CENTRE: Final = Facility(
    "019a0000-0000-7000-8000-0000000ce11e",
    "Үлгі кардиология орталығы",
    (("admin", "Үлгі Әкімші", "administrator"), ("kardiolog", "Үлгі Кардиолог", "specialist")),
)


@dataclass(frozen=True)
class SamplePatient:
    """The patient of the story, as the registrar types him. The IIN has a right check digit and belongs to nobody."""

    family: str = "Үлгібаев"
    given: str = "Ерлан"
    patronymic: str = "Сәбитұлы"
    iin: str = "850101300124"
    wrong_iin: str = "850101300125"
    birth_date: str = "01.01.1985"
    phone: str = "+7 700 000 00 00"
    address: str = "Үлгі ауылы, Бейбітшілік көшесі, 1"


PATIENT: Final = SamplePatient()
QUESTION: Final = (
    "41 жастағы ер адам, 2 сағаттан бері кеуде тұсы ауырады, АҚ 148/92 мм сын. бағ. "
    "ЭКГ-да ишемия белгілері бар ма? Тактика қандай, тасымалдау қажет пе?"
)
OPINION: Final = (
    "Синустық ырғақ, ЖСЖ қалыпты. ST сегментінің ≥1 мм ығысуы анықталмады. QTc қалыпты шекте. "
    "Жедел коронарлық синдром толық жоққа шығарылмайды."
)
PLAN: Final = (
    "Тропонин қазір және 3 сағаттан кейін. ЭКГ-ны 1 сағаттан кейін қайталау. "
    "Ацетилсалицил қышқылы 250 мг. Ауырсыну ↑ немесе SpO₂ ≤ 92 % болса — медициналық авиация."
)


def provisioning(facility: Facility, hub_url: str, token: str, monitor_port: int, language: str) -> str:
    """Return the TOML file IT would write to set up one workstation of a facility."""
    quote = json.dumps
    lines = [
        "[settings]",
        'key_storage = "file"',
        f"language = {quote(language)}",
        f"hub_url = {quote(hub_url)}",
        "sync_interval_s = 2",
        f"monitor_port = {monitor_port}",
        "[facility]",
        f"facility_name = {quote(facility.name, ensure_ascii=False)}",
        f"organization_id = {quote(facility.organization_id)}",
        f"hub_token = {quote(token)}",
    ]
    for login, name, role in facility.people:
        lines += [
            "[[people]]",
            f"login = {quote(login)}",
            f"password = {quote(PASSWORD)}",
            f"name = {quote(name, ensure_ascii=False)}",
            f"role = {quote(role)}",
        ]
    return "\n".join(lines) + "\n"


def write_provisioning(path: Path, text: str) -> Path:
    """Write a provisioning file and return where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
