"""The report: the transcript for people, with what verifying it found."""

import json
from collections.abc import Sequence

from ca.ceremony.pages.page import page, paragraph, section, table, words_table
from ca.ceremony.plan import Plan
from ca.ceremony.state import State
from ca.ceremony.transcript import Kind, Line


def report_page(
    plan: Plan, *, lines: Sequence[Line], wrong: Sequence[str], good: Sequence[str]
) -> str:
    """The whole report of a ceremony, complete or not."""
    state = State(lines=lines)
    end = state.end
    verdict = "Complete and verified." if state.complete and not wrong else "NOT in order."
    parts = [
        section("Verdict", paragraph(verdict), *(paragraph(f"Wrong: {each}") for each in wrong)),
        section("Checked", table((each,) for each in good)),
        section("Files", table((each.name, each.sha256) for each in state.files)),
    ]
    if media := state.of(Kind.MEDIUM):
        kept = ([_text(line)] for line in media)
        parts.append(section("Media of the backup", table(kept)))
    if end is not None:
        parts.append(section("Digest that the witnesses signed", words_table(_octets(end.digest))))
        parts.append(
            section(
                "Witnesses",
                table(
                    (name, "signed" if name in state.signed else "-") for name in state.witnesses
                ),
            )
        )
    rows = ((str(line.n), line.at[:19], line.kind, _text(line)) for line in lines)
    parts.append(f"<h2>Transcript</h2>{table(rows, head=('', 'UTC', 'What', 'Details'))}")
    return page(plan, f"Report: {plan.title}", parts)


def _text(line: Line) -> str:
    return json.dumps(dict(line.data), ensure_ascii=False, sort_keys=True)


def _octets(digest: str) -> bytes:
    return bytes.fromhex(digest)
