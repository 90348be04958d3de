"""A device's configuration as a table of the settings file and back; what a table means is checked elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from clinic_app.devices.driver import DeviceConfig, OptionValue


def config_of(table: Mapping[str, object]) -> DeviceConfig:
    """Return the configuration a table tells; what is absent or of another type is left empty, and refused later."""
    options = table.get("options")
    told = options if isinstance(options, Mapping) else {}
    return DeviceConfig(
        _text(table, "name"),
        _text(table, "family"),
        _text(table, "transport"),
        {str(key): value for key, value in told.items() if isinstance(value, OptionValue)},
        table.get("is_on") is not False,
    )


def table_of(config: DeviceConfig) -> dict[str, object]:
    """Return the table of a configuration, in the order a person reads it."""
    return {
        "name": config.name,
        "family": config.family,
        "transport": config.transport,
        "is_on": config.is_on,
        "options": dict(config.options),
    }


def _text(table: Mapping[str, object], key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""
