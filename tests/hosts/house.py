"""An installation on twelve hosts, what is asked of it from outside, and what must hold at the end.

`hosts.made` puts it together.
"""

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from cryptography import x509

from card_writer.flow.making import Made
from hosts.asked import RelyingParty
from hosts.front import Front
from hosts.ldap import found
from hosts.network import Host
from hosts.node import Node
from hosts.postgres import Database
from installed.practice import Practice, employee
from installed.program import until
from installed.sound import Change, Requests, check_sound, views_agree
from pki.domain.leases.records import Lease
from pki.store.reading import ReadSession, ReadStore
from server.demo.telling.tools import environment
from server.installation import Layout
from server.leases.names import Task

T = TypeVar("T")

VIEWS = ("ocsp-get", "ocsp-post-nonce", "crl", "ldap-1", "ldap-2")


@dataclass(kw_only=True)
class House:
    """All of them; what was acknowledged is kept here, to be looked for after each fault."""

    primary: Database
    replica: Database
    a: Node
    b: Node
    publisher: Node
    status: tuple[Node, Node, Node]
    directories: tuple[Host, Host]
    asker: RelyingParty
    front: Front
    auditors: tuple[Practice, Practice, Practice]
    requests: Requests = field(default_factory=Requests)
    _people: Iterator[int] = field(default_factory=lambda: itertools.count(700))

    @property
    def outside(self) -> Host:
        return self.asker.host

    @property
    def _layout(self) -> Layout:
        return self.a.practice.layout

    @property
    def nodes(self) -> Sequence[Node]:
        return (self.a, self.b, self.publisher, *self.status)

    @property
    def on_replica(self) -> Sequence[Node]:
        """Status nodes that read the replica; the third reads the primary."""
        return self.status[:2]

    @property
    def databases(self) -> tuple[Host, Host]:
        return (self.primary.host, self.replica.host)

    def make_card(self, at: Node) -> Made:
        """From a pass to a card that is confirmed, at a desk beside this node."""
        someone = employee(next(self._people))
        return at.host.ask(lambda: at.practice.make_card(someone))

    def change(self, at: Node, change: Change, made: Made) -> bool:
        """Ask it once; whether it was acknowledged."""
        card = made.card.card_id
        return at.host.ask(lambda: self.requests.once(at.practice, change, card))

    def insist(self, at: Node, change: Change, made: Made) -> None:
        """Ask under one key until it is acknowledged."""
        card = made.card.card_id
        at.host.ask(lambda: self.requests.insist(at.practice, change, card))

    def says(self, node: Node, made: Made, *options: str) -> str:
        """What a relying party hears there by POST."""
        return self.asker.posted(node.status_url, serial(made), *options)

    def until_says(self, node: Node, made: Made, status: str) -> None:
        """OCSP of this status node."""
        what = f"{node.host.name} says {status}"
        until(
            lambda: paused(self.says(node, made)) == status,
            what,
            lambda: f"{self.says(node, made)}; {node.log[-3000:]}",
        )

    def until_all_say(self, made: Made, status: str, nodes: Sequence[Node] | None = None) -> None:
        """OCSP of each status node, or of these."""
        for node in nodes or self.status:
            self.until_says(node, made, status)

    def until_listed(self, made: Made) -> None:
        """On the CRL of each status node, and on that of each directory."""
        for node in self.status:
            self._until(made, partial(self.served, node), node.host)
        self.until_kept(made)

    def until_shown(self, made: Made) -> None:
        """In both directories, where a card stays for ever."""
        for directory in self.directories:
            self._until_shown(directory, made)

    def served(self, node: Node) -> set[int]:
        """Serials on the CRL of this status node."""
        return self.listed(self.asker.crl(node.status_url))

    def kept(self, directory: Host) -> set[int]:
        """Serials on the CRL of this directory."""
        return self.listed(self._crl(directory))

    def until_kept(self, made: Made) -> None:
        """On the CRL of both directories, which the store of a status node need not know."""
        for directory in self.directories:
            self._until(made, partial(self.kept, directory), directory)

    def confirmed(self, node: Node) -> dict[str, Any]:
        """`zorgid restore-confirm` with the CRL of a directory; nothing of this node runs."""
        crl = node.practice.layout.root / "last.crl"
        crl.write_bytes(self._crl(self.directories[1]))
        config, words = str(node.practice.config), ("-m", "server.cli", "restore-confirm", "--json")
        ran = subprocess.run(
            node.host.words(sys.executable, *words, "-c", config, "--crl", str(crl)),
            capture_output=True,
            text=True,
            check=False,
            env=environment(),
            timeout=180,
        )
        answer: dict[str, Any] = json.loads(ran.stdout)
        assert answer.get("result"), (answer, ran.stderr)
        result: dict[str, Any] = answer["result"]
        return result

    def forget(self, made: Made) -> None:
        """What was asked of a card: its answer is lost, and what it did was done by others."""
        asked = [each for each in self.requests.asked if each.card != made.card.card_id]
        self.requests.asked[:] = asked

    def _crl(self, directory: Host) -> bytes:
        [crl] = self._look(directory, "(ou=token-ca-g1)", "certificateRevocationList;binary")
        return crl

    def listed(self, der: bytes) -> set[int]:
        """What it lists; OpenSSL verifies it."""
        issuer = self._layout.certificate("token-ca-g1")
        words = ("openssl", "crl", "-inform", "DER", "-CAfile", str(issuer), "-noout")
        ran = subprocess.run(words, input=der, capture_output=True, check=True)
        assert b"verify OK" in ran.stderr
        return {each.serial_number for each in x509.load_der_x509_crl(der)}

    def _look(self, directory: Host, search: str, attribute: str) -> list[bytes]:
        """What ldapsearch at another host finds there."""
        roots = self._layout.certificate("root")
        return found(self.outside, directory, roots, search, attribute)

    def holder(self, task: Task) -> Node | None:
        """Who runs it by the store's word; None while nobody does."""
        lease = self.read(lambda session: session.lease(task.value))
        if lease is None or not lease.held:
            return None
        return next(each for each in self.nodes if lease.holder.endswith(f":{each.lease_name}"))

    def builder(self) -> Node:
        """Who builds CRLs."""
        until(lambda: self.holder(Task.CRLS) is not None, "somebody builds CRLs")
        found = self.holder(Task.CRLS)
        assert found is not None
        return found

    def other_than(self, node: Node) -> Node:
        """The other issuing node."""
        return self.b if node is self.a else self.a

    def promote(self) -> None:
        """Let the replica be the primary; what was that is no more."""
        self.replica.tell("SELECT pg_promote()")
        self.primary, self.replica = self.replica, self.primary

    def change_places(self) -> None:
        """What was the primary follows the new one, catches up, and is the primary again."""
        self.replica.host.plug()
        self.replica.follow(self.primary)
        self.primary.stop()
        self.promote()
        self.replica.follow(self.primary)

    def token(self, task: Task) -> int:
        lease: Lease | None = self.read(lambda session: session.lease(task.value))
        return 0 if lease is None else lease.token

    def read(self, query: Callable[[ReadSession], T]) -> T:
        """Of the primary, whatever is cut."""
        store = ReadStore.open(self.primary.url("zorgid"), threads=1)
        try:
            return store.read_sync(query)
        finally:
            store.close_sync()

    def start(self) -> None:
        """Let all begin that do not run; who certifies responders first."""
        for node in self.nodes:
            if node.process:
                continue
            node.start()
            if node.role == "issuance":
                node.until_ready()

    def settle(self) -> None:
        """Wait until all are ready."""
        for node in self.nodes:
            node.until_ready()

    def check(self) -> None:
        """What must hold after each fault, as one of the nodes says and as is seen from outside.

        Each status node is looked at by itself, with both directories.
        """
        self.settle()
        at = self.a
        at.host.ask(lambda: check_sound(at.practice, self.requests))
        for auditor in self.auditors:
            found = self.outside.ask(partial(views_agree, auditor))
            assert len(found.views) == len(VIEWS), found.views

    def _until(self, made: Made, crl: Callable[[], set[int]], host: Host) -> None:
        until(lambda: serial(made) in crl(), f"the CRL at {host.name} lists the card")

    def in_directory(self, directory: Host, made: Made) -> bool:
        """Whether ldapsearch finds the card's certificate there."""
        search, attribute = f"(uid={serial(made)})", "userCertificate;binary"
        return made.certificate in self._look(directory, search, attribute)

    def _until_shown(self, directory: Host, made: Made) -> None:
        until(lambda: self.in_directory(directory, made), f"{directory.name} shows the card")


def paused(said: str) -> str:
    """Whoever asks again and again with a program of its own leaves the computer some time."""
    time.sleep(0.2)
    return said


def serial(made: Made) -> int:
    return x509.load_der_x509_certificate(made.certificate).serial_number
