"""The language the windows speak, changeable while they are open.

Every text is rendered when it is shown. A widget with texts has ``retranslate()`` and calls it from `Translated`, which
Qt wakes with ``LanguageChange``. Qt's own texts (the standard buttons) come from Qt's own catalogues.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QLibraryInfo, QTranslator

from clinic_app.foundation.texts import Language, Text, translate


class _Spoken:
    """The one language of this process's windows and Qt's own catalogue for it."""

    language: Language = "kk"
    translator: QTranslator | None = None


def current() -> Language:
    """Return the language the windows speak."""
    return _Spoken.language


def use(language: Language) -> None:
    """Speak another language from now on; every open window is told."""
    _Spoken.language = language
    app = QCoreApplication.instance()
    if app is None:
        return
    fresh = QTranslator(app)
    is_loaded = language != "en" and fresh.load(
        f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    )
    old, _Spoken.translator = _Spoken.translator, fresh if is_loaded else None
    if old is not None:
        QCoreApplication.removeTranslator(old)
        old.deleteLater()
    if is_loaded:
        QCoreApplication.installTranslator(fresh)
    else:
        fresh.deleteLater()
        QCoreApplication.sendEvent(app, QEvent(QEvent.Type.LanguageChange))


def _(msgid: str, /, **values: object) -> str:
    """Return a sentence in the language of the windows, its ``{named}`` values filled in."""
    return Text(msgid, **values).render(_Spoken.language) if values else translate(msgid, _Spoken.language)


def counted(singular: str, plural: str, count: int, **values: object) -> str:
    """Return a sentence whose words depend on ``count``."""
    return Text.counted(singular, plural, count, **values).render(_Spoken.language)


def say(text: Text) -> str:
    """Return a sentence of the core in the language of the windows."""
    return text.render(_Spoken.language)


def said(words: str | Text) -> str:
    """Return words that may be a sentence of the core; what is rendered already stays as it is."""
    return say(words) if isinstance(words, Text) else words


class Translated:
    """For widgets with texts: put it before the Qt class, and ``retranslate()`` is called when the language changes."""

    def changeEvent(self, event: QEvent) -> None:
        """Qt tells what changed."""
        super().changeEvent(event)  # type: ignore[misc]
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Put every text anew."""
