"""The OpenAPI document says what the routes do, no more and no less."""

import json

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from fakes.issuance import Surroundings
from fakes.notices import Book, notice_desk
from issuance.http.app import api_table, create_app
from issuance.http.table.document import openapi
from issuance.http.table.route import Caller, Route
from issuance.statement.make import Statements
from issuing.edge import Edge
from pki.api.base import Wire


@pytest.fixture
def table(around: Surroundings) -> tuple[Route, ...]:
    return api_table(
        around.desk, lambda request: None, statements(around), notice_desk(around, Book())
    )


def statements(around: Surroundings) -> Statements:
    return Statements(reader=around.store, evidence=None, clock=around.clock)  # type: ignore[arg-type] # never read here


def test_the_document_is_openapi_3_1(table: tuple[Route, ...]) -> None:
    document = openapi(table)
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")


def test_what_the_validator_must_not_accept(table: tuple[Route, ...]) -> None:
    document = openapi(table)
    del document["paths"]["/v1/cards"]["post"]["responses"]
    document["paths"]["/v1/cards"]["post"]["parameters"][0]["in"] = "nowhere"
    assert list(OpenAPIV31SpecValidator(document).iter_errors())


def test_every_route_of_the_application_is_in_the_document(
    around: Surroundings, table: tuple[Route, ...]
) -> None:
    notices = notice_desk(around, Book())
    app = create_app(around.desk, statements=statements(around), notices=notices)
    served = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    paths = openapi(table)["paths"]
    described = {(name.upper(), path) for path, methods in paths.items() for name in methods}
    assert served == described


def test_an_operation_has_a_name_of_its_own(table: tuple[Route, ...]) -> None:
    names = [each.operation for each in table]
    assert len(names) == len(set(names))


def test_every_route_of_an_operator_names_its_line_of_the_permission_table(
    table: tuple[Route, ...],
) -> None:
    asks = {Caller.OPERATOR, Caller.HOLDER_OR_OPERATOR}
    assert all((each.action is not None) is (each.caller in asks) for each in table)


def test_no_body_takes_what_it_does_not_know(table: tuple[Route, ...]) -> None:
    schemas = openapi(table)["components"]["schemas"]
    objects = {name for name, each in schemas.items() if each.get("type") == "object"}
    assert {each.body.__name__ for each in table if each.body is not None} <= objects
    assert all(schemas[name]["additionalProperties"] is False for name in objects)


def test_every_body_is_a_wire_type(table: tuple[Route, ...]) -> None:
    bodies = [each.body for each in table if each.body is not None]
    assert bodies
    assert all(issubclass(each, Wire) for each in bodies)


async def test_anyone_may_read_it(edge: Edge) -> None:
    status, document, headers = await edge.call("GET", "/v1/openapi.json")
    assert status == 200
    assert headers["Content-Type"].startswith("application/json")
    paths = document["paths"]
    assert isinstance(paths, dict)
    assert "/v1/openapi.json" in paths
    assert "/v1/certificates/{serial}/status" not in paths, "no statements here"
    assert len(json.dumps(document)) < 256 * 1024
