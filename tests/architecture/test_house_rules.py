"""Each rule of the house catches what it is for, lets pass what looks like it, and `dev.py check` asks the house."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.architecture.house_rules import RULES, Source, breaches, main

BROKEN: Final = {
    "sql text": (
        "connection.execute(f'DELETE FROM record WHERE id = {name}')",
        "query = 'SELECT * FROM record WHERE id = %s' % name",
        "query = 'UPDATE record SET body = ' + body",
        "query = 'INSERT INTO record VALUES ({})'.format(name)",
        "import sqlalchemy as sa\nsa.text(f'{column} = 1')",
        "from sqlalchemy import text\ntext('name = ' + name)",
    ),
    "raw match": (
        "QUERY = 'SELECT * FROM s WHERE s MATCH ' ",
        "QUERY = \"SELECT * FROM s WHERE s MATCH 'ivan'\"",
        "QUERY = 'SELECT * FROM s WHERE s MATCH :match'\nrun(QUERY, {'match': typed})",
        "QUERY = 'SELECT * FROM s WHERE s MATCH :m'\nmatch = typed.strip()\nrun(QUERY, {'m': match})",
    ),
    "whole archive": ("archive.extractall(folder)", "import shutil\nshutil.unpack_archive(path)"),
    "unbounded inflating": (
        "import zlib\nzlib.decompress(data)",
        "import zlib\nzlib.decompressobj().decompress(data)",
        "import gzip as g\ng.open(path)",
        "import gzip\ngzip.decompress(data)",
    ),
    "unchecked link": (
        "httpx.Client(verify=False)",
        "context.check_hostname = False",
        "import ssl\ncontext.verify_mode = ssl.CERT_NONE",
        "from ssl import CERT_NONE as none\nuse(none)",
        "import ssl\nssl._create_unverified_context()",
    ),
    "code from data": (
        "import pickle",
        "from marshal import loads",
        "import shelve as s",
        "eval(text)",
        "exec(text)",
        "import yaml\nyaml.load(text)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
    ),
    "shell": (
        "import subprocess\nsubprocess.run(line, shell=True)",
        "import os\nos.system(line)",
        "from os import popen\npopen(line)",
    ),
    "xml": ("import xml.etree.ElementTree as ET", "from xml.dom import minidom", "from lxml import etree"),
    "guessed name": ("import tempfile\ntempfile.mktemp()", "from tempfile import mktemp as m\nm()"),
    "guessable": ("import random", "from random import choice", "import uuid\nuuid.uuid1()"),
    "compared in time": ("if caller.token == given:\n    pass", "ok = given != signature"),
    "own cryptography": (
        "import pyrage",
        "from cryptography.hazmat.primitives.ciphers.aead import AESGCM",
        "from joserfc import jws",
        "import hmac",
    ),
    "own database": ("import sqlite3", "from sqlalchemy import select", "import sqlcipher3.dbapi2 as driver"),
    "logged record": (
        "_log.info('took %s', patient)",
        "logging.warning('took %s', change.body)",
        "logger.error(f'took {record.name}' if record else record)",
        "_log.exception('took', extra={'x': secret})",
    ),
    "swallowed error": (
        "try:\n    go()\nexcept Exception:\n    pass",
        "try:\n    go()\nexcept:\n    done = True",
        "try:\n    go()\nexcept (ValueError, BaseException) as error:\n    count()",
        "from contextlib import suppress\nwith suppress(Exception):\n    go()",
    ),
    "moment without zone": (
        "from datetime import datetime\ndatetime.now()",
        "import datetime as d\nd.datetime.utcnow()",
        "from datetime import datetime\ndatetime.fromtimestamp(1)",
        "from datetime import datetime\ndatetime.today()",
    ),
    "text without alphabet": (
        "open(path)",
        "open(path, 'a')",
        "path.read_text()",
        "path.write_text(words)",
        "path.open('w')",
        "with path.open() as file:\n    pass",
        "import io\nio.open(path, mode='r')",
    ),
    "not replaced": ("import os\nos.rename(a, b)", "path.rename(other)", "import shutil\nshutil.move(a, b)"),
    "removed tree": ("import shutil\nshutil.rmtree(folder)", "from shutil import rmtree\nrmtree(folder)"),
    "handed to the system": (
        "import os\nos.startfile(path)",
        "import webbrowser\nwebbrowser.open(url)",
        "from PySide6.QtGui import QDesktopServices\nQDesktopServices.openUrl(url)",
    ),
    "words as markup": (
        "view.setHtml(words)",
        "label.setTextFormat(Qt.TextFormat.RichText)",
        "item.setToolTip(patient.name)",
        "item.setToolTip(f'{name} (1)')",
        "item.setToolTip(_('From {name}', name=name))",
        "item.setToolTip(plain_tip(a) if a else b)",
        "from PySide6.QtWidgets import QToolTip\nQToolTip.showText(place, words)",
    ),
    "label": (
        "from PySide6.QtWidgets import QLabel\nQLabel(words)",
        "from PySide6.QtWidgets import QMessageBox\nQMessageBox.critical(None, 'x', words)",
        "from PySide6 import QtWidgets\nQtWidgets.QTextBrowser()",
    ),
    "open door": ("listen('0.0.0.0', 80)", "HOST = '::'"),
}
KEPT: Final = {
    "sql text": (
        "connection.execute('DELETE FROM record WHERE id = :id', {'id': name})",
        "words = f'Select a patient, {name}'",
        "words = 'DELETED: ' + name",
        "from sqlalchemy import text\ntext('SELECT 1')",
        "sentence.format(name)",
    ),
    "raw match": (
        "QUERY = 'SELECT * FROM s WHERE s MATCH :m'\nrun(QUERY, {'m': match_expression(typed)})",
        "QUERY = 'SELECT * FROM s WHERE s MATCH :m'\nfound = match_expression(typed)\nrun(QUERY, {'m': found})",
        '"""Raw text reaching MATCH is a query language."""',
        "word = 'MATCHED'",
    ),
    "whole archive": ("values = extract(record)", "archive.read(name)"),
    "unbounded inflating": (
        "inflater.decompress(pending, 1 << 20)",
        "inflater.decompress(pending, max_length=9)",
        "import zlib\nzlib.compress(data)",
    ),
    "unchecked link": ("httpx.Client(verify=context)", "store.verify(backup)", "context.check_hostname = True"),
    "code from data": ("import json\njson.loads(text)", "re.compile(text)", "yaml.safe_load(text)", "engine.exec(x)"),
    "shell": ("import subprocess\nsubprocess.run([program, path], check=True)",),
    "xml": ("from xml.sax.saxutils import escape", "import xmlish"),
    "guessed name": ("import tempfile\ntempfile.mkstemp()", "tempfile.TemporaryDirectory()"),
    "guessable": ("import secrets", "import uuid_utils\nuuid_utils.uuid7()", "import randomness"),
    "compared in time": (
        "if token == '':\n    pass",
        "hmac.compare_digest(token, given)",
        "if sha256 != found:\n    x",
    ),
    "own cryptography": ("import hashlib", "from clinic_app.keys import seal", "import secrets"),
    "own database": ("from clinic_app.storage import Store", "import sqlite3_names"),
    "logged record": (
        "_log.info('took %s bytes', len(body))",
        "_log.info('%s refused: %s', request.method, error)",
        "_log.info('a %s', type(record).__name__)",
        "dialog.error(record)",
    ),
    "swallowed error": (
        "try:\n    go()\nexcept Exception:\n    _log.exception('it failed')",
        "try:\n    go()\nexcept BaseException:\n    close()\n    raise",
        "try:\n    go()\nexcept Exception as error:\n    tell(error)",
        "try:\n    go()\nexcept ValueError:\n    pass",
        "from contextlib import suppress\nwith suppress(OSError):\n    go()",
    ),
    "moment without zone": (
        "from datetime import UTC, datetime\ndatetime.now(UTC)",
        "from datetime import UTC, datetime\ndatetime.fromtimestamp(1, tz=UTC)",
        "clock.now()",
    ),
    "text without alphabet": (
        "open(path, 'rb')",
        "open(path, encoding='utf-8')",
        "path.read_text('utf-8')",
        "path.write_text(words, 'utf-8')",
        "path.open('xb')",
        "screen.open()",
        "blobs.open(sha256)",
        "path.open(**options)",
    ),
    "not replaced": ("import os\nos.replace(a, b)", "Struct(rename='camel')"),
    "removed tree": ("path.unlink()", "import shutil\nshutil.copyfile(a, b)"),
    "handed to the system": ("QUrl.fromLocalFile(path)", "session.open(url)"),
    "words as markup": (
        "item.setToolTip(plain_tip(patient.name))",
        "item.setToolTip(_('Close'))",
        "item.setToolTip('')",
        "item.setToolTip(plain_tip(a) if a else '')",
        "label.setTextFormat(Qt.TextFormat.PlainText)",
    ),
    "label": ("from ui.widgets.labels import label\nlabel('body', words)", "class Line(QLabel):\n    pass"),
    "open door": ("HOST = '127.0.0.1'", "words = 'never 0.0.0.0 of course'"),
}
BY_NAME: Final = {rule.name: rule for rule in RULES}


def _place(name: str) -> str:
    """Return a file the rule holds for: a room's own file, or a screen for the rules of the screens."""
    paths = ("clinic_app/hub/made_up.py", "ui/people/made_up.py")
    return next(path for path in paths if BY_NAME[name].holds_for(path))


