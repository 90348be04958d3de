"""Statements are put into words once for all the databases of the tests, and not once for each of a thousand.

SQLAlchemy keeps what it has put into words with the engine, and each database has an engine of its own: what a clinic
pays once at each start, a run of the tests paid some thousand times. Engines of database files share that book here;
what is said to a database, and by which connection, stays its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Final

import pytest
from sqlalchemy import Engine, create_engine

from clinic_app.storage.engines import encrypted_file

PAGES: Final = 3000
"""More than all statements of the house; SQLAlchemy throws what was not used for longest out of a full book."""


def sharing(make: Callable[..., Engine], book: Engine) -> Callable[..., Engine]:
    """Return what makes engines like ``make``, all of which use the book of one."""

    @wraps(make)
    def made(*words: Any, **options: Any) -> Engine:
        engine = make(*words, **options)
        engine.dialect = book.dialect  # an entry of the book belongs to a dialect
        engine._compiled_cache = book._compiled_cache
        return engine

    return made


@pytest.fixture(autouse=True, scope="session")
def _statements_are_put_into_words_once() -> Iterator[None]:
    """Let every database file that is opened share one book."""
    book = create_engine("sqlite://", module=encrypted_file.sqlcipher, query_cache_size=PAGES)
    with book.connect():  # only now a dialect knows what it speaks to
        pass
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encrypted_file, "create_engine", sharing(create_engine, book))
        yield
    book.dispose()
