"""Rules of the house a linter does not know, found in the syntax tree: what may never be written, and why.

`RULES` is the table: a rule names calls, imports, arguments or words that are forbidden, where, or has a question of
its own. A place that must break one says so in a comment on its line or the line above, with a reason::

    # allowed (sql text): a PRAGMA takes no parameters, and the key is hexadecimal
    connection.execute(f"PRAGMA key = ...")

An exemption without a reason, of no rule, or that nothing needs any more is a breach too. Run as
``python -m tests.architecture.house_rules``; the exit code is 1 when a rule is broken.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cache, cached_property
from pathlib import Path
from typing import Final, TypeVar, cast

ROOT: Final = Path(__file__).parents[2]
PROGRAM: Final = ("clinic_app/", "ui/", "main.py")
CODE: Final = (*PROGRAM, "dev.py", "installer/")
EVERYWHERE: Final = (*CODE, "tests/")
N = TypeVar("N", bound=ast.AST)
_EXEMPTION: Final = re.compile(r"#\s*allowed \(([^)]*)\):?\s*(.*)")
_LEAST_REASON: Final = 3
"""Words."""


@dataclass(frozen=True)
class Source:
    """One file: its path below the root with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What each imported name stands for: ``np`` for ``numpy``, ``now`` for ``datetime.datetime.now``."""
        found: dict[str, str] = {}
        for node in self.all(ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        for each in self.all(ast.ImportFrom):
            found.update({alias.asname or alias.name: f"{each.module}.{alias.name}" for alias in each.names})
        return found

    @cached_property
    def exemptions(self) -> Mapping[int, tuple[str, str]]:
        """Rule and reason by the line that is exempt; a comment with a line of its own speaks of the next one."""
        found: dict[int, tuple[str, str]] = {}
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            said = _EXEMPTION.match(token.string) if token.type == tokenize.COMMENT else None
            if said:
                is_alone = not token.line[: token.start[1]].strip()
                found[token.start[0] + is_alone] = (said[1].strip(), said[2].strip())
        return found

    @cached_property
    def nodes(self) -> Mapping[type, list[ast.AST]]:
        """Every node by its kind, so that many rules cost one walk."""
        found: dict[type, list[ast.AST]] = {}
        for node in ast.walk(self.tree):
            found.setdefault(type(node), []).append(node)
        return found

    @cached_property
    def calls(self) -> tuple[tuple[str, ast.Call], ...]:
        """Every call under the full name of what is called."""
        return tuple((self.full_name(call.func), call) for call in self.all(ast.Call))

    @cached_property
    def mentions(self) -> tuple[tuple[str, ast.AST], ...]:
        """Every name that is used, in full, with its dots and without."""
        return tuple((self.full_name(node), node) for node in (*self.all(ast.Attribute), *self.all(ast.Name)))

    def all(self, kind: type[N]) -> list[N]:
        """Return every node of one kind."""
        return cast("list[N]", self.nodes.get(kind, []))

    def full_name(self, node: ast.AST) -> str:
        """Return the dotted name of an expression with its imports followed; ``*`` for what is no name."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self.full_name(node.value)}.{node.attr}"
        return "*"


Places = Iterator[ast.AST]


@dataclass(frozen=True)
class Rule:
    """One thing that may never be written.

    Args:
        name: as it stands in an exemption.
        why: what happens otherwise; printed with every breach.
        calls: full names (with ``*``) that may not be called.
        imports: modules that may not be imported.
        arguments: keyword arguments that may not have this constant value.
        mentions: full names that may not be used at all.
        finds: a question of its own.
        where: beginnings of the paths it holds for.
        but_not: beginnings of the paths it does not hold for.
    """

    name: str
    why: str
    calls: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    arguments: Mapping[str, object] = field(default_factory=dict)
    mentions: tuple[str, ...] = ()
    finds: Callable[[Source], Places] | None = None
    where: tuple[str, ...] = CODE
    but_not: tuple[str, ...] = ()

    def holds_for(self, path: str) -> bool:
        """Return whether a file has to keep this rule."""
        return path.startswith(self.where) and not path.startswith(self.but_not or ("\0",))

    def breaches(self, source: Source) -> Places:
        """Yield the places of a file that break this rule."""
        yield from _called(source, self.calls)
        yield from _imported(source, self.imports)
        yield from _given(source, self.arguments)
        yield from _mentioned(source, self.mentions)
        if self.finds:
            yield from self.finds(source)


