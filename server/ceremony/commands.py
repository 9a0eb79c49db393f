"""The verbs of `zorgid ceremony`."""

from pathlib import Path

from ca.ceremony.outputs import Role, transcript_name
from ca.ceremony.pages.report import report_page
from ca.ceremony.pages.script import script_page
from ca.ceremony.plan import PlanKind
from ca.ceremony.transcript import read_lines
from ca.ceremony.words import spoken_lines
from ca.practice import Moment
from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid, Conflict, NotFound
from pki.ports import SystemClock, SystemEntropy
from server.ceremony.keys.holders import open_key
from server.ceremony.loading import Ceremony, load
from server.ceremony.rehearsal import rehearse
from server.ceremony.run import hold
from server.ceremony.terminal import Dialogue, Stopped, TerminalScreen
from server.ceremony.verifying import examine
from server.ceremony.witnesses import make_witness_key
from server.files import write_new
from server.report import FINDING, Report


def check(path: Path, *, practice: bool) -> Report:
    """Rehearse a plan; says what will be made, and the words that stand for the plan.

    Raises:
        ZorgidError: the plan cannot be used, or something that it would make breaks a rule.
    """
    ceremony = load(path, practice=practice)
    _refuse_existing(ceremony)
    found = rehearse(ceremony, Moment(now=SystemClock().now(), entropy=SystemEntropy()))
    lines = [ceremony.plan.title, *(["TEST: practice"] if ceremony.plan.practice else [])]
    for name, fields in found.parts.items():
        lines += ["", name, *(f"  {label:<28} {value}" for label, value in fields)]
    lines += ["", "lint: no findings", "", f"plan, SHA-256 {ceremony.digest.hex()}"]
    lines += [f"  {line}" for line in spoken_lines(ceremony.digest)]
    return Report(
        result={
            "title": ceremony.plan.title,
            "practice": ceremony.plan.practice,
            "digest": ceremony.digest.hex(),
            "parts": {name: dict(fields) for name, fields in found.parts.items()},
            "findings": [],
        },
        lines=lines,
    )


def script(path: Path, *, practice: bool, out: Path | None) -> Report:
    """The printable script."""
    ceremony = load(path, practice=practice)
    moment = Moment(now=SystemClock().now(), entropy=SystemEntropy())
    found = rehearse(ceremony, moment)
    return _page(script_page(ceremony.plan, digest=ceremony.digest, parts=found.parts), out)


def run(path: Path, *, practice: bool) -> Report:
    """Hold the ceremony at this terminal."""
    return hold(
        path,
        practice=practice,
        screen=TerminalScreen(),
        clock=SystemClock(),
        entropy=SystemEntropy(),
    )


def verify(path: Path, *, practice: bool) -> Report:
    """Everything about a ceremony that was held, on any computer.

    Raises:
        ChainBroken: names the transcript's first line that does not hold.
        NotFound: there is no transcript.
    """
    ceremony = load(path, practice=practice)
    found = examine(ceremony, _transcript(ceremony))
    lines = [f"wrong: {each}" for each in found.wrong]
    lines += [f"ok: {each}" for each in found.good]
    return Report(
        result={"wrong": list(found.wrong), "good": list(found.good)},
        lines=lines,
        code=FINDING if found.wrong else 0,
    )


def report(path: Path, *, practice: bool, out: Path | None) -> Report:
    """The printable report, with what `verify` finds at this moment."""
    ceremony = load(path, practice=practice)
    octets = _transcript(ceremony)
    found = examine(ceremony, octets)
    page = report_page(ceremony.plan, lines=read_lines(octets), wrong=found.wrong, good=found.good)
    return _page(page, out)


def witness_key(path: Path, *, name: str, type_: str) -> Report:
    """A witness's key."""
    try:
        key_type = KeyType(type_)
    except ValueError:
        raise ConfigurationInvalid(
            key="type", message=f"{type_} is no kind of key", next_step="ed25519 or p-256"
        ) from None
    return make_witness_key(path, name, key_type, TerminalScreen())


def unlock(path: Path, out: Path) -> Report:
    """Write a key's passphrase for a server that is to use the key, once its holders agree.

    Raises:
        NotFound, KeyMismatch, ConfigurationInvalid: as `open_key`.
        Conflict: the file exists.
    """
    dialogue = Dialogue(TerminalScreen(), lambda _: False)
    try:
        _, passphrase, holders = open_key(dialogue, path)
    except Stopped:
        return Report(result={"written": False}, lines=["stopped"], code=FINDING)
    _write(out, passphrase)
    lines = [f"{out}: the passphrase of {path.name}, for its server alone"]
    return Report(result={"written": True, "holders": holders}, lines=lines)


def _transcript(ceremony: Ceremony) -> bytes:
    path = ceremony.folder / transcript_name(ceremony.plan)
    try:
        return path.read_bytes()
    except OSError:
        raise NotFound(
            what="transcript",
            message=f"there is no transcript {path}",
            next_step="copy the ceremony's folder beside the plan; --practice if it was practice",
        ) from None


def _refuse_existing(ceremony: Ceremony) -> None:
    if ceremony.folder.exists() and any(ceremony.folder.iterdir()):
        raise Conflict(
            message=f"{ceremony.folder.name} exists and is not empty; nothing is ever replaced",
            next_step="give the plan a folder of its own",
        )
    target = ceremony.plan.destroy
    if target is not None and ceremony.plan.kind is PlanKind.DESTRUCTION:
        path = ceremony.base / target.folder / f"{target.name}{Role.KEY.value}"
        if target.sha256 is not None and not path.is_file():
            raise NotFound(what="key", message=f"there is no key file {path.name}")


def _page(text: str, out: Path | None) -> Report:
    if out is None:
        return Report(result={}, lines=[text])
    _write(out, text.encode())
    return Report(result={"file": str(out)}, lines=[f"{out}: print it on A4"])


def _write(out: Path, octets: bytes) -> None:
    try:
        write_new(out, octets)
    except FileExistsError:
        raise Conflict(message=f"{out} exists; nothing is ever replaced") from None