def _told(name: str, text: str, path: str = "") -> list[str]:
    found = breaches(Source(path or _place(name), text + "\n"))
    return [line for line in found if f": {name}: " in line]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BROKEN.items() for text in texts])
def test_a_rule_catches_what_it_is_for(name: str, text: str) -> None:
    assert _told(name, text), text


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in KEPT.items() for text in texts])
def test_what_only_looks_like_it_passes(name: str, text: str) -> None:
    assert _told(name, text) == []


def test_every_rule_has_a_name_of_its_own_a_reason_and_samples_of_both_kinds() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert set(names) == set(BROKEN) == set(KEPT)
    assert all(len(rule.why.split()) > 4 for rule in RULES)


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_reasoned_comment_on_the_line_or_above_it_exempts(name: str) -> None:
    text = BROKEN[name][0]
    (place,) = {int(line.split(":")[1]) for line in _told(name, text)}
    lines = text.splitlines()
    mark = f"# allowed ({name}): because of the law"
    above = "\n".join([*lines[: place - 1], mark, *lines[place - 1 :]])
    beside = "\n".join([*lines[: place - 1], f"{lines[place - 1]}  {mark}", *lines[place:]])
    for exempt in (above, beside):
        assert not [line for line in breaches(Source(_place(name), exempt + "\n")) if name in line]


