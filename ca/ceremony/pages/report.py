"""The report: the transcript for people, with what verifying it found."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Final

from ca.ceremony.pages.page import page, paragraph, section, table, words_table
from ca.ceremony.plan import Plan
from ca.ceremony.state import State
from ca.ceremony.transcript import Kind, Line

_COLUMNS: Final = (9, 42, 24, 0)
"""Millimetres of number, time and kind; details take the rest."""


def report_page(
    plan: Plan, *, lines: Sequence[Line], wrong: Sequence[str], good: Sequence[str]
) -> str:
    """The whole report of a ceremony, complete or not."""
    state = State(lines=lines)
    verdict = "Complete and verified." if state.complete and not wrong else "NOT in order."
    rows = ((str(line.n), line.at[:19], line.kind, _text(line)) for line in lines)
    transcript = table(rows, head=("", "UTC", "What", "Details"), widths=_COLUMNS)
    return page(
        plan,
        f"Report: {plan.title}",
        [
            section(
                "Verdict", paragraph(verdict), *(paragraph(f"Wrong: {each}") for each in wrong)
            ),
            section("Checked", table((each,) for each in good)),
            *_results(state),
            *_signatures(state),
            f"<h2>Transcript</h2>{transcript}",
        ],
    )


def _results(state: State) -> Iterator[str]:
    """What later plans and configurations name."""
    if state.files:
        files = ((each.name, each.sha256) for each in state.files)
        yield section("Files, SHA-256", table(files))
    if named := tuple(_named(state)):
        yield section("Digests and numbers that plans and configurations name", table(named))
    if media := state.of(Kind.MEDIUM):
        yield section("Media of the backup", *(table(_medium(line)) for line in media))


def _named(state: State) -> Iterator[tuple[str, str]]:
    for line in (*state.of(Kind.MADE), *state.of(Kind.PROVEN)):
        data = line.data
        what = data.get("label") or ", ".join(each["name"] for each in data.get("files", ()))
        if "der_sha256" in data:
            yield f"{what}: SHA-256 of the DER", data["der_sha256"]
        if "public_key" in data:
            digest = hashlib.sha256(bytes.fromhex(data["public_key"])).hexdigest()
            yield f"{what}: SHA-256 of the public key", digest
        if "id" in data:
            yield f"{what}: CKA_ID", data["id"]


def _medium(line: Line) -> Iterator[tuple[str, str]]:
    for name in ("medium", "holder", "seal", "serial", "file", "sha256"):
        if name in line.data:
            yield name, line.data[name]


def _signatures(state: State) -> Iterator[str]:
    if state.end is None:
        return
    digest = bytes.fromhex(state.end.digest)
    yield section("Digest that the witnesses signed", words_table(digest))
    signed = ((name, "signed" if name in state.signed else "–") for name in state.witnesses)
    yield section("Witnesses", table(signed))


def _text(line: Line) -> str:
    return json.dumps(dict(line.data), ensure_ascii=False, sort_keys=True)
