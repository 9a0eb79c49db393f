"""docs/api.md has every route, and of each who may ask and which headers it takes."""

import re
from pathlib import Path

import pytest

from fakes.issuance import Surroundings
from fakes.notices import Book, notice_desk
from issuance.http.app import api_table
from issuance.http.table.route import Caller, Key, Route
from issuance.statement.make import Statements

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
WHO = {
    Caller.ANYONE: "anyone",
    Caller.HOLDER: "holder",
    Caller.OPERATOR: "",
    Caller.TELEPHONE: "an operator's ZORG-ID Mobiel",
    Caller.LOGIN: "who logged in",
    Caller.CERTIFICATE: "who was appointed or invited",
    Caller.HOLDER_OR_OPERATOR: "holder",
}
KEY = {Key.NONE: "", Key.MAY: "`Idempotency-Key`", Key.MUST: "`Idempotency-Key` (required)"}


@pytest.fixture
def table(around: Surroundings) -> tuple[Route, ...]:
    past = Statements(reader=around.store, evidence=None, clock=around.clock)  # type: ignore[arg-type] # never read here
    return api_table(around.desk, lambda request: None, past, notice_desk(around, Book()))


def row(route: Route) -> str:
    roles = re.sub(r" \([^)]*\)", "", route.roles)
    who = ", ".join(filter(None, [WHO[route.caller], roles]))
    version = "`ETag`" if route.method == "GET" else "`If-Match`"
    headers = ", ".join(filter(None, [KEY[route.key], version if route.versioned else ""]))
    return f"| `{route.method} {route.path}` | {who} | {route.about} | {headers} |"


def test_the_page_has_every_route_and_no_other(table: tuple[Route, ...]) -> None:
    text = PAGE.read_text("utf-8")
    assert re.findall(r"^\| `[A-Z]+ /v1/.*$", text, re.MULTILINE) == [row(each) for each in table]


def test_no_page_names_a_route_that_is_not_served(table: tuple[Route, ...]) -> None:
    served = {(each.method, re.sub(r"\{[^}]*\}", "{}", each.path)) for each in table}
    named = {
        (method, re.sub(r"\{[^}]*\}", "{}", path))
        for page in PAGE.parent.glob("*.md")
        for method, path in re.findall(
            r"`(GET|POST|DELETE) (/v1/\w[\w/{}.-]*)", page.read_text("utf-8")
        )
    }
    assert len(named) > len(served) / 2
    assert named <= served
