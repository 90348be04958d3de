"""The key is not in this computer's keyring: somebody's password or the recovery code opens the data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit

from clinic_app.foundation.errors import DamagedError, StorageError
from clinic_app.foundation.texts import Text
from tests.helpers.fake_opening import CODE, KEY, FakeOpening
from tests.helpers.fake_workstation import PASSWORD
from tests.helpers.held import Held
from tests.helpers.late_runner import LateRunner
from tests.helpers.panes import Pane, shown
from tests.helpers.watchdog import Watchdog
from ui import language, theme
from ui.shell.early_window import HEIGHT, WIDTH
from ui.shell.main_window import LEAST_HEIGHT, LEAST_WIDTH
from ui.shell.unlock_window import UnlockWindow
from ui.shell.view_model_opening import OpeningViewModel, code_fault
from ui.tasks import TaskRunner

GROUPS = tuple(CODE.split("-"))


class Folder:
    """A data folder that opens with the right key."""

    def __init__(self) -> None:
        self.opening = FakeOpening()
        self.keys: list[bytes] = []
        self.error: Exception | None = None

    def build(self, key: bytes) -> str:
        self.keys.append(key)
        if self.error is not None:
            raise self.error
        return "workstation"

    def window(self, runner: TaskRunner) -> UnlockWindow:
        return UnlockWindow(OpeningViewModel(self.opening, self.build, runner))


@pytest.fixture
def folder() -> Folder:
    return Folder()


@pytest.fixture
def pane(qapp: QApplication, folder: Folder) -> Iterator[Pane[UnlockWindow]]:
    language.use("kk")
    theme.apply(qapp, "light")
    with shown(folder.window, (WIDTH, HEIGHT)) as made:
        yield made
    language.use("kk")
    theme.apply(qapp, "light")


def _heard(pane: Pane[UnlockWindow]) -> list[object]:
    heard: list[object] = []
    pane.widget._model.opened.connect(heard.append)
    return heard


def _by_password(pane: Pane[UnlockWindow], login: str = "doctor", password: str = PASSWORD) -> None:
    pane.type("unlock.login", login)
    pane.type("unlock.password", password)
    pane.click("unlock.enter")


def _by_code(pane: Pane[UnlockWindow], code: str = CODE) -> None:
    pane.click("unlock.way.recovery")
    pane.type("unlock.code.1", code)
    pane.click("unlock.enter")


def test_it_says_what_happened_and_that_nothing_is_lost(pane: Pane[UnlockWindow]) -> None:
    language.use("en")
    pane.settle()
    assert "The key of these data is not on this computer" in pane.all_words()
    assert "Nothing is lost." in pane.all_words()


def test_the_password_of_somebody_who_works_here_opens_the_data(pane: Pane[UnlockWindow], folder: Folder) -> None:
    heard = _heard(pane)
    _by_password(pane)
    assert heard == ["workstation"]
    assert folder.keys == [KEY]


def test_the_cursor_begins_at_the_login_and_enter_leads_through(pane: Pane[UnlockWindow]) -> None:
    heard = _heard(pane)
    assert pane.cursor == "unlock.login"
    pane.strike("doctor")
    pane.keys(Qt.Key.Key_Return)
    assert pane.cursor == "unlock.password"
    pane.strike(PASSWORD)
    pane.keys(Qt.Key.Key_Return)
    assert heard == ["workstation"]


def test_the_recovery_code_opens_the_data(pane: Pane[UnlockWindow], folder: Folder) -> None:
    heard = _heard(pane)
    _by_code(pane)
    assert heard == ["workstation"]
    assert folder.keys == [KEY]


def test_a_wrong_password_is_said_above_the_form_and_opens_nothing(pane: Pane[UnlockWindow], folder: Folder) -> None:
    _by_password(pane, password="wrong")
    assert pane.words("unlock.notice.text") == "Логин немесе құпиясөз қате."
    assert folder.keys == []
    assert pane.cursor == "unlock.password"


def test_an_empty_login_and_an_empty_password_are_asked_for_at_their_fields(pane: Pane[UnlockWindow]) -> None:
    pane.click("unlock.enter")
    assert pane.words("unlock.login.message") != ""
    pane.type("unlock.login", "doctor")
    pane.click("unlock.enter")
    assert pane.words("unlock.login.message") == ""
    assert pane.words("unlock.password.message") != ""


def test_a_group_that_is_not_whole_is_named_and_marked(pane: Pane[UnlockWindow], folder: Folder) -> None:
    _by_code(pane, "7RQK-2M0W-9X")
    assert pane.words("unlock.code.message") == "3-топ толық емес: әр топта 4 таңба болады."
    assert pane.find("unlock.code.3").property("state") == "wrong"
    assert pane.cursor == "unlock.code.3"
    assert folder.keys == []


def test_a_slip_of_the_finger_is_told_from_the_checksum_and_the_code_stays(pane: Pane[UnlockWindow]) -> None:
    _by_code(pane, CODE.replace("9XTA", "9XT4"))
    assert pane.words("unlock.code.message") != ""
    assert pane.find("unlock.code.3", QLineEdit).text() == "9XT4"
    assert pane.cursor == "unlock.code.1"


def test_changing_the_way_takes_the_scolding_back(pane: Pane[UnlockWindow]) -> None:
    _by_password(pane, password="wrong")
    pane.click("unlock.way.recovery")
    assert not pane.sees("unlock.notice.text")
    pane.click("unlock.enter")
    assert pane.words("unlock.code.message") != ""
    pane.click("unlock.way.user")
    pane.click("unlock.way.recovery")
    assert "қағаз" in pane.words("unlock.code.message")
    assert pane.find("unlock.code.message").property("role") == "label"


def test_while_the_key_is_tried_the_form_stands_still_and_says_for_what_it_waits(
    pane: Pane[UnlockWindow], folder: Folder
) -> None:
    slow = Held(folder.opening, "with_password")
    pane.type("unlock.login", "doctor")
    pane.type("unlock.password", PASSWORD)
    pane.press("unlock.enter")
    slow.wait_for_calls()
    assert not pane.find("unlock.enter").isEnabled()
    assert pane.sees("unlock.busy")
    assert "Кілт тексеріліп жатыр…" in pane.all_words()
    language.use("en")
    QApplication.processEvents()
    assert "Trying the key…" in pane.all_words()
    slow.let_go()
    pane.settle()
    assert len(slow.calls) == 1
    assert not pane.sees("unlock.busy")


def test_data_that_will_not_open_with_the_right_key_are_said(pane: Pane[UnlockWindow], folder: Folder) -> None:
    folder.error = StorageError(Text("Nobody yet"))
    _by_password(pane)
    assert pane.words("unlock.notice.text") == "Әзірге ешкім жоқ"
    assert pane.find("unlock.enter").isEnabled()


def test_damaged_data_are_told_with_the_key_so_that_a_backup_can_be_restored(
    pane: Pane[UnlockWindow], folder: Folder
) -> None:
    folder.error = DamagedError(Text("Nobody yet"))
    heard: list[tuple[object, object]] = []
    pane.widget._model.damaged.connect(lambda key, text: heard.append((key, text)))
    _by_code(pane)
    assert heard == [(KEY, Text("Nobody yet"))]


@pytest.mark.parametrize(("ways", "seen"), [(("keyring", "user"), "unlock.login"), (("recovery",), "unlock.code.1")])
def test_only_the_ways_that_exist_are_offered(qapp: QApplication, ways: tuple[str, ...], seen: str) -> None:
    folder = Folder()
    folder.opening = FakeOpening(*ways)
    with shown(folder.window) as pane:
        assert pane.sees(seen)
        assert not pane.sees("unlock.way")


def test_closing_the_window_is_told(pane: Pane[UnlockWindow]) -> None:
    heard: list[bool] = []
    pane.widget.closed.connect(lambda: heard.append(True))
    pane.widget.close()
    assert heard == [True]


def test_nothing_is_asked_twice_while_an_answer_is_on_its_way() -> None:
    runner = LateRunner()
    model = OpeningViewModel(FakeOpening(), lambda _key: "workstation", runner.as_runner)
    model.with_password("doctor", PASSWORD)
    model.with_code(GROUPS)
    assert len(runner.waiting) == 1


def test_a_form_without_text_asks_nobody() -> None:
    runner = LateRunner()
    model = OpeningViewModel(FakeOpening(), lambda _key: "workstation", runner.as_runner)
    model.with_password("  ", PASSWORD)
    model.with_password("doctor", "")
    model.with_code(("",) * 8)
    assert runner.waiting == []


@pytest.mark.parametrize(
    ("groups", "field"),
    [(GROUPS, None), (("",) * 8, "code"), (("7RQK", "2M", *GROUPS[2:]), "code.2"), ((*GROUPS[:7], ""), "code.8")],
)
def test_the_first_group_that_is_not_whole_is_found(groups: tuple[str, ...], field: str | None) -> None:
    fault = code_fault(groups)
    assert (fault[0] if fault else None) == field


@pytest.mark.parametrize("shade", ["light", "dark"])
@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_language_and_theme_are_at_hand_and_everything_is_named_and_fits(
    pane: Pane[UnlockWindow], code: str, shade: str
) -> None:
    pane.click(f"unlock.language.{code}")
    pane.click(f"unlock.theme.{shade}")
    assert (language.current(), theme.current()) == (code, shade)
    for way in ("user", "recovery"):
        pane.click(f"unlock.way.{way}")
        assert pane.nameless() == []
        hint = pane.widget.minimumSizeHint()
        assert hint.width() <= LEAST_WIDTH
        assert hint.height() <= LEAST_HEIGHT


def test_tab_walks_from_the_choice_through_the_code_to_the_button(pane: Pane[UnlockWindow]) -> None:
    pane.click("unlock.way.recovery")
    walked = [pane.cursor]
    for _step in range(8):
        pane.keys(Qt.Key.Key_Tab)
        walked.append(pane.cursor)
    assert walked == [*(f"unlock.code.{number}" for number in range(1, 9)), "unlock.enter"]


def test_the_window_answers_while_a_key_is_tried(pane: Pane[UnlockWindow], folder: Folder, watchdog: Watchdog) -> None:
    slow = Held(folder.opening, "with_recovery_code")
    pane.click("unlock.way.recovery")
    pane.type("unlock.code.1", CODE)
    pane.press("unlock.enter")
    slow.let_go()
    pane.settle()
    assert slow.calls