def test_an_exemption_is_for_one_rule_one_line_and_one_reason() -> None:
    path = "clinic_app/hub/made_up.py"
    assert "gives no reason" in breaches(Source(path, "import pickle  # allowed (code from data)\n"))[0]
    assert "gives no reason" in breaches(Source(path, "import pickle  # allowed (code from data): must be\n"))[0]
    assert "no rule “pickles”" in breaches(Source(path, "x = 1  # allowed (pickles): we like them here\n"))[0]
    stale = breaches(Source(path, "x = 1  # allowed (shell): it was needed once\n"))
    assert "any more" in stale[0]
    other = breaches(Source(path, "import pickle  # allowed (shell): it was needed once\n"))
    assert len(other) == 2, "the breach stands, and the exemption is of no use"
    far = breaches(Source(path, "# allowed (code from data): it was needed once\n\nimport pickle\n"))
    assert len(far) == 2


def test_a_word_in_a_string_is_no_exemption() -> None:
    text = 's = "# allowed (shell): this is only text"\nimport pickle\n'
    assert len(breaches(Source("clinic_app/hub/made_up.py", text))) == 1


def test_the_rooms_that_keep_keys_and_rows_may_use_what_the_others_may_not() -> None:
    for path, text in (
        ("clinic_app/keys/x.py", "import pyrage"),
        ("clinic_app/storage/x.py", "import sqlcipher3"),
        ("clinic_app/storage/x.py", "import hmac"),
        ("clinic_app/sync/x.py", "import random"),
        ("ui/widgets/labels.py", "from PySide6.QtWidgets import QLabel\nQLabel('x')"),
        ("tests/x.py", "import sqlite3"),
    ):
        assert breaches(Source(path, text + "\n")) == []


def test_one_bad_line_anywhere_fails_the_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    room = tmp_path / "clinic_app" / "hub"
    room.mkdir(parents=True)
    (room / "fine.py").write_text("x = 1\n", encoding="utf-8")
    assert main(tmp_path) == 0
    (tmp_path / "dev.py").write_text("import os\nos.system('x')\n", encoding="utf-8")
    assert main(tmp_path) == 1
    assert "dev.py:2: shell: " in capsys.readouterr().out
