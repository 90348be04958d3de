"""A FHIR R4 server that is not ours, in memory: it behaves as those do that clinics have, each bad habit a switch.

What it does by default was seen with HAPI, Medplum and others: it names records itself, a PUT without a condition
overwrites, it has no change feed, and its moments are no finer than a second.
"""

from __future__ import annotations

import copy
import gzip
import itertools
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Json = dict[str, Any]
URL = "http://foreign.test/fhir"
TYPES = (
    "Patient", "Observation", "CarePlan", "Task", "ServiceRequest", "Organization", "Device", "Practitioner",
    "Provenance", "AllergyIntolerance", "DocumentReference",
)  # fmt: skip


@dataclass
class Kept:
    """One version of one record; a body of None was deleted."""

    type: str
    id: str
    version: str
    at: datetime
    body: Json | None
    order: int


class Refusal(Exception):  # noqa: N818 - an answer
    """An answer that is no success."""

    def __init__(self, status: int, words: str = "") -> None:
        super().__init__(words)
        self.status = status
        self.words = words


@dataclass
class ForeignHub:
    """The server.

    The switches: see the names. ``requests`` are method, path and headers of everything that was asked.
    """

    now: datetime = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)
    page_size: int = 3
    names_records_itself: bool = True
    has_history: bool = True
    has_transactions: bool = True
    creates_once: bool = True
    gives_reasons: bool = True
    refuses_gzip: bool = False
    next_host: str = ""
    leads_in_circles: bool = False
    tells_time: bool = True
    stale_search: int = 0
    loses_answers: int = 0
    poison: str = ""
    poison_status: int = 422
    versions: list[Kept] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    blind_puts: int = 0
    doubles: int = 0
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def app(self) -> Starlette:
        """Return it as an application."""
        return Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST", "PUT", "DELETE"])])

    def current(self, type_name: str = "") -> list[Kept]:
        """Return the newest version of every record that is not deleted, in the order of their last change."""
        newest: dict[tuple[str, str], Kept] = {}
        for each in self.versions:
            newest.pop((each.type, each.id), None)
            newest[each.type, each.id] = each
        return [each for each in newest.values() if each.body is not None and type_name in ("", each.type)]

    def get(self, type_name: str, record_id: str) -> Kept | None:
        """Return the newest version of one record, deleted or not."""
        return next((v for v in reversed(self.versions) if (v.type, v.id) == (type_name, record_id)), None)

    def only(self, type_name: str) -> Json:
        """Return the one record of a type."""
        (kept,) = self.current(type_name)
        assert kept.body is not None
        return kept.body

    def edit(self, type_name: str, record_id: str, **changed: Any) -> Kept:
        """Change a record as somebody else's program would."""
        kept = self.get(type_name, record_id)
        assert kept is not None
        assert kept.body is not None
        return self.put(type_name, record_id, {**kept.body, **changed})

    def put(self, type_name: str, record_id: str, body: Json | None) -> Kept:
        """Store one version, or the end of a record."""
        order = next(self._numbers)
        version, at = (f"v{order}-{record_id}"[:40], self.now.replace(microsecond=0))
        if body is not None:
            meta = {**body.get("meta", {}), "versionId": version, "lastUpdated": at.isoformat()}
            body = {**copy.deepcopy(body), "id": record_id, "meta": meta}
        self.versions.append(Kept(type_name, record_id, version, at, body, order))
        return self.versions[-1]

    def later(self, **much: float) -> None:
        """Let time pass."""
        self.now += timedelta(**much)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path.removeprefix("/fhir").strip("/")
        self.requests.append((request.method, path, dict(request.headers)))
        body = await request.body()
        if request.headers.get("content-encoding", "identity") != "identity":
            if self.refuses_gzip:
                return Response("<h1>Internal Server Error</h1>", 500, media_type="text/html")
            body = gzip.decompress(body)
        before = len(self.versions)
        try:
            status, answer, headers = self._do(request, path, json.loads(body) if body else {})
        except Refusal as refusal:
            del self.versions[before:]
            status, answer, headers = refusal.status, self._outcome(refusal.words), {}
        if self.loses_answers and request.method != "GET":
            self.loses_answers -= 1
            return Response("<h1>Bad Gateway</h1>", 502, media_type="text/html")
        date = {"date": format_datetime(self.now, usegmt=True)} if self.tells_time else {}
        content = json.dumps(answer, ensure_ascii=False).encode() if answer is not None else b""
        return Response(content, status, {**headers, **date}, media_type="application/fhir+json" if content else None)

    def _outcome(self, words: str) -> Json | None:
        issue = {"severity": "error", "code": "processing", "diagnostics": words or "no"}
        return {"resourceType": "OperationOutcome", "issue": [issue]} if self.gives_reasons else None

    def _do(self, request: Request, path: str, body: Json) -> tuple[int, Json | None, dict[str, str]]:
        parts, method, headers = path.split("/") if path else [], request.method, request.headers
        query = parse_qsl(request.url.query, keep_blank_values=True)
        if parts == ["metadata"]:
            return 200, self._statement(), {}
        if not parts and method == "POST":
            return 200, self._transaction(body), {}
        if not parts or parts[0] not in TYPES:
            raise Refusal(404, "unknown")
        if method == "POST":
            status, kept = self._create(parts[0], body, headers.get("if-none-exist", ""))
            return status, None, self._told(kept)
        if method == "PUT":
            kept = self._update(parts[0], parts[1], body, headers.get("if-match"))
            return 200, None, self._told(kept)
        if len(parts) == 1:
            return 200, self._page(parts[0], query, self._found(parts[0], dict(query)), "searchset"), {}
        if parts[1] == "_history":
            return 200, self._page(f"{parts[0]}/_history", query, self._past(parts[0], dict(query)), "history"), {}
        if parts[2:] == ["_history"]:
            past = [v for v in reversed(self.versions) if (v.type, v.id) == (parts[0], parts[1])]
            return 200, self._page(path, query, past, "history"), {}
        wanted = parts[3] if parts[2:3] == ["_history"] else ""
        versions = [v for v in self.versions if (v.type, v.id) == (parts[0], parts[1]) and wanted in ("", v.version)]
        if not versions or versions[-1].body is None:
            raise Refusal(410 if versions else 404, "no such record")
        return 200, versions[-1].body, self._told(versions[-1])

    def _statement(self) -> Json:
        codes = ["read", "vread", "create", "update", "search-type", *(["history-type"] if self.has_history else [])]
        interaction = [{"code": code} for code in codes]
        of_types = [{"type": t, "interaction": interaction, "conditionalCreate": self.creates_once} for t in TYPES]
        together = [{"code": "transaction"}] if self.has_transactions else []
        rest = {"mode": "server", "resource": of_types, "interaction": together}
        return {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [rest]}

    def _transaction(self, bundle: Json) -> Json:
        """All entries, or none; references to what the Bundle makes are written in the new names."""
        if not self.has_transactions:
            raise Refusal(400, "no transactions")
        names: dict[str, str] = {}
        planned: list[tuple[Json, str, int]] = []
        for entry in bundle["entry"]:
            request, resource = entry["request"], entry["resource"]
            if self.poison and self.poison in json.dumps(resource, ensure_ascii=False):
                raise Refusal(self.poison_status, f"poisoned by {self.poison}")
            if request["method"] == "POST":
                found = self._matching(request["url"], request.get("ifNoneExist", ""))
                record_id = found.id if found else self._name(resource)
                names[entry["fullUrl"]] = f"{request['url']}/{record_id}"
                planned.append((entry, record_id, 200 if found else 201))
            else:
                planned.append((entry, request["url"].partition("/")[2], 200))
        answers = []
        for entry, record_id, status in planned:
            request = entry["request"]
            resource = json.loads(
                re.sub(r"urn:uuid:[0-9a-f-]{36}", lambda m: names.get(m[0], m[0]), json.dumps(entry["resource"]))
            )
            type_name = request["url"].partition("/")[0]
            if request["method"] == "PUT":
                kept = self._update(type_name, record_id, resource, request.get("ifMatch"))
            elif status == 201:
                kept = self.put(type_name, record_id, resource)
            else:
                found = self.get(type_name, record_id)
                assert found is not None
                kept = found
            told = self._told(kept)
            response = {
                "status": str(status),
                "location": told["location"],
                "etag": told["etag"],
                "lastModified": kept.at.isoformat(),
            }
            answers.append({"response": response})
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}

    def _create(self, type_name: str, body: Json, condition: str) -> tuple[int, Kept]:
        if self.poison and self.poison in json.dumps(body, ensure_ascii=False):
            raise Refusal(self.poison_status, f"poisoned by {self.poison}")
        found = self._matching(type_name, condition)
        if found is not None:
            return 200, found
        return 201, self.put(type_name, self._name(body), body)

    def _update(self, type_name: str, record_id: str, body: Json, condition: str | None) -> Kept:
        kept = self.get(type_name, record_id)
        if condition is None:
            self.blind_puts += 1
        elif kept is None or condition != f'W/"{kept.version}"':
            raise Refusal(412, "another version")
        return self.put(type_name, record_id, body)

    def _matching(self, type_name: str, condition: str) -> Kept | None:
        """Return what a conditional create finds; a server that knows no conditions makes a double."""
        found = self._found(type_name, {k: v[0] for k, v in parse_qs(condition).items()}) if condition else []
        if found and not self.creates_once:
            self.doubles += 1
            return None
        if len(found) > 1:
            raise Refusal(412, "several match")
        return found[0] if found else None

    def _name(self, body: Json) -> str:
        return str(1000 + next(self._numbers)) if self.names_records_itself else str(body["id"])

    def _found(self, type_name: str, asked: dict[str, str]) -> list[Kept]:
        hidden = self.stale_search
        versions = self.versions[: len(self.versions) - hidden] if hidden else self.versions
        newest: dict[str, Kept] = {}
        for each in versions:
            if each.type == type_name:
                newest.pop(each.id, None)
                newest[each.id] = each
        found = [each for each in newest.values() if each.body is not None]
        if "identifier" in asked:
            found = [each for each in found if _has(each.body, "identifier", "value", asked["identifier"])]
        if "_id" in asked:
            found = [each for each in found if each.id in asked["_id"].split(",")]
        if "_tag" in asked:
            found = [each for each in found if _has((each.body or {}).get("meta"), "tag", "code", asked["_tag"])]
        if "_lastUpdated" in asked:
            since = datetime.fromisoformat(asked["_lastUpdated"].removeprefix("ge"))
            found = [each for each in found if each.at >= since]
        return found

    def _past(self, type_name: str, asked: dict[str, str]) -> list[Kept]:
        since = datetime.fromisoformat(asked["_since"])
        return [v for v in reversed(self.versions) if v.type == type_name and v.at >= since]

    def _page(self, path: str, query: list[tuple[str, str]], found: list[Kept], kind: str) -> Json:
        asked = dict(query)
        start, size = int(asked.pop("_offset", "0")), min(self.page_size, int(asked.get("_count", "1000")))
        entries = [self._entry(each, kind) for each in found[start : start + size]]
        bundle: Json = {"resourceType": "Bundle", "type": kind, "entry": entries, "link": []}
        if start + size < len(found) or self.leads_in_circles:
            step = 0 if self.leads_in_circles else start + size
            base = self.next_host or URL
            bundle["link"].append({"relation": "next", "url": f"{base}/{path}?{urlencode({**asked, '_offset': step})}"})
        return bundle

    def _entry(self, kept: Kept, kind: str) -> Json:
        response = {"status": "200", "etag": f'W/"{kept.version}"', "lastModified": kept.at.isoformat()}
        if kept.body is None:
            return {"request": {"method": "DELETE", "url": f"{kept.type}/{kept.id}"}, "response": response}
        entry: Json = {"fullUrl": f"{URL}/{kept.type}/{kept.id}", "resource": kept.body}
        return {**entry, "response": response} if kind == "history" else entry

    def _told(self, kept: Kept) -> dict[str, str]:
        return {
            "location": f"{URL}/{kept.type}/{kept.id}/_history/{kept.version}",
            "etag": f'W/"{kept.version}"',
        }


def _has(holder: Json | None, name: str, part: str, wanted: str) -> bool:
    asked = {tuple(each.split("|", 1)) for each in wanted.split(",")}
    return any((each.get("system", ""), each.get(part, "")) in asked for each in (holder or {}).get(name, []))
