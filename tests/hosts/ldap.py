"""A directory on two hosts: slapd that the publisher writes to, and one that follows it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from directories.material import BASE
from directories.slapd import SCHEMA, Found
from hosts.network import Host
from installed.program import until
from ldap_publish.slapd_conf import DEBIAN_SCHEMAS
from peers import program

PORT = 3890
WRITER = f"cn=publisher,{BASE}"
PASSWORD = "only-on-this-computer"


def url(host: Host) -> str:
    return f"ldaps://{host.address}:{PORT}"


@contextmanager
def directory(
    host: Host, folder: Path, tls: tuple[Path, Path, Path], provider: Host | None = None
) -> Iterator[str]:
    """A slapd over TLS, anonymous readers and one writer; its address while the block lasts.

    ``tls``: certificate with its chain, key, and the roots. With a ``provider`` it takes what that
    one has (RFC 4533), and nothing from anybody else.
    """
    (folder / "data").mkdir(parents=True)
    certificate, key, roots = tls
    lines = [
        *(f"include {each}" for each in (*DEBIAN_SCHEMAS, SCHEMA)),
        "moduleload back_mdb",
        "moduleload syncprov",
        *(f"TLSCertificateFile {certificate}", f"TLSCertificateKeyFile {key}"),
        *("access to * by * read", "database mdb", f"suffix {BASE}", f"rootdn {WRITER}"),
        *(f"directory {folder / 'data'}", "index uid,serialNumber,entryUUID,entryCSN eq"),
    ]
    if provider is None:
        lines += [f"rootpw {PASSWORD}", "overlay syncprov"]
    else:
        lines += [
            f"syncrepl rid=001 provider={url(provider)} type=refreshAndPersist retry=1,+",
            f"  searchbase={BASE} bindmethod=simple binddn={WRITER} credentials={PASSWORD}",
            f"  tls_cacert={roots} keepalive=1:2:1 network-timeout=2",
            f"updateref {url(provider)}",
        ]
    (folder / "slapd.conf").write_text("\n".join([*lines, ""]))
    slapd = program("slapd")
    words = (str(slapd), "-f", str(folder / "slapd.conf"), "-h", url(host), "-d", "0")
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(host.words(*words), stdout=log, stderr=log) as process,
    ):
        try:
            until(lambda: _answers(host, roots), "slapd answers", (folder / "log").read_text)
            yield url(host)
        finally:
            process.terminate()


def _answers(host: Host, roots: Path) -> bool:
    words = ("env", f"LDAPTLS_CACERT={roots}", "ldapsearch", "-x", "-H", url(host), "-s", "base")
    ran = subprocess.run(host.words(*words), capture_output=True, check=False)
    return ran.returncode == 0


def found(reader: Host, at: Host, roots: Path, search: str, attribute: str) -> list[bytes]:
    """Values that OpenLDAP's own client gets, asked from another host."""
    words = ("ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", url(at), "-b", BASE, search)
    text = reader.command("env", f"LDAPTLS_CACERT={roots}", *words, attribute)
    return Found(0, text).of(attribute)
