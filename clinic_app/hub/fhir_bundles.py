"""The envelopes in which the hub answers searches and questions about the past.

Links are relative to the hub's own base: whatever name a caller has reached it by, he is never sent to another host.

Source: FHIR R4, Bundle (searchset, history), RESTful API (paging).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.storage.feed.search import Version, VersionPage


def encode_searchset(
    path: str, asked: Sequence[tuple[str, str]], page: VersionPage | None, total: int, warnings: Sequence[Text]
) -> bytes:
    """Return one page of what a search found, or only the number where there is no page.

    Args:
        path: what was searched, relative to the base.
        asked: the parameters that count.
        page: what was found; None for the number alone.
        total: how many there are in all.
        warnings: what was not understood.
    """
    entries: list[dict[str, Any]] = []
    if page is not None:
        entries = [{**_entry(each), "search": {"mode": "match"}} for each in page.versions]
        if warnings:
            entries.append({"resource": _warning(warnings), "search": {"mode": "outcome"}})
    return _bundle("searchset", path, asked, page.cursor if page else "", entries, total=total)


def encode_past(path: str, asked: Sequence[tuple[str, str]], page: VersionPage) -> bytes:
    """Return one page of versions, the newest first."""
    entries = [
        {
            **_entry(each),
            "request": {"method": "PUT", "url": f"{each.type_name}/{each.id}"},
            "response": {
                "status": "200",
                "etag": f'W/"{each.version_id}"',
                "lastModified": each.received_at.isoformat(),
            },
        }
        for each in page.versions
    ]
    return _bundle("history", path, asked, page.cursor, entries)


def _bundle(
    kind: str,
    path: str,
    asked: Sequence[tuple[str, str]],
    cursor: str,
    entries: Sequence[dict[str, Any]],
    **more: int,
) -> bytes:
    links = [{"relation": "self", "url": _address(path, asked)}]
    if cursor:
        links.append({"relation": "next", "url": _address(path, [*asked, ("cursor", cursor)])})
    bundle = {"resourceType": "Bundle", "id": new_id(), "type": kind, **more, "link": links}
    return msgspec.json.encode({**bundle, "entry": entries} if entries else bundle)


def _entry(version: Version) -> dict[str, Any]:
    return {"fullUrl": f"{version.type_name}/{version.id}", "resource": msgspec.Raw(version.body)}


def _address(path: str, asked: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(asked)}" if asked else path


def _warning(warnings: Sequence[Text]) -> dict[str, Any]:
    issues = [{"severity": "warning", "code": "not-supported", "diagnostics": each.render("en")} for each in warnings]
    return {"resourceType": "OperationOutcome", "issue": issues}