# --- questions of their own ------------------------------------------------------------------------------------------

_SQL: Final = re.compile(
    r"\s*(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|DROP|ALTER|PRAGMA|ATTACH|VACUUM|REPLACE INTO|TRUNCATE|GRANT)\s"
)
_RUNS_SQL: Final = ("*.execute", "*.exec_driver_sql", "*.executemany", "*.executescript", "sqlalchemy.text", "*.text")
_UNBOUND_MATCH: Final = re.compile(r"\bMATCH\b(?!\s+:\w)")
_BOUND_MATCH: Final = re.compile(r"\bMATCH\s+:(\w+)")
_MODE: Final = re.compile(r"[rwxabt+U]{1,4}")
_BROAD: Final = frozenset({"Exception", "BaseException"})
_LOG_CALLS: Final = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
_LOGGERS: Final = frozenset({"_log", "log", "logger", "logging"})
_CLINICAL: Final = (
    frozenset({"body", "bodies", "record", "records", "resource", "patient", "payload", "bundle", "raw", "data"})
    | frozenset({"content", "message", "document", "words", "form", "recipient", "identity", "query"})
    | frozenset({"password", "secret", "token", "key", "code"})
)
"""Names under which what a patient or a key says goes through the program."""
_SAID_OF: Final = frozenset({"len", "type", "isinstance", "bool"})
_SECRETS: Final = frozenset({"token", "mac", "signature", "pin", "recovery_code"})


def _built_sql(source: Source) -> Places:
    """Find text that is put together and looks like SQL, or is handed to what runs SQL."""
    for kind in (ast.JoinedStr, ast.BinOp, ast.Call):
        for node in source.all(kind):
            if _is_put_together(node) and _SQL.match(_first_words(node)):
                yield node
    for name, call in source.calls:
        if call.args and _is_put_together(call.args[0]) and _is_like(name, _RUNS_SQL):
            yield call.args[0]


def _raw_match(source: Source) -> Places:
    """Find a full-text MATCH whose words did not go through ``match_expression``, which quotes each."""
    quoted = {
        target.id
        for node in source.all(ast.Assign)
        if isinstance(node.value, ast.Call) and source.full_name(node.value.func).endswith("match_expression")
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    strings = [node for node in source.all(ast.Constant) if isinstance(node.value, str)]
    docstrings = {id(node.value) for node in source.all(ast.Expr)}
    bound = {name for node in strings for name in _BOUND_MATCH.findall(str(node.value))}
    yield from (node for node in strings if _UNBOUND_MATCH.search(str(node.value)) and id(node) not in docstrings)
    for given in source.all(ast.Dict):
        for name, value in zip(given.keys, given.values, strict=True):
            is_bound = isinstance(name, ast.Constant) and name.value in bound
            is_quoted = (isinstance(value, ast.Name) and value.id in quoted) or (
                isinstance(value, ast.Call) and source.full_name(value.func).endswith("match_expression")
            )
            if is_bound and not is_quoted:
                yield value


def _text_without_alphabet(source: Source) -> Places:
    """Find files opened, read or written as text in whatever alphabet the computer is set to."""
    in_with = {id(item.context_expr) for node in source.all(ast.With) for item in node.items}
    for name, call in source.calls:
        if any(keyword.arg in ("encoding", None) for keyword in call.keywords):
            continue
        method = name.rpartition(".")[2] if isinstance(call.func, ast.Attribute) else ""
        is_read = method == "read_text" and not call.args
        is_written = method == "write_text" and len(call.args) < 2
        place = 1 if name in ("open", "io.open", "os.fdopen") else 0 if method == "open" else None
        is_file = place == 1 or id(call) in in_with  # a screen is opened too
        if is_read or is_written or (place is not None and _is_text_mode(call, place, has_default=is_file)):
            yield call


def _unbounded_inflating(source: Source) -> Places:
    """Find ``decompress`` without a limit on what comes out."""
    for call in source.all(ast.Call):
        is_inflating = isinstance(call.func, ast.Attribute) and call.func.attr == "decompress"
        if is_inflating and len(call.args) < 2 and not any(each.arg == "max_length" for each in call.keywords):
            yield call


def _moment_without_zone(source: Source) -> Places:
    """Find ``now()`` and ``fromtimestamp(x)`` without a zone."""
    for name, call in source.calls:
        needed = {"datetime.datetime.now": 1, "datetime.datetime.fromtimestamp": 2}.get(name, 0)
        if len(call.args) < needed and not any(keyword.arg == "tz" for keyword in call.keywords):
            yield call


def _swallowed_error(source: Source) -> Places:
    """Find a catch of everything that neither raises, nor logs, nor hands the error on."""
    for handler in source.all(ast.ExceptHandler):
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if not any(kind is None or source.full_name(kind) in _BROAD for kind in kinds):
            continue
        inside = [node for statement in handler.body for node in ast.walk(statement)]
        is_told = any(
            isinstance(node, ast.Raise)
            or (isinstance(node, ast.Name) and node.id == handler.name)
            or (isinstance(node, ast.Call) and _is_logging(node))
            for node in inside
        )
        if not is_told:
            yield handler
    for name, call in source.calls:
        if name == "contextlib.suppress":
            yield from (each for each in call.args if source.full_name(each) in _BROAD)


def _logged_record(source: Source) -> Places:
    """Find a log line that is given what a record, a message or a key says; its length or its kind is no secret."""
    for call in source.all(ast.Call):
        if _is_logging(call):
            given = (*call.args, *(keyword.value for keyword in call.keywords))
            yield from (node for value in given for node in _told(value) if _last_name(node) in _CLINICAL)


def _compared_in_time(source: Source) -> Places:
    """Find secrets compared letter by letter, which tells by its duration how many were right."""
    for node in source.all(ast.Compare):
        sides = (node.left, *node.comparators)
        is_equality = any(isinstance(each, ast.Eq | ast.NotEq) for each in node.ops)
        if is_equality and not any(isinstance(side, ast.Constant) for side in sides):
            yield from (side for side in sides[:1] if any(_last_name(each) in _SECRETS for each in sides))


def _words_as_markup(source: Source) -> Places:
    """Find a tool tip that is neither fixed words nor ``plain_tip``: Qt takes whatever has a ``<`` for HTML."""
    for call in source.all(ast.Call):
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "setToolTip" and call.args):
            continue
        if not _is_plain_words(call.args[-1]):
            yield call


