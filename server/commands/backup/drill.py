"""`zorgid backup-drill`: proves that a backup can be restored; the installation is only read."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pki.domain.errors import ConfigurationInvalid, ZorgidError
from pki.ports import Entropy
from pki.store.reading import ReadStore
from server.commands.backup.disk import disk_errors
from server.commands.backup.manifest import ELSEWHERE, Manifest
from server.commands.backup.store_copy import DUMP, examine_sqlite, refuse_password, try_in_scratch
from server.commands.backup.stored import digest_at
from server.commands.backup.unpack import Opening, unpack
from server.commands.findings import Finding, ok, problem, report, warning
from server.generation.authorities import open_authority, signing
from server.report import Report
from server.setting.issuers import GenerationSettings
from server.settings import Settings, load

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scratch:
    """Where a backup is tried: secrets are in ``folder``, in plain text, for a moment.

    ``database`` is the URL of any database on a server where another may be made, for a store that
    was in PostgreSQL.
    """

    folder: Path | None = None
    database: str | None = None


def drill(
    opening: Opening,
    config: Path | None,
    *,
    scratch: Scratch,
    say: Say,
    entropy: Entropy,
) -> Report:
    """Restore into a scratch folder, verify everything, compare with the live store, clean up.

    Raises:
        As `restore`: what cannot be opened or unpacked is an error; the rest are findings.
    """
    live = None if config is None else load(config)
    parent = scratch.folder or opening.source.resolve().parent
    refuse_password(scratch.database)
    key = opening.private_key()
    with (
        disk_errors(parent),
        tempfile.TemporaryDirectory(prefix=".drill-", dir=parent) as folder,
    ):
        root = Path(folder)
        manifest = unpack(opening.source, key, root, say)
        findings = [
            ok("file", "authentic to its last octet, and this key opens it"),
            ok("files", f"{len(manifest.files)} files, each as the manifest says"),
        ]
        _try_store(root, manifest, scratch.database, say, entropy)
        findings.append(ok("journal", f"verifies: {manifest.position} entries, {manifest.digest}"))
        say("loading the restored configuration, keys and profiles")
        findings += _usable(root, manifest, entropy)
        if live is not None:
            say("comparing with the live store")
            findings += _against(live, manifest)
    findings.append(ok("scratch", "removed"))
    told = report(findings, f"drill with {opening.source}, made at {manifest.made_at}")
    result = {**told.result, "manifest": manifest.summary()}
    return Report(result=result, lines=told.lines, code=told.code)


def _try_store(
    root: Path, manifest: Manifest, database: str | None, say: Say, entropy: Entropy
) -> None:
    copy = root / manifest.store
    if manifest.store != DUMP:
        examine_sqlite(copy, manifest, say)
        return
    if database is None:
        raise ConfigurationInvalid(
            key="--database",
            message="the store in this backup was in PostgreSQL: a drill needs a server to try it",
            next_step="give --database URL, of any database on a server where this user may make "
            "databases: the drill makes one of its own there and drops it",
        )
    name = f"zorgid_drill_{entropy.octets(6).hex()}"
    try_in_scratch(copy, database, manifest, name, say)


def _usable(root: Path, manifest: Manifest, entropy: Entropy) -> Iterator[Finding]:
    """Whether the Token CA could issue: configuration, profiles, passphrase, key, certificate."""
    outside = [each.name for each in manifest.files if each.name.startswith(f"{ELSEWHERE}/")]
    if outside:
        yield warning(
            "keys",
            f"not tried: {len(outside)} files stood outside the installation's folder",
            "drill on a computer where they can be put in their places",
        )
        return
    try:
        settings = load(root / manifest.configuration)
        for each in signing(settings):
            yield _key(settings, each, entropy)
    except ZorgidError as error:
        yield problem("keys", error.message, error.next_step or "make another backup")


def _key(settings: Settings, generation: GenerationSettings, entropy: Entropy) -> Finding:
    if generation.key is not None and generation.key.pkcs11 is not None:
        return warning(
            "keys",
            f"the key of {generation.id} is in a token, which no backup holds",
            "drill the token's own backup by its ceremony",
        )
    open_authority(settings, generation, entropy)
    return ok("keys", f"the key of {generation.id} opens and belongs to its certificate")


def _against(live: Settings, manifest: Manifest) -> Iterator[Finding]:
    """Whether the live journal is the backup's, and longer."""
    store = ReadStore.open(live.store.url, threads=1)
    try:
        found, head = store.read_sync(lambda session: (session.installation(), session.head()))
    finally:
        store.close_sync()
    if found != (manifest.installation, manifest.kind):
        yield problem("live store", "is of another installation", "compare with its own backup")
        return
    if manifest.position and digest_at(live.store.url, manifest.position) != manifest.digest:
        yield problem(
            "live store",
            f"its journal does not go through entry {manifest.position} of the backup",
            "one of the two was put back or changed: stop issuing, compare both with an export",
        )
        return
    since = head.position - manifest.position
    yield ok("live store", f"its journal goes on from the backup's head; {since} entries since")
