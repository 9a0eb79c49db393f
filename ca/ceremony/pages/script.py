"""The script: what is printed, reviewed, followed, ticked and signed by hand."""

from collections.abc import Mapping
from typing import Final

from ca.ceremony.describe import Fields
from ca.ceremony.outputs import outputs
from ca.ceremony.pages.page import blanks, page, paragraph, section, table, ticks, words_table
from ca.ceremony.plan import Plan
from ca.ceremony.steps import Step, steps_of

EXCEPTION_SHEETS: Final = 2
_ROOM: Final = {"What happened": 70, "What was decided": 40}
"""Millimetres, so that a sheet holds a whole account."""
_REVIEWED: Final = (
    "Reviewed by, date, signature",
    "Words compared on another computer by, signature",
)
_INITIALS: Final = "Time (UTC), initials of both operators"
_EXCEPTION: Final = (
    "Step",
    "Time (UTC)",
    "What happened",
    "What was decided",
    "Operator 1, signature",
    "Operator 2, signature",
    "Witness, signature",
)


def script_page(plan: Plan, *, digest: bytes, parts: Mapping[str, Fields]) -> str:
    """The whole script; ``parts`` is what the rehearsal made."""
    steps = steps_of(plan)
    minutes = sum(step.minutes for step in steps)
    window = f"{plan.window.start:%Y-%m-%d %H:%M} to {plan.window.end:%Y-%m-%d %H:%M} UTC"
    about = [
        ("Ceremony", plan.kind.value),
        ("May be held", window),
        ("Expected", f"{minutes} minutes"),
        ("Installation", plan.ca.installation.value),
        ("Operator", plan.ca.operator),
        ("Makes", ", ".join(outputs(plan).values()) or "no file but its transcript"),
    ]
    return page(
        plan,
        f"Script: {plan.title}",
        [
            section("Plan", table(about)),
            section("Words of the plan, read aloud in step 3", words_table(digest)),
            section("Review", blanks(_REVIEWED)),
            section("Roles", _roles(plan)),
            *(section(f"As planned: {name}", table(fields)) for name, fields in parts.items()),
            *(_step(step) for step in steps),
            *(_exception(number) for number in range(1, EXCEPTION_SHEETS + 1)),
        ],
    )


def _roles(plan: Plan) -> str:
    people = plan.people
    rows = [
        *((name, "operator: acts, reads aloud, confirms") for name in people.operators),
        *((each.name, "witness: watches, signs the transcript") for each in people.witnesses),
    ]
    if plan.key is not None:
        rows += [
            (name, "share holder: keeps one share in an envelope") for name in plan.key.holders
        ]
    cells = [(name, role, "", "") for name, role in rows]
    needed = f"At least {people.witnesses_needed} witnesses sign."
    head = ("Name", "Role", "Document shown", "Signature")
    return table(cells, head=head, widths=(38, 0, 40, 45)) + paragraph(needed)


def _step(step: Step) -> str:
    return section(
        f"Step {step.number}: {step.title} (about {step.minutes} min)",
        ticks(step.does),
        blanks((*step.fields, _INITIALS)),
    )


def _exception(number: int) -> str:
    text = "For anything that goes otherwise than this script says. Number a new sheet for each."
    sheet = section(f"Exception sheet {number}", paragraph(text), blanks(_EXCEPTION, tall=_ROOM))
    return f'<div class="sheet">{sheet}</div>'
