"""Puts an installation together on twelve hosts, as docs/operations.md says."""

import ipaddress
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hosts.asked import RelyingParty
from hosts.front import front
from hosts.house import House
from hosts.ldap import PASSWORD, WRITER, directory
from hosts.ldap import url as ldap_url
from hosts.network import Host, hosts
from hosts.node import Node
from hosts.postgres import PORT, Database, database
from installed.nursery import Nursery
from installed.practice import Practice, copied, register_served
from pki.ports import SystemClock
from strangers.postgres_killed import moved

BLIND_SECONDS = 3
MAX_AGE = 2
SAMPLE = 4
LEASE_SECONDS = 8
NUMBERS = {
    "north": 2,
    "south": 3,
    "issuer-a": 11,
    "issuer-b": 12,
    "publisher": 13,
    "status-1": 21,
    "status-2": 22,
    "status-3": 23,
    "ldap-1": 31,
    "ldap-2": 32,
    "front": 40,
    "outside": 50,
}


@contextmanager
def house(practice: Practice, folder: Path, nursery: Nursery) -> Iterator[House]:
    """All of it, at work; ``folder`` is for the nodes' own."""
    with ExitStack() as stack:
        made = stack.enter_context(hosts(NUMBERS))
        primary, replica = _databases(stack, practice, made)
        tls = _certified(practice, folder, made)
        provider, consumer = made["ldap-1"], made["ldap-2"]
        stack.enter_context(directory(provider, folder / "ldap-1", tls))
        stack.enter_context(directory(consumer, folder / "ldap-2", tls, provider))
        shop = _Shop(practice=practice, folder=folder, hosts=made, nursery=nursery, roots=tls[2])
        status = shop.status("status-1"), shop.status("status-2"), shop.status("status-3")
        asker = RelyingParty(host=made["outside"], layout=practice.layout)
        nodes = [each.status_url.removeprefix("http://") for each in status]
        house = House(
            primary=primary,
            replica=replica,
            a=shop.issuing("issuer-a"),
            b=shop.issuing("issuer-b"),
            publisher=shop.publishing(),
            status=status,
            directories=(provider, consumer),
            asker=asker,
            front=stack.enter_context(front(made["front"], folder / "front", nodes, asker)),
            auditors=(shop.auditor("status-1"), shop.auditor("status-2"), shop.auditor("status-3")),
        )
        for node in (house.a, house.b):
            register = register_served(practice.register, practice.ports)
            node.host.do(partial(stack.enter_context, register))
        for node in house.nodes:
            stack.callback(node.end)
        house.start()
        house.settle()
        yield house


def _databases(
    stack: ExitStack, practice: Practice, made: dict[str, Host]
) -> tuple[Database, Database]:
    """A primary with the store in it, and its replica."""
    primary = stack.enter_context(database(made["north"]))
    replica = stack.enter_context(database(made["south"]))
    primary.make()
    primary.start()
    primary.tell("CREATE ROLE zorgid LOGIN")
    primary.tell("CREATE ROLE zorgid_status LOGIN")
    primary.tell("CREATE DATABASE zorgid OWNER zorgid TEMPLATE template0")
    url = primary.url("zorgid")
    moved(practice.layout.store, url.replace("//postgres@", "//zorgid@"))
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO zorgid_status")
    replica.follow(primary)
    return primary, replica


def _certified(practice: Practice, folder: Path, made: dict[str, Host]) -> tuple[Path, Path, Path]:
    """A certificate of the Services CA for the API's key, with the addresses of all hosts.

    Certificate with its chain, key, and root, as slapd reads them.
    """
    layout = practice.layout
    secret = layout.secret("passphrase").read_bytes()
    ca_key, key = (
        load_pem_private_key(layout.key(name).read_bytes(), secret)
        for name in ("services-ca-g1", "api")
    )
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    ca_pem = layout.certificate("services-ca-g1").read_bytes()
    ca, now = x509.load_pem_x509_certificate(ca_pem), SystemClock().now()
    addresses = [x509.IPAddress(ipaddress.ip_address(each.address)) for each in made.values()]
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), *addresses])
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(ca.subject)
        .serial_number(x509.random_serial_number())
        .public_key(key.public_key())
        .not_valid_before(ca.not_valid_before_utc)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "hosts.key.pem").write_bytes(plain)
    pem = certificate.public_bytes(Encoding.PEM)
    (folder / "api.pem").write_bytes(pem)
    (folder / "hosts.pem").write_bytes(pem + ca_pem)
    return folder / "hosts.pem", folder / "hosts.key.pem", layout.certificate("root")


