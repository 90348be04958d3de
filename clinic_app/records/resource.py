"""The ground of every record: a FHIR resource with an id, frozen, tagged with its type on the wire."""

from __future__ import annotations

import msgspec

from clinic_app.records.datatypes import Extension, Meta, Reference


class Resource(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    tag_field="resourceType",
):
    """A FHIR resource. Subclasses are tagged with their own class name, which is the FHIR type."""

    id: str
    meta: Meta | None = None
    extension: tuple[Extension, ...] = ()

    @property
    def type_name(self) -> str:
        """The FHIR resource type: ``Patient``."""
        return type(self).__name__

    @property
    def version_id(self) -> str | None:
        """The version this copy was read at, or None for a record not yet stored."""
        return self.meta.version_id if self.meta else None


def reference_to(record: Resource, display: str | None = None) -> Reference:
    """Return a relative reference to ``record``."""
    return Reference(reference=f"{record.type_name}/{record.id}", display=display)
