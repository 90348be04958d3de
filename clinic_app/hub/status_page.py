"""The status page as HTML: how it stands with the hub and its devices, in the reader's language, without a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from clinic_app.foundation.texts import LANGUAGE_NAMES, LANGUAGES, Language, Text
from clinic_app.hub.markup import Markup, element, joined
from clinic_app.hub.operations import Device, DeviceState, Look

_STATES: Final[dict[DeviceState, Text]] = {
    "here": Text("In touch"),
    "late": Text("Not here for a day"),
    "silent": Text("Not here for a week"),
    "never": Text("Never here"),
    "revoked": Text("Shut out"),
    "broken": Text("Look at its audit trail"),
}
_TROUBLE: Final[frozenset[DeviceState]] = frozenset({"late", "silent", "broken"})
_MOST_BACKUPS: Final = 8
_REFRESH_S: Final = "60"


def status_page(look: Look, language: Language, visitor: str) -> Markup:
    """Return the page for somebody who is signed in."""
    page = _Page(look, language)
    body = element(
        "main",
        page.notices(),
        page.tiles(),
        element("h2", page.say(Text("Hospitals and devices"))),
        *page.organizations(),
        element("h2", page.say(Text("Backups"))),
        page.backups(),
        element("h2", page.say(Text("Latest warnings and faults of this process"))),
        page.errors(),
        element("footer", page.say(Text("As of {time}; the page renews itself every minute.", time=_moment(look.at)))),
    )
    return _document(language, look.name, body, visitor)


def entrance(name: str, language: Language, secret: str) -> Markup:
    """Return the page behind a link that is good once: a button, so that nobody who only looks ahead uses it up."""
    form = element(
        "form",
        element("input", type="hidden", name="link", value=secret),
        element("button", Text("Sign in").render(language), class_="primary", type="submit"),
        method="post",
        action=f"/status/enter?lang={language}",
    )
    words = element("p", Text("This link is good once, for the person it was made for.").render(language))
    title = element("h1", Text("State of the hub").render(language))
    return _document(
        language, name, element("main", title, element("div", words, form, class_="card"), class_="narrow")
    )


def closed(name: str, language: Language, *, was_tried: bool = False) -> Markup:
    """Return the page for somebody who is not signed in."""
    first = (
        Text("This link was used already, or is older than ten minutes.")
        if was_tried
        else Text("This page is for those who look after the hub.")
    )
    second = Text("Get a link on the hub's computer with this command:")
    box = element(
        "div",
        element("p", first.render(language)),
        element("p", second.render(language)),
        element("p", element("code", "python -m clinic_app.hub status-link --data … --name …")),
        class_="card",
    )
    title = element("h1", Text("State of the hub").render(language))
    return _document(language, name, element("main", title, box, class_="narrow"))


class _Page:
    """The parts of the page.

    Args:
        look: what it shows.
        language: in which.
    """

    def __init__(self, look: Look, language: Language) -> None:
        self._look = look
        self._language = language

    def say(self, text: Text) -> str:
        return text.render(self._language)

    def notices(self) -> Markup:
        found = [
            element("li", self.say(each.words), class_="grave" if each.is_grave else "mild")
            for each in self._look.notices
        ]
        well = element("li", self.say(Text("Nothing needs you now.")), class_="well")
        return element("ul", *(found or [well]), class_="notices")

    def tiles(self) -> Markup:
        look, figures = self._look, self._look.figures
        living = [each for each in look.devices if each.state != "revoked"]
        waiting = sum(each.line.waiting for each in living)
        waiting_bytes = sum(each.line.waiting_bytes for each in living)
        here = sum(each.state == "here" for each in living)
        end = look.certificate_end
        tiles = (
            (Text("Devices in touch"), f"{here} / {len(living)}", ""),
            (Text("Waiting at the devices"), f"{waiting}", self.size(waiting_bytes)),
            (Text("Database"), self.size(figures.database_bytes), ""),
            (Text("Contents"), self.size(figures.content_bytes), f"{figures.contents}"),
            (Text("Free on the disk"), self.size(figures.free_bytes), f"/ {self.size(figures.disk_bytes)}"),
            (Text("Certificate ends"), f"{end:%Y-%m-%d}" if end else "–", ""),
            (Text("Program"), look.version, self.say(Text("since {time}", time=_moment(look.started_at)))),
        )
        return element("dl", *(self._tile(*each) for each in tiles), class_="tiles")

    def _tile(self, name: Text, value: str, beside: str) -> Markup:
        small = [element("small", beside)] if beside else []
        return element("div", element("dt", self.say(name)), element("dd", value, *small), class_="card")

    def organizations(self) -> Iterable[Markup]:
        devices = sorted(self._look.devices, key=lambda each: (each.line.organization, each.line.organization_id))
        for _id, group in groupby(devices, key=lambda each: each.line.organization_id):
            yield self._organization(tuple(group))
        if not devices:
            yield element("p", self.say(Text("No device was let in yet.")))

    def _organization(self, devices: tuple[Device, ...]) -> Markup:
        trouble = sum(each.state in _TROUBLE for each in devices)
        count = Text.counted("{count} device", "{count} devices", len(devices))
        head = [devices[0].line.organization, element("span", self.say(count))]
        if trouble:
            head.append(element("span", self.say(Text("look at {count}", count=trouble)), class_="state late"))
        columns = (
            (Text("Device"), self._name),
            (Text("State"), self._state),
            (Text("Last contact"), self._contact),
            (Text("Waiting there"), self._waiting),
            (Text("Version"), lambda each: element("td", each.line.program or "–")),
        )
        table = self.table(
            (name for name, _cell in columns), [[cell(each) for _n, cell in columns] for each in devices]
        )
        opened = {"open": ""} if trouble or len(devices) <= _MOST_BACKUPS else {}
        return element("details", element("summary", *head), table, **opened)

    def _name(self, device: Device) -> Markup:
        site = [element("small", device.line.site)] if device.line.site else []
        return element("td", device.line.name, *site)

    def _state(self, device: Device) -> Markup:
        return element("td", element("span", self.say(_STATES[device.state]), class_=f"state {device.state}"))

    def _contact(self, device: Device) -> Markup:
        seen_at = device.line.last_seen_at
        if seen_at is None:
            return element("td", "–")
        return element("td", self.ago(self._look.at - seen_at), element("small", _moment(seen_at)))

    def _waiting(self, device: Device) -> Markup:
        line = device.line
        small = [element("small", self.size(line.waiting_bytes))] if line.waiting_bytes else []
        return element("td", f"{line.waiting}" if line.waiting or small else "–", *small)

    def backups(self) -> Markup:
        keeper = self._look.keeper
        rows = [
            [
                element("td", self.ago(self._look.at - each.made_at), element("small", _moment(each.made_at))),
                element("td", self.say(Text("verified") if each.is_verified else Text("not verified"))),
                element("td", f"{each.records}" if each.is_verified else "–"),
                element("td", self.size(each.size_bytes)),
            ]
            for each in self._look.backups[:_MOST_BACKUPS]
        ]
        carried = keeper.carried_at if keeper is not None else None
        words = (
            Text("On the second disk: {time}", time=_moment(carried)) if carried else Text("No copy on a second disk.")
        )
        columns = (Text("Made"), Text("State"), Text("Records"), Text("Size"))
        return element("div", self.table(columns, rows), element("p", self.say(words)), class_="card")

    def errors(self) -> Markup:
        rows = [
            [element("td", _moment(each.at)), element("td", each.level), element("td", each.words)]
            for each in self._look.errors
        ]
        if not rows:
            return element("p", self.say(Text("There were none since the start.")))
        return element("div", self.table((Text("When"), Text("Kind"), Text("What")), rows), class_="card")

    def table(self, columns: Iterable[Text], rows: Iterable[list[Markup]]) -> Markup:
        head = element("tr", *(element("th", self.say(each), scope="col") for each in columns))
        body = element("tbody", *(element("tr", *cells) for cells in rows))
        return element("div", element("table", element("thead", head), body), class_="wide")

    def ago(self, age: timedelta) -> str:
        seconds = max(0, int(age.total_seconds()))
        for limit_s, unit_s, said in _AGES:
            if seconds < limit_s:
                return self.say(said(seconds // unit_s))
        return self.say(Text.counted("{count} day ago", "{count} days ago", seconds // 86400))

    def size(self, size_bytes: int) -> str:
        for unit, said in _SIZES:
            if size_bytes >= unit:
                number = f"{size_bytes / unit:.1f}"
                return self.say(said(number if self._language == "en" else number.replace(".", ",")))
        return self.say(Text("{count} B", count=size_bytes))


_AGES: Final[tuple[tuple[int, int, Callable[[int], Text]], ...]] = (
    (60, 60, lambda _count: Text("just now")),
    (3600, 60, lambda count: Text("{count} min ago", count=count)),
    (86400, 3600, lambda count: Text("{count} h ago", count=count)),
)
_SIZES: Final[tuple[tuple[int, Callable[[str], Text]], ...]] = (
    (1 << 40, lambda number: Text("{number} TB", number=number)),
    (1 << 30, lambda number: Text("{number} GB", number=number)),
    (1 << 20, lambda number: Text("{number} MB", number=number)),
    (1 << 10, lambda number: Text("{number} KB", number=number)),
)


def _document(language: Language, name: str, body: Markup, visitor: str = "") -> Markup:
    choices = [
        element("a", LANGUAGE_NAMES[each], href=f"?lang={each}", lang=each, **_current(each == language))
        for each in LANGUAGES
    ]
    leave = element(
        "form",
        element("button", Text("Sign out").render(language), type="submit"),
        method="post",
        action=f"/status/leave?lang={language}",
    )
    signed_in = [element("span", visitor), leave] if visitor else []
    header = element(
        "header",
        element("strong", name),
        element("span", Text("State of the hub").render(language)),
        element("nav", *choices if visitor else (), *signed_in),
    )
    renewal = [element("meta", http_equiv="refresh", content=_REFRESH_S)] if visitor else []
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        *renewal,
        element("title", f"{name} · {Text('State of the hub').render(language)}"),
        element("link", rel="stylesheet", href="/status/style.css"),
    )
    return joined(Markup("<!doctype html>"), element("html", head, element("body", header, body), lang=language))


def _current(is_it: bool) -> dict[str, str]:
    return {"aria_current": "true"} if is_it else {}


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