@dataclass(frozen=True, kw_only=True)
class _Shop:
    """Makes the folder of each node: the same installation, configured for its host."""

    practice: Practice
    folder: Path
    hosts: dict[str, Host]
    nursery: Nursery
    roots: Path

    def issuing(self, name: str) -> Node:
        """Its API is for all, and for the desk beside it under the name that it has."""
        port = self.practice.ports.base + 1
        listen = f'listen = "127.0.0.1:{port}"', f'listen = "0.0.0.0:{port}"'
        return self._node(name, "issuance", listen, self._store("zorgid", "north", "south"))

    def publishing(self) -> Node:
        """It writes to the first directory, which the second follows."""
        (self.folder / "ldap-password").write_text(PASSWORD)
        (self.folder / "ldap-password").chmod(0o600)
        ldap = (
            f'mode = "external"\nurl = "{ldap_url(self.hosts["ldap-1"])}"\nbind_dn = "{WRITER}"'
            f'\npassword_file = "{self.folder}/ldap-password"\nca_file = "{self.roots}"'
        )
        store = self._store("zorgid", "north", "south")
        return self._node("publisher", "publisher", store, ('mode = "off"', ldap))

    def status(self, name: str) -> Node:
        """On the replica while there is one, or on the primary; an API certifies its responder."""
        base = self.practice.ports.base
        on_primary = name == "status-3"
        issuer = self.hosts["issuer-b" if on_primary else "issuer-a"]
        api = f'"https://localhost:{base + 1}"', f'"https://{issuer.address}:{base + 1}"'
        own = f'listen = "127.0.0.1:{base}"', f'listen = "{self.hosts[name].address}:{base}"'
        limits = f"blindness_limit_seconds = {BLIND_SECONDS}\nmax_age_seconds = {MAX_AGE}"
        front = self.hosts["front"].address
        proxies = f'proxies = ["{front}"]'
        told = "[status]\n", f"[status]\n{limits}\n{proxies}\n"
        databases = ("north", "south") if on_primary else ("south", "north")
        store = self._store("zorgid_status", *databases)
        return self._node(name, "status", store, api, own, told)

    def auditor(self, status: str) -> Practice:
        """Reads the store as a status node may; looks at this one, and at both directories."""
        replicas = "".join(
            f'[[ldap.replicas]]\nname = "{name}"\nurl = "{ldap_url(self.hosts[name])}"\n'
            f'bind_dn = "cn=nobody"\npassword_file = "{self.folder}/ldap-password"\n'
            f'ca_file = "{self.roots}"\n'
            for name in ("ldap-1", "ldap-2")
        )
        store = self._store("zorgid_status", "north", "south")
        made = self._configured(f"outside-of-{status}", status, store)
        made.change(('mode = "off"', 'mode = "external"'))
        with made.config.open("a") as file:
            file.write(replicas)
        return made

    def _store(self, user: str, *names: str) -> tuple[str, str]:
        """Whoever writes takes the one that may be written to; others, the first there is."""
        places = "&".join(f"host={self.hosts[each].address}:{PORT}" for each in names)
        writing = "&target_session_attrs=primary" if names[0] == "north" else ""
        url = f"postgresql+psycopg://{user}@/zorgid?{places}{writing}"
        new = f'postgresql = "{url}"\nlease_seconds = {LEASE_SECONDS}'
        return 'path = "store/zorgid.sqlite3"', new

    def _configured(self, name: str, status: str, *changes: tuple[str, str]) -> Practice:
        made = copied(self.practice, self.folder / name)
        shutil.copy(self.folder / "api.pem", made.layout.certificate("api"))
        base = self.practice.ports.base
        public = f'public_url = "http://{self.hosts[status].address}:{base}"'
        made.change(*changes, (f'public_url = "http://127.0.0.1:{base}"', public))
        with made.config.open("a") as file:
            file.write(f"\n[views]\nsample = {SAMPLE}\n[crl]\nmax_age_seconds = {MAX_AGE}\n")
        return made

    def _node(self, name: str, role: str, *changes: tuple[str, str]) -> Node:
        practice = self._configured(name, "status-1", *changes)
        return Node(host=self.hosts[name], role=role, practice=practice, nursery=self.nursery)
