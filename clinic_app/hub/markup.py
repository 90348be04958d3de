"""HTML put together from parts: whatever is no markup of ours is escaped, wherever it stands."""

from __future__ import annotations

from html import escape


class Markup(str):
    """HTML that is finished; made only by `element` and `joined`."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: str) -> Markup:
    """Return an element with its children; a child or value that is no `Markup` is text.

    Args:
        name: of the element.
        children: texts and elements.
        attributes: ``class_`` stands for ``class``, ``http_equiv`` for ``http-equiv``.
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value, quote=True)}"' for key, value in attributes.items()
    )
    if name in ("meta", "link", "input"):
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{joined(*children)}</{name}>")


def joined(*children: str) -> Markup:
    """Return parts one after the other."""
    return Markup("".join(each if isinstance(each, Markup) else escape(each, quote=False) for each in children))
