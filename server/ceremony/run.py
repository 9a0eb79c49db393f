"""Leading a ceremony: each step of the plan in order, from where the transcript ends."""

import hashlib
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from ca.ceremony.plan import KeyPlace
from ca.ceremony.steps import Action, Step, steps_of
from ca.ceremony.transcript import Kind
from pki.domain.errors import Conflict
from pki.ports import Clock, Entropy
from server.ceremony import opening, signing, witnesses
from server.ceremony.keys import custody
from server.ceremony.keys.files import FileKeys
from server.ceremony.keys.port import CeremonyKeys
from server.ceremony.loading import Ceremony, load
from server.ceremony.session import Session
from server.ceremony.terminal import Dialogue, Screen, Stopped
from server.ceremony.workspace import Workspace, opened
from server.report import FINDING, Report

_PACKAGES: Final = ("ca", "crl", "pki", "server")
_ACTIONS: Final[Mapping[Action, Callable[[Session], None]]] = {
    Action.PEOPLE: opening.people,
    Action.CLOCK: opening.clock,
    Action.WORDS: opening.words,
    Action.BEFORE: opening.inventory_before,
    Action.REHEARSAL: opening.rehearsal,
    Action.KEY: signing.key,
    Action.REQUEST: signing.request,
    Action.ROOT: signing.root_certificate,
    Action.CERTIFICATE: signing.certificate,
    Action.CRL: signing.revocation_list,
    Action.PROVE: custody.prove,
    Action.BACKUP: custody.backup,
    Action.RESTORE: custody.restore,
    Action.DESTROY: signing.destroy,
    Action.AFTER: opening.inventory_after,
    Action.CLOSE: witnesses.close,
}


def hold(path: Path, *, practice: bool, screen: Screen, clock: Clock, entropy: Entropy) -> Report:
    """Hold the ceremony of a plan, or go on with it.

    Raises:
        ConfigurationInvalid: the plan cannot be used, or not at this hour.
        Conflict: something that it would make exists, or its transcript is of another plan.
        ZorgidError: whatever a step refuses; the same command resumes.
    """
    ceremony = load(path, practice=practice)
    ceremony.check_window(clock.now())
    with opened(ceremony.folder, ceremony.plan, clock) as workspace:
        dialogue = Dialogue(screen, lambda text: _remark(workspace, text))
        _begin(ceremony, workspace, dialogue)
        keys = _keys(ceremony, workspace, dialogue, entropy)
        keys.settle()
        session = Session(
            ceremony=ceremony,
            workspace=workspace,
            dialogue=dialogue,
            keys=keys,
            clock=clock,
            entropy=entropy,
        )
        try:
            _perform(session)
        except Stopped:
            return _stopped(workspace)
        finally:
            keys.close()
        return _finished(workspace)


def program_digest() -> str:
    """One digest over every source file that a ceremony may run."""
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for source in sorted((root / package).rglob("*.py")):
            digest.update(f"{source.relative_to(root)}\0".encode())
            digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def _begin(ceremony: Ceremony, workspace: Workspace, dialogue: Dialogue) -> None:
    plan, state = ceremony.plan, workspace.state
    dialogue.say(f"\n{plan.title}")
    if plan.practice:
        dialogue.say("TEST: this is practice; nothing that it makes is to be trusted")
    dialogue.say("`stop` at any question stops, `remark: …` is written into the transcript")
    program = {"program": f"zorgid {version('zorgid-token-ca')}", "sources": program_digest()}
    if not state.lines:
        about = {
            "title": plan.title,
            "plan": plan.sha256,
            "digest": ceremony.digest.hex(),
            "practice": plan.practice,
            "profiles": {name: each.sha256 for name, each in ceremony.profiles.items()},
        }
        workspace.append(Kind.BEGIN, {**about, **program})
        return
    if state.lines[0].data.get("digest") != ceremony.digest.hex():
        raise Conflict(
            message="the transcript in this folder is of another plan, or of other profiles",
            next_step="give the plan a folder of its own",
        )
    if state.end is None:
        workspace.append(Kind.RESUMED, program)
    dialogue.say(f"going on after step {len(state.done)}")


def _perform(session: Session) -> None:
    for step in steps_of(session.ceremony.plan):
        if step.id in session.workspace.state.done:
            continue
        _announce(session, step)
        _ACTIONS[step.action](session)
        if step.action is not Action.CLOSE:
            session.workspace.append(Kind.DONE, {"step": step.id})


def _announce(session: Session, step: Step) -> None:
    stamp = "TEST  " if session.ceremony.plan.practice else ""
    session.dialogue.say(f"\n{stamp}Step {step.number}: {step.title} (about {step.minutes} min)")
    for sentence in step.does:
        session.dialogue.say(f"  - {sentence}")


def _keys(
    ceremony: Ceremony, workspace: Workspace, dialogue: Dialogue, entropy: Entropy
) -> CeremonyKeys:
    if ceremony.plan.keys is KeyPlace.FILE:
        return FileKeys(
            ceremony.plan,
            ceremony.base,
            workspace=workspace,
            dialogue=dialogue,
            entropy=entropy,
        )
    from server.ceremony.keys.token import TokenKeys

    return TokenKeys(ceremony.plan, workspace=workspace, dialogue=dialogue)


def _remark(workspace: Workspace, text: str) -> bool:
    if workspace.state.end is not None:
        return False
    workspace.append(Kind.REMARK, {"text": text})
    return True


def _stopped(workspace: Workspace) -> Report:
    if workspace.state.end is None:
        workspace.append(Kind.STOPPED, {})
    lines = ["", "stopped; nothing is half made. The same command goes on from here."]
    return Report(
        result={"complete": False, "done": list(workspace.state.done)}, lines=lines, code=FINDING
    )


def _finished(workspace: Workspace) -> Report:
    state = workspace.state
    names = [each.name for each in state.files]
    return Report(
        result={"complete": state.complete, "folder": str(workspace.folder), "files": names},
        lines=["", f"done. {workspace.folder}:", *(f"  {name}" for name in names)],
    )
