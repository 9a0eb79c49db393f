"""`zorgid notices`, and what `zorgid doctor` finds: against a real store and a real mail server."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from letters.configured import configured
from letters.house import ADDRESS, DAY, ONE, House, blocked, house_of_three
from pki.domain.errors import (
    ConfigurationInvalid,
    Conflict,
    Malformed,
    NotFound,
    Unavailable,
)
from pki.domain.events import Event
from pki.domain.identifiers import NoticeId
from pki.domain.notices.events import NoticeSentAgain
from pki.domain.notices.mail import Handed, Taken
from pki.store.reading import ReadStore
from pki.store.writing import Store
from server.notices.again import resend
from server.notices.commands import list_notices, mail_test
from server.notices.examine import examine_notices
from server.settings import Settings
from stores.samples import NOON, SetClock
from strangers.smtp import Post, mail_server

CONFIG = Path("zorgid.toml")


@contextmanager
def served(post: Post) -> Iterator[int]:
    """The mail server on an event loop of its own, as commands begin theirs."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    server = mail_server(post)
    try:
        yield asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(20)
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def told(tmp_path: Path, migrated_sqlite: Path) -> Path:
    """A store with one notice that was refused, and one that waits."""
    path = tmp_path / "store" / "zorgid.sqlite3"
    path.parent.mkdir()
    shutil.copy(migrated_sqlite, path)

    async def fill() -> None:
        async with house_of_three(f"sqlite:///{path}") as house:
            await _fill(house)

    asyncio.run(fill())
    return tmp_path


async def _fill(house: House) -> None:
    await house.tell(blocked(1))
    house.carrier.answers = [Handed(taken=Taken.REFUSED, why="550 5.1.1")]
    await house.outbox().round()
    house.clock.at += timedelta(seconds=1)
    await house.tell(blocked(2))


def settings_of(folder: Path, port: int | None) -> Settings:
    smtp: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "noreply@zorg.example",
        "timeout_seconds": 5,
    }
    return configured(folder, {} if port is None else {"smtp": smtp})


def configure(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr("server.notices.commands.load", lambda path: settings)


def test_notices_are_listed_newest_first(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, settings_of(told, None))
    report = list_notices(CONFIG, None, limit=5)
    heading, newest, oldest, counts = report.lines
    assert heading == "2 notices, the newest first"
    assert "waiting" in newest
    assert "Smartcard …0002 was blocked" in newest
    assert "refused (550 5.1.1)" in oldest
    assert counts == "in all: 1 refused, 1 waiting"
    assert report.result["mail"] == {"refused": 1, "waiting": 1}
    assert [each["tries"] for each in report.result["notices"]] == [0, 0]
    assert list_notices(CONFIG, ONE.ura.value, limit=1).result["notices"] == [
        report.result["notices"][0]
    ]
    with pytest.raises(NotFound):
        list_notices(CONFIG, "11111111", limit=1)
    with pytest.raises(Malformed):
        list_notices(CONFIG, "1", limit=1)


async def _lose(url: str) -> None:
    async with house_of_three(url) as house:
        answers = Handed(taken=Taken.REFUSED, why="550"), Handed(taken=Taken.UNCLEAR, why="lost")
        for number, handed in enumerate(answers, 1):
            await house.tell(blocked(number))
            house.carrier.answers = [handed]
            await house.outbox().round()


async def _sent(url: str) -> tuple[list[str], list[Event]]:
    """What goes out now, and what the journal says of it being sent again."""
    clock = SetClock()
    clock.at = NOON + 2 * DAY
    house = House(store=Store.open(url, clock=clock), reader=ReadStore.open(url), clock=clock)
    await house.outbox().round()
    entries = await house.reader.read(lambda session: session.journal_after(0, 1000))
    await house.reader.close()
    await house.store.close()
    sent = [each.notice.id.value for letter in house.carrier.got for each in letter.notices]
    return sent, [each.event for each in entries if isinstance(each.event, NoticeSentAgain)]


def test_what_may_not_have_arrived_is_sent_again_when_somebody_says_so(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "store").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "store" / "zorgid.sqlite3")
    url = f"sqlite:///{tmp_path}/store/zorgid.sqlite3"
    asyncio.run(_lose(url))
    settings = settings_of(tmp_path, None)
    configure(monkeypatch, settings)
    monkeypatch.setattr("server.notices.again.load", lambda path: settings)
    clock = SetClock()
    clock.at = NOON + 2 * DAY

    _, line, _ = (report := list_notices(CONFIG, None, limit=5, unknown=True)).lines
    (lost,) = (each["id"] for each in report.result["notices"])
    assert line.startswith(lost)
    assert "unknown (lost)" in line
    listed = list_notices(CONFIG, None, limit=5).result["notices"]
    (refused,) = (each["id"] for each in listed if each["id"] != lost)
    for wrong, error in ((refused, Conflict), ("ab" * 16, NotFound), ("a", Malformed)):
        with pytest.raises(error):
            resend(CONFIG, [lost, wrong], clock)
    assert asyncio.run(_sent(url)) == ([], [])

    assert resend(CONFIG, [lost, lost], clock).result == {"waiting": [lost]}
    with pytest.raises(Conflict):
        resend(CONFIG, [lost], clock)
    told = NoticeSentAgain(notice=NoticeId(lost), ura=ONE.ura)
    assert asyncio.run(_sent(url)) == ([lost], [told])
    assert list_notices(CONFIG, None, limit=5, unknown=True).result["notices"] == []


def test_a_test_message_arrives_or_says_why_not(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post()
    with served(post) as port:
        configure(monkeypatch, settings_of(told, port))
        assert mail_test(CONFIG, ADDRESS.value).result["taken"] is True
        with pytest.raises(Malformed):
            mail_test(CONFIG, "beheer")
        post.rcpt = "550 5.1.1 no such user"
        with pytest.raises(Unavailable, match=r"refused 550 5\.1\.1"):
            mail_test(CONFIG, ADDRESS.value)
    (message,) = post.messages
    assert message["To"] == ADDRESS.value
    assert "test message" in message.get_content()
    configure(monkeypatch, settings_of(told, None))
    with pytest.raises(ConfigurationInvalid, match="no mail server"):
        mail_test(CONFIG, ADDRESS.value)


def test_the_doctor_asks_the_mail_server_and_sees_what_waits(told: Path) -> None:
    post = Post()
    with served(post) as port:
        settings = settings_of(told, port)
        made = newest_made(settings)
        (fine,) = examine_notices(settings, made + timedelta(minutes=59))
        assert fine.level == "ok"
        _, late = examine_notices(settings, made + timedelta(minutes=61))
        assert (late.level, bool(late.runbook)) == ("warning", True)
        (again,) = examine_notices(settings, made + 15 * DAY)
        assert again.level == "ok", "of no use any more"
    away, _ = examine_notices(settings, made + DAY)
    assert (away.level, away.about) == ("problem", "notices")
    assert post.envelopes == []
    assert list(examine_notices(settings_of(told, None), made)) == []


def newest_made(settings: Settings) -> datetime:
    store = ReadStore.open(settings.store.url)
    try:
        (newest,) = store.read_sync(lambda session: session.notices_of(None, None, 1))
    finally:
        store.close_sync()
    return newest.notice.made_at