def _is_plain_words(words: ast.AST) -> bool:
    if isinstance(words, ast.IfExp):
        return _is_plain_words(words.body) and _is_plain_words(words.orelse)
    if not isinstance(words, ast.Call):
        return isinstance(words, ast.Constant)
    made_by = _last_name(words.func)
    return made_by == "plain_tip" or (made_by == "_" and not words.keywords)


def _open_to_all(source: Source) -> Places:
    """Find an address that means every network of the computer."""
    yield from (node for node in source.all(ast.Constant) if node.value in ("0.0.0.0", "::"))


# --- the table -------------------------------------------------------------------------------------------------------

RULES: Final = (
    Rule(
        "sql text",
        "SQL put together from text runs what a stranger typed; bind the values (OpenEMR CVE-2026-24908)",
        finds=_built_sql,
    ),
    Rule(
        "raw match",
        "raw text in a full-text MATCH is a query language: 9 of 12 hostile strings raise, one reads another column",
        finds=_raw_match,
    ),
    Rule(
        "whole archive",
        "extracting an archive to a folder follows its names out of it and its sizes into the last byte of the disk",
        calls=("*.extractall", "shutil.unpack_archive", "*.extract_all"),
        where=EVERYWHERE,
    ),
    Rule(
        "unbounded inflating",
        "two megabytes inflate to two gigabytes; say how much may come out",
        calls=("gzip.open", "gzip.GzipFile", "bz2.open", "bz2.BZ2File", "lzma.open", "lzma.LZMAFile"),
        finds=_unbounded_inflating,
        where=PROGRAM,
    ),
    Rule(
        "unchecked link",
        "a TLS link whose other end is not checked is a link with whoever sits between",
        arguments={"verify": False, "check_hostname": False, "verify_mode": 0},
        mentions=("*CERT_NONE", "*._create_unverified_context", "*.disable_warnings"),
        where=EVERYWHERE,
    ),
    Rule(
        "code from data",
        "reading these runs what the data say (OpenMRS CVE-2018-19276, Mirth CVE-2023-43208)",
        calls=("eval", "exec", "compile", "__import__", "yaml.load", "yaml.unsafe_load", "yaml.full_load"),
        imports=("pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "joblib"),
        arguments={"allow_pickle": True},
        where=EVERYWHERE,
    ),
    Rule(
        "shell",
        "a shell reads file names as commands; give a list of words",
        calls=("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "os.spawn*"),
        arguments={"shell": True},
        where=EVERYWHERE,
    ),
    Rule(
        "xml",
        "entities of XML read files and fill the memory; defusedxml does not",
        imports=("xml.etree", "xml.dom", "xml.sax.expatreader", "xml.parsers", "lxml", "xmlrpc"),
        where=EVERYWHERE,
    ),
    Rule(
        "guessed name",
        "between the name of a temporary file and its making somebody else makes it",
        calls=("tempfile.mktemp", "os.tempnam", "os.tmpnam"),
        where=EVERYWHERE,
    ),
    Rule(
        "guessable",
        "these rooms make keys, codes and tokens; `random` can be foretold, `secrets` cannot",
        imports=("random", "numpy.random"),
        calls=("uuid.uuid1", "*.uuid1"),
        where=tuple(f"clinic_app/{room}/" for room in ("keys", "access", "storage", "hub", "referral", "consultation")),
    ),
    Rule(
        "compared in time",
        "comparing letter by letter tells by its duration how many were right; use hmac.compare_digest",
        finds=_compared_in_time,
        where=PROGRAM,
    ),
    Rule(
        "own cryptography",
        "ciphers, signatures and key derivation are arranged in the rooms keys and storage and nowhere else",
        imports=("pyrage", "cryptography", "joserfc", "nacl", "Crypto", "Cryptodome", "jwt", "hmac"),
        where=PROGRAM,
        but_not=("clinic_app/keys/", "clinic_app/storage/"),
    ),
    Rule(
        "own database",
        "the storage room opens, encrypts and locks the database; a second way in does none of it",
        imports=("sqlite3", "sqlcipher3", "sqlalchemy", "alembic", "psycopg", "apsw"),
        where=PROGRAM,
        but_not=("clinic_app/storage/",),
    ),
    Rule(
        "logged record",
        "logs are copied, mailed and kept: what a record, a message or a key says has no business there",
        finds=_logged_record,
        where=PROGRAM,
    ),
    Rule(
        "swallowed error",
        "an error nobody raises, logs or hands on is data lost without a word",
        finds=_swallowed_error,
    ),
    Rule(
        "moment without zone",
        "a moment without a zone is another moment on the next computer",
        calls=("*.utcnow", "*.utcfromtimestamp", "datetime.datetime.today"),
        finds=_moment_without_zone,
        where=EVERYWHERE,
    ),
    Rule(
        "text without alphabet",
        "Windows reads and writes text in its own code page unless told; Kazakh letters do not survive it",
        finds=_text_without_alphabet,
        where=EVERYWHERE,
    ),
    Rule(
        "not replaced",
        "os.rename fails on Windows where the target exists, and shutil.move copies; os.replace is atomic on both",
        calls=("os.rename", "os.renames", "shutil.move", "*.rename"),
        where=PROGRAM,
    ),
    Rule(
        "removed tree",
        "a program that removes folders removes the wrong one some day; nothing damaged is ever deleted",
        calls=("shutil.rmtree", "os.removedirs"),
        where=PROGRAM,
    ),
    Rule(
        "handed to the system",
        "the system runs whatever it takes a file or address for; only what this program has made may go there",
        calls=("os.startfile", "webbrowser.*", "*QDesktopServices.openUrl"),
        where=PROGRAM,
    ),
    Rule(
        "words as markup",
        "Qt guesses that words with a < are HTML, and HTML loads files of other computers; use label() and plain_tip()",
        calls=("*.setHtml", "*.insertHtml", "*.appendHtml", "*.setMarkdown", "*.setWhatsThis", "*QToolTip.showText"),
        mentions=("*TextFormat.RichText", "*TextFormat.AutoText", "*TextFormat.MarkdownText"),
        finds=_words_as_markup,
        where=("ui/", "main.py"),
    ),
    Rule(
        "label",
        "QLabel and QMessageBox guess that words are HTML; ui.widgets.labels makes those that do not",
        calls=("*QtWidgets.QLabel", "*QMessageBox*", "*QtWidgets.QTextBrowser", "*QtWidgets.QTextEdit"),
        where=("ui/", "main.py"),
        but_not=("ui/widgets/labels.py",),
    ),
    Rule(
        "open door",
        "an address that means every network lets in who was not asked; the address is a setting",
        finds=_open_to_all,
        where=PROGRAM,
    ),
)


# --- how the columns of the table are looked up ----------------------------------------------------------------------


def _is_like(name: str, patterns: tuple[str, ...]) -> bool:
    return _pattern(patterns).match(name) is not None


@cache
def _pattern(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))


def _called(source: Source, patterns: tuple[str, ...]) -> Places:
    if patterns:
        yield from (call for name, call in source.calls if _is_like(name, patterns))


def _imported(source: Source, modules: tuple[str, ...]) -> Places:
    for kind in (ast.Import, ast.ImportFrom):
        for node in source.all(kind):
            module = getattr(node, "module", None) or ""
            named = [f"{module}.{alias.name}" if module else alias.name for alias in node.names]
            if any(f"{each}.".startswith(f"{forbidden}.") for each in named for forbidden in modules):
                yield node


def _given(source: Source, arguments: Mapping[str, object]) -> Places:
    for call in source.all(ast.Call):
        for keyword in call.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
            if keyword.arg in arguments and value is arguments[keyword.arg]:
                yield call
    for node in source.all(ast.Assign):
        value = node.value.value if isinstance(node.value, ast.Constant) else ...
        for target in node.targets:
            if isinstance(target, ast.Attribute) and value is arguments.get(target.attr, target):
                yield node


def _mentioned(source: Source, patterns: tuple[str, ...]) -> Places:
    if patterns:
        yield from (node for name, node in source.mentions if _is_like(name, patterns))


def _is_put_together(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return _is_text(node.left) or _is_text(node.right)
    is_format = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
    return is_format and _is_text(node.func.value)  # type: ignore[union-attr, attr-defined]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _first_words(node: ast.AST) -> str:
    return next((str(n.value) for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)), "")


def _is_text_mode(call: ast.Call, place: int, *, has_default: bool) -> bool:
    """Tell whether a call of ``open`` opens text; a first argument that is no mode belongs to another kind of file."""
    mode = next((keyword.value for keyword in call.keywords if keyword.arg == "mode"), None)
    mode = mode or (call.args[place] if len(call.args) > place else None)
    if mode is None:
        return has_default
    is_mode = isinstance(mode, ast.Constant) and isinstance(mode.value, str) and bool(_MODE.fullmatch(mode.value))
    return is_mode and "b" not in str(getattr(mode, "value", ""))


def _is_logging(call: ast.Call) -> bool:
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in _LOG_CALLS
        and _last_name(call.func.value) in _LOGGERS
    )


