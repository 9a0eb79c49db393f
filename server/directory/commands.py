"""`zorgid ldap plan|apply|verify|republish`, for every directory or one of them."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, assert_never

from ldap_publish.directory import LdapDirectory, LdapServer
from ldap_publish.follower import cursors_of
from pki.domain.errors import ConfigurationInvalid, DirectoryUnavailable
from pki.ports import SystemEntropy
from pki.store.reading import ReadSession, ReadStore
from server.directory.comparing import Compared, Comparison
from server.report import DONE, FINDING, UNREACHABLE, Report, progress
from server.roles.directory_ports import StoreFacts
from server.roles.publisher import directory_missing, private_slapd, published_tree, servers
from server.settings import Settings, load

What = Literal["plan", "apply", "verify", "republish"]

_LISTED: Final = 1000
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What one directory gave: a comparison, or why there is none."""

    replica: str
    position: int
    head: int
    compared: Compared | None = None
    unreachable: str = ""
    next_step: str = ""


def compare(config: Path, what: What, replica: str | None) -> Report:
    """Do it with every directory; one that cannot be reached does not stop the others.

    Raises:
        ConfigurationInvalid: no directory is kept here, or none of that name.
    """
    settings = load(config)
    chosen = _chosen(settings, replica)
    store = ReadStore.open(settings.store.url, threads=2)
    try:
        answers = asyncio.run(_each(settings, chosen, store, what))
    finally:
        store.close_sync()
    return Report(
        result={"replicas": [_as_json(each, what) for each in answers]},
        lines=[line for each in answers for line in _lines(each, what)],
        code=max((_code(each, what) for each in answers), default=DONE),
    )


def _chosen(settings: Settings, replica: str | None) -> list[tuple[str, LdapServer]]:
    missing = directory_missing(settings.ldap)
    if missing is not None:
        raise ConfigurationInvalid(
            key="ldap.mode",
            message=f"no directory is kept: {missing}",
            next_step="see the section [ldap] of the configuration",
        )
    known = servers(settings, private_slapd(settings.ldap, SystemEntropy()))
    chosen = [each for each in known if replica is None or each[0] == replica]
    if not chosen:
        names = ", ".join(name for name, _ in known if name) or "none has a name"
        raise ConfigurationInvalid(
            key="--replica",
            message=f"no replica is called {replica}",
            next_step=f"choose of ldap.replicas: {names}",
        )
    return chosen


async def _each(
    settings: Settings, chosen: Sequence[tuple[str, LdapServer]], store: ReadStore, what: What
) -> list[_Answer]:
    tree, answers = published_tree(settings), []
    for name, server in chosen:
        progress(f"comparing {name or 'the directory'} with the store")
        position, head = await store.read(partial(_place, name=name))
        directory = LdapDirectory(server)
        try:
            found = await _done(Comparison(directory, tree, StoreFacts(store), progress), what)
            answer = _Answer(replica=name, position=position, head=head, compared=found)
        except DirectoryUnavailable as error:
            answer = _Answer(
                replica=name,
                position=position,
                head=head,
                unreachable=error.message,
                next_step=error.next_step or "",
            )
        finally:
            await directory.close()
        answers.append(answer)
    return answers


def _place(session: ReadSession, *, name: str) -> tuple[int, int]:
    """How far this directory is, and the journal."""
    return session.cursor(cursors_of(name).position), session.head().position


async def _done(comparison: Comparison, what: What) -> Compared:
    match what:
        case "plan":
            return await comparison.look()
        case "verify":
            return await comparison.look_twice()
        case "apply" | "republish":
            return await comparison.repair(rewrite=what == "republish")
        case _:
            assert_never(what)


def _code(answer: _Answer, what: What) -> int:
    if answer.compared is None:
        return UNREACHABLE
    wrong = bool(answer.compared.refused)
    if what == "verify":
        wrong = wrong or bool(answer.compared.differences)
    return FINDING if wrong else DONE


def _as_json(answer: _Answer, what: What) -> dict[str, Any]:
    about = {"replica": answer.replica, "position": answer.position, "journal": answer.head}
    found = answer.compared
    if found is None:
        return {**about, "unreachable": answer.unreachable, "next": answer.next_step}
    refused = [{"target": target, "why": why} for target, why in found.refused]
    about |= {"examined": found.examined, "refused": refused}
    if what in {"apply", "republish"}:
        return {**about, "changed": found.changed}
    listed = [asdict(each) for each in found.differences[:_LISTED]]
    return {**about, "different": len(found.differences), "differences": listed}


def _lines(answer: _Answer, what: What) -> Iterator[str]:
    name, found = answer.replica or "directory", answer.compared
    if found is None:
        yield f"{name}: {answer.unreachable}"
        yield f"  next: {answer.next_step}"
        return
    yield f"{name}: {found.examined} certificates, {_outcome(found, what)}"
    for each in found.differences[:_SHOWN]:
        yield f"  {each.kind:<14} {each.dn} {each.attribute}".rstrip()
    if len(found.differences) > _SHOWN:
        yield f"  and {len(found.differences) - _SHOWN} more: --json lists them"
    for target, why in found.refused:
        yield f"  refused        {target}: {why}"
    if what in {"plan", "verify"} and found.differences:
        yield "  next: zorgid ldap apply (entries that are unknown are left to you)"


def _outcome(found: Compared, what: What) -> str:
    if what in {"apply", "republish"}:
        return f"{found.changed} changes made"
    if not found.differences:
        return "all as the store says"
    kinds = Counter(each.kind for each in found.differences)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
