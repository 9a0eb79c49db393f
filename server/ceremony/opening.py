"""The first steps: people, clock, words, inventory, rehearsal; and the inventory at the end."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ca.ceremony.outputs import outputs
from ca.ceremony.plan import PlanKind
from ca.ceremony.transcript import Kind
from ca.ceremony.words import spoken_lines
from pki.domain.errors import Conflict
from server.ceremony.keys.port import label_of
from server.ceremony.rehearsal import rehearse
from server.ceremony.session import CeremonyRefused, Session

CLOCK_TOLERANCE_MINUTES: Final = 5
_DAY_MINUTES: Final = 24 * 60
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def people(session: Session) -> None:
    """Who is here: every operator, and as many witnesses as the plan asks for."""
    plan = session.ceremony.plan.people
    for name in plan.operators:
        session.dialogue.confirm(name, "operator, I am present and known to the others.")
    here = [
        each.name
        for each in plan.witnesses
        if session.dialogue.yes_or_no(f"Witness {each.name} is present, and has a signing key.")
    ]
    if len(here) < plan.witnesses_needed:
        raise CeremonyRefused(
            message=f"{len(here)} witnesses are present, {plan.witnesses_needed} are needed",
            next_step="begin again when they are there",
        )
    session.workspace.append(Kind.PRESENT, {"operators": list(plan.operators), "witnesses": here})


def clock(session: Session) -> None:
    """Hold this computer's clock against another one."""
    typed = session.dialogue.ask("Time in UTC on a clock that is not this computer's, HH:MM:")
    while not (found := _TIME.fullmatch(typed)):
        typed = session.dialogue.ask("As 09:05, in UTC:")
    now = session.clock.now()
    apart = minutes_apart(int(found[1]) * 60 + int(found[2]), now)
    if apart > CLOCK_TOLERANCE_MINUTES:
        raise CeremonyRefused(
            message=f"this computer says {now:%H:%M} UTC, the other clock {typed}:"
            f" {apart} minutes apart",
            next_step="set the clock that is wrong (UTC, not Dutch time), then resume",
        )
    session.workspace.append(Kind.CLOCK, {"other": typed, "minutes_apart": apart})


def words(session: Session) -> None:
    """The plan's digest, read aloud and confirmed by both operators."""
    digest = session.ceremony.digest
    session.dialogue.say(f"    SHA-256 {digest.hex()}\n")
    for line in spoken_lines(digest):
        session.dialogue.say(f"    {line}")
    session.dialogue.say()
    for person in session.ceremony.plan.people.operators:
        session.dialogue.confirm(person, "these are the words on page 1 of the script.")
        session.workspace.append(Kind.CONFIRMED, {"who": person, "digest": digest.hex()})


def inventory_before(session: Session) -> None:
    """What is there, and that nothing of it is what will be made."""
    plan = session.ceremony.plan
    found = session.keys.inventory()
    clash = sorted(set(found) & set(outputs(plan).values()))
    if clash:
        raise Conflict(
            message=f"{clash[0]} exists; nothing is ever replaced",
            next_step="give the plan a folder of its own",
        )
    if plan.key is not None:
        session.keys.require_new(plan.key.name)
    _refuse_unplanned(session, found)
    _show(session, found)
    session.both_confirm("nothing unexpected is in this inventory.")
    session.workspace.append(Kind.INVENTORY, {"when": "before", "objects": found})


def rehearsal(session: Session) -> None:
    """Make and lint everything with a throw-away key."""
    session.dialogue.say("    making throw-away keys")
    found = rehearse(session.ceremony, session.moment)
    for name, fields in found.parts.items():
        session.dialogue.say(f"\n  {name} (rehearsal)")
        session.dialogue.table(fields)
    session.dialogue.say("\n    lint: no findings")
    session.workspace.append(Kind.REHEARSED, {"shapes": found.shapes, "findings": []})


def inventory_after(session: Session) -> None:
    """What is there now differs by what the transcript says was made or destroyed."""
    state = session.workspace.state
    first = next(line for line in state.of(Kind.INVENTORY) if line.data["when"] == "before")
    before, after = dict(first.data["objects"]), session.keys.inventory()
    made = {each.name: each.sha256 for each in state.files}
    plan = session.ceremony.plan
    labels = {line.data["label"] for line in state.of(Kind.MADE) if "label" in line.data}
    if plan.hsm is not None and plan.kind is PlanKind.RESTORE:
        labels |= plan.hsm.labels
    token = "" if plan.token is None else plan.token.label
    destroyed = state.last(Kind.DESTROYED)
    gone = {name for name in before if destroyed is not None and _named(token, name, destroyed)}
    expected = {name: value for name, value in {**before, **made}.items() if name not in gone}
    for name in after:
        if name not in expected and label_of(token, name) in labels:
            expected[name] = after[name]
    wrong = sorted(name for name, _ in set(expected.items()) ^ set(after.items()))
    if wrong:
        raise CeremonyRefused(
            message=f"the inventory is not as expected: {', '.join(dict.fromkeys(wrong))}",
            next_step="find out what it is, remove it if it belongs elsewhere, then resume",
        )
    _show(session, after)
    session.workspace.append(Kind.INVENTORY, {"when": "after", "objects": after})


def minutes_apart(minutes: int, now: datetime) -> int:
    """Between a time of day and a moment's, the short way around midnight."""
    difference = abs(minutes - (now.hour * 60 + now.minute))
    return min(difference, _DAY_MINUTES - difference)


def _refuse_unplanned(session: Session, found: Mapping[str, str]) -> None:
    """Before a backup or restore, the plan knows every object of the token."""
    plan = session.ceremony.plan
    if plan.hsm is None or plan.token is None:
        return
    for name in found:
        label = label_of(plan.token.label, name)
        if label is not None and label not in plan.hsm.labels:
            raise CeremonyRefused(
                message=f"the token holds {name}, which the plan does not know",
                next_step="find out what it is; name it in the plan, or have it removed",
            )
        restored = {each.label for each in plan.hsm.keys}
        if plan.kind is PlanKind.RESTORE and label in restored:
            raise Conflict(
                message=f"the token holds {name} already; a restore never replaces a key",
                next_step="restore into an empty token",
            )


def _named(token: str, name: str, destroyed: Mapping[str, Any]) -> bool:
    if "label" in destroyed:
        return label_of(token, name) == str(destroyed["label"])
    return name == f"{destroyed['folder']}/{destroyed['file']}"


def _show(session: Session, objects: dict[str, str]) -> None:
    if not objects:
        session.dialogue.say("    (empty)")
    for name, value in objects.items():
        session.dialogue.say(f"    {name}  {value[:16]}")
