"""A status node of several processes: none is missed when it dies, is replaced, or all end."""

import http.client
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from installed.practice import STATUS_METRICS, Practice
from installed.program import Running, exchanged, fetched, readiness, until

pytestmark = pytest.mark.slow

PATH = "/ca/zorg-id-token-ca.cer"


@dataclass
class Load:
    """Relying parties that ask without pause; every answer and every failure is kept."""

    port: int
    answers: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    kept_open: bool = True

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()
        kinds = [self._new_each_time] * 2 + [self._kept_open] * (2 * self.kept_open)
        threads = [threading.Thread(target=kind, args=(stop,)) for kind in kinds]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            stop.set()
            for each in threads:
                each.join()

    def _new_each_time(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._ask(self._connection()).close()

    def _kept_open(self, stop: threading.Event) -> None:
        connection = self._connection()
        while not stop.is_set():
            connection = self._ask(connection)
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def _ask(self, connection: http.client.HTTPConnection) -> http.client.HTTPConnection:
        """Ask once; the connection to ask on next."""
        try:
            connection.request("GET", PATH)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(repr(error))
            connection.close()
            return self._connection()
        self.answers[answer.status] += 1
        return connection


@dataclass(frozen=True)
class Node:
    """A status node with two workers."""

    practice: Practice
    supervisor: Running

    @property
    def pid(self) -> int:
        return self.supervisor.process.pid

    @property
    def metrics_port(self) -> int:
        return self.practice.ports.base + STATUS_METRICS

    def workers(self) -> set[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return {int(word) for word in children.read_text().split()}

    def changes(self, outcome: str) -> float:
        line = f'zorgid_worker_changes_total{{outcome="{outcome}"}} '
        text = fetched(f"http://127.0.0.1:{self.metrics_port}/metrics").decode()
        return float(next(each for each in text.splitlines() if each.startswith(line)).split()[1])

    def whole(self) -> bool:
        """Both workers are there, and they are ready."""
        return len(self.workers()) == 2 and readiness(self.metrics_port) is None


@contextmanager
def node(practice: Practice) -> Iterator[Node]:
    words = ("serve", "--role", "status", "--workers", "2", "--config")
    with practice.spawn(*words, str(practice.status_config())) as supervisor:
        made = Node(practice, supervisor)
        supervisor.until_ready(made.metrics_port)
        yield made


@pytest.fixture(scope="module")
def issuing(module_practice: Practice) -> Iterator[Practice]:
    with module_practice.serving("issuance"):
        yield module_practice


@pytest.fixture(scope="module")
def running(issuing: Practice) -> Iterator[Node]:
    """One for all tests up to the one that ends it."""
    with node(issuing) as made:
        yield made


def gone(pids: set[int]) -> bool:
    return not any(lives(pid) for pid in pids)


def lives(pid: int) -> bool:
    """Whoever adopted it may take long to collect one that has ended."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return said.rpartition(")")[2].split()[0] not in "ZX"


def test_workers_are_replaced_and_no_connection_is_refused(running: Node) -> None:
    load, before = Load(running.practice.ports.base), running.workers()
    assert len(before) == 2
    with load.running():
        os.kill(running.pid, signal.SIGHUP)
        until(lambda: running.changes("replaced") == 2, "both workers were replaced")
        until(lambda: gone(before), "the old workers have ended")
        until(running.whole, "the node is ready")
    assert load.failures == []
    assert set(load.answers) == {200}


def test_a_worker_that_dies_is_started_again_and_its_queue_waits(running: Node) -> None:
    load, before = Load(running.practice.ports.base, kept_open=False), running.workers()
    with load.running():
        for pid in sorted(before):
            os.kill(pid, signal.SIGKILL)
        until(lambda: running.changes("crashed") >= 2, "both deaths are counted")
        until(running.whole, "the node is ready again")
        asked = load.answers.total()
        until(lambda: load.answers.total() > asked + 50, "it answers")
    assert running.workers().isdisjoint(before)
    # What a dying process had taken is lost with it: one question for each who asked then.
    assert len(load.failures) <= 2 * len(before), load.failures
    assert set(load.answers) == {200}


def test_what_waits_at_a_stuck_worker_is_taken_by_another(running: Node) -> None:
    port, stuck = running.practice.ports.base, min(running.workers())
    os.kill(stuck, signal.SIGSTOP)
    try:
        # Which queue a connection meets follows from its port: some of these meet the stuck one.
        found = [exchanged(f"http://127.0.0.1:{port}{PATH}")[0] for _ in range(40)]
    finally:
        os.kill(stuck, signal.SIGCONT)
    assert found == [200] * 40


def test_a_wrong_configuration_leaves_the_workers_as_they_are(running: Node) -> None:
    # One that was stopped for long is taken for stuck and replaced.
    until(running.whole, "both workers serve")
    before = running.workers()
    path = running.practice.config.with_name("status.toml")
    right = path.read_text("utf-8")
    path.write_text(right + "\n[unknown]\n", "utf-8")
    os.kill(running.pid, signal.SIGHUP)
    until(lambda: "the workers stay as they are" in running.supervisor.log, "it is told")
    path.write_text(right, "utf-8")
    assert running.workers() == before
    until(running.whole, "the node is ready as before")


def test_a_second_supervisor_is_refused(running: Node) -> None:
    config = str(running.practice.config.with_name("status.toml"))
    words = ("serve", "--role", "status", "--workers", "2", "--config", config)
    ran = running.practice.zorgid(*words)
    assert ran.returncode == 1
    assert "stop the program that has the port" in ran.stderr


def test_all_end_together(running: Node) -> None:
    workers = running.workers()
    assert running.supervisor.stop() == 0
    assert gone(workers)


def test_no_worker_outlives_its_supervisor(issuing: Practice) -> None:
    with node(issuing) as made:
        workers = made.workers()
        made.supervisor.kill()
        until(lambda: gone(workers), "the workers have ended")


def test_a_worker_that_cannot_start_stops_everything(practice: Practice) -> None:
    config = practice.status_config()
    (practice.layout.root / "secrets" / "passphrase").write_text("another\n")
    ran = practice.zorgid("serve", "--role", "status", "--workers", "2", "--config", str(config))
    assert ran.returncode == 2, ran.stderr
    assert "check enrolment.certificate and enrolment.key" in ran.stderr


def test_only_a_status_node_has_workers(practice: Practice) -> None:
    ran = practice.zorgid("serve", "--workers", "2")
    assert ran.returncode == 2
    assert "--role status" in ran.stderr