def _told(value: ast.AST) -> Iterator[ast.AST]:
    """Yield what a log line would tell: names at the end of their dots, but not what only their length is asked of."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in _SAID_OF:
        return
    if isinstance(value, ast.Name | ast.Attribute):
        yield value
        return
    for child in ast.iter_child_nodes(value):
        yield from _told(child)


def _last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


# --- the walk through the house --------------------------------------------------------------------------------------


def sources(root: Path = ROOT) -> Iterator[Source]:
    """Yield every Python file of a checkout."""
    for place in EVERYWHERE:
        path = root / place
        for each in sorted(path.rglob("*.py")) if path.is_dir() else [path] * path.is_file():
            yield Source(each.relative_to(root).as_posix(), each.read_text(encoding="utf-8"))


def breaches(source: Source) -> list[str]:
    """Return one line for each breach of a file, ``path:line: rule: why``, exemptions weighed."""
    found: list[str] = []
    used: set[int] = set()
    for rule in RULES:
        for line in sorted({_line(node) for node in _broken(rule, source)}):
            if source.exemptions.get(line, ("", ""))[0] == rule.name:
                used.add(line)
            else:
                found.append(f"{source.path}:{line}: {rule.name}: {rule.why}")
    names = {rule.name for rule in RULES}
    for line, (name, reason) in source.exemptions.items():
        if name not in names:
            found.append(f"{source.path}:{line}: there is no rule “{name}” to be exempt from")
        elif len(reason.split()) < _LEAST_REASON:
            found.append(f"{source.path}:{line}: the exemption from “{name}” gives no reason")
        elif line not in used:
            found.append(f"{source.path}:{line}: nothing here needs an exemption from “{name}” any more")
    return found


def _broken(rule: Rule, source: Source) -> Places:
    return rule.breaches(source) if rule.holds_for(source.path) else iter(())


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def main(root: Path = ROOT) -> int:
    """Print every place that breaks a rule; return the exit code."""
    files = list(sources(root))
    found = [line for source in files for line in breaches(source)]
    for line in found:
        print(f"  {line}")
    exempt = sum(len(source.exemptions) for source in files)
    print(f"{len(RULES)} rules, {len(files)} files, {exempt} exemptions with a reason, {len(found)} breaches")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
