"""The OpenAPI 3.1 document of the API, made of the table of routes and the wire types."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from issuance.http.table.route import Caller, Key, Query, Route
from pki.api.base import Problem, Wire
from pki.api.fields import (
    AppointmentIdText,
    AttributeIdText,
    CardIdText,
    IdempotencyKeyText,
    MobielIdText,
    NoticeIdText,
    PersonIdText,
    SerialText,
    UraText,
)
from pki.api.notices.bodies import FeedSecret
from pki.api.people.logins import CodeText
from pki.api.receipts import Position

Json = dict[str, Any]

_DISTRIBUTION: Final = "zorgid-token-ca"
_JSON: Final = "application/json"
_REFERENCE: Final = "#/components/schemas/{model}"
_PATH_PARAMETERS: Final[Mapping[str, Any]] = {
    "appointment_id": AppointmentIdText,
    "attribute_id": AttributeIdText,
    "card_id": CardIdText,
    "code": CodeText,
    "feed": FeedSecret,
    "mobiel_id": MobielIdText,
    "notice_id": NoticeIdText,
    "operator_id": PersonIdText,
    "position": Position,
    "serial": SerialText,
    "ura": UraText,
}
_PARAMETER: Final = re.compile(r"\{([a-z_]+)\}")
_SECURITY: Final[Mapping[Caller, list[Json]]] = {
    Caller.ANYONE: [],
    Caller.HOLDER: [{"session": []}],
    Caller.OPERATOR: [{"certificate": []}, {"login": []}],
    Caller.TELEPHONE: [{"certificate": []}],
    Caller.LOGIN: [{"login": []}],
    Caller.CERTIFICATE: [{"certificate": []}],
    Caller.HOLDER_OR_OPERATOR: [{"session": []}, {"certificate": []}, {"login": []}],
}
_SCHEMES: Final[Json] = {
    "session": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a session that a UZI pass opened.",
    },
    "login": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a log-in that an operator's telephone approved.",
    },
    "certificate": {
        "type": "mutualTLS",
        "description": "A client certificate of the Services CA; an operator's is mapped to them.",
    },
}
_REQUEST_ID: Final[Json] = {
    "X-Request-Id": {
        "description": "What the log calls this request.",
        "schema": {"type": "string"},
    }
}
_REPLAYED: Final[Json] = {
    "Idempotent-Replayed": {
        "description": "The answer was given before; nothing was changed now.",
        "schema": {"const": "true"},
    }
}
_VERSION: Final[Json] = {
    "ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}
}


def openapi(table: Iterable[Route]) -> Json:
    """The document; a route that is not in ``table`` is not in it, and the other way round."""
    routes = tuple(table)
    wires = _Wires(routes)
    paths: dict[str, Json] = {}
    for each in routes:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, wires)
    return {
        "openapi": "3.1.1",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "ZORG-ID issuance API",
            "version": version(_DISTRIBUTION),
            "summary": "Cards are ordered, certified, confirmed, blocked and revoked here.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": wires.definitions,
            "responses": {
                status.name: _problem(status, wires)
                for status in sorted({status for each in routes for status in _refusals(each)})
            },
            "securitySchemes": _SCHEMES,
        },
    }


class _Wires:
    """The schemas of all bodies."""

    def __init__(self, routes: Iterable[Route]) -> None:
        used: dict[tuple[type[Wire], Any], None] = {(Problem, "serialization"): None}
        for each in routes:
            if each.body is not None:
                used[each.body, "validation"] = None
            if each.answer is not None:
                used[each.answer, "serialization"] = None
        self._references, schema = models_json_schema(list(used), ref_template=_REFERENCE)
        self.definitions: Json = schema.get("$defs", {})

    def of(self, kind: type[Wire] | None, mode: Any) -> Json:  # noqa: ANN401 -- pydantic's own literal type
        """A body's schema; of one that is no wire type, only that it is an object."""
        return {"type": "object"} if kind is None else dict(self._references[kind, mode])


def _operation(route: Route, wires: _Wires) -> Json:
    operation: Json = {
        "operationId": route.operation,
        "summary": route.about,
        "description": _description(route),
        "security": _SECURITY[route.caller],
        "parameters": _parameters(route),
        "responses": _responses(route, wires),
    }
    if route.body is not None:
        schema = wires.of(route.body, "validation")
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _description(route: Route) -> str:
    asks = f"Who asks is known by: {route.caller.value}."
    roles = f" Roles: {route.roles}." if route.roles else ""
    again = f" Sent again: {route.again.value}." if route.again is not None else ""
    return f"{asks}{roles}{again}"


def _parameters(route: Route) -> list[Json]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": _schema(_PATH_PARAMETERS[name])}
        for name in _PARAMETER.findall(route.path)
    ]
    found += [_query(each) for each in route.query]
    if route.key is not Key.NONE:
        about = "A new one for each change; the same one when it is sent again."
        found.append(
            _header("Idempotency-Key", IdempotencyKeyText, about, required=route.key is Key.MUST)
        )
    if route.versioned and route.method != "GET":
        about = "Make the change only if the version is one of these (RFC 9110 13.1.1)."
        found.append(_header("If-Match", str, about, required=False))
    return found


def _query(query: Query) -> Json:
    return {
        "name": query.name,
        "in": "query",
        "required": query.required,
        "description": query.about,
        "schema": _schema(query.kind),
    }


def _header(name: str, kind: Any, about: str, *, required: bool) -> Json:  # noqa: ANN401 -- any annotated type
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": about,
        "schema": _schema(kind),
    }


def _schema(kind: Any) -> Json:  # noqa: ANN401 -- any annotated type
    return TypeAdapter(kind).json_schema(ref_template=_REFERENCE)


def _responses(route: Route, wires: _Wires) -> Json:
    headers = _REQUEST_ID | (_REPLAYED if route.key is Key.MAY else {})
    if route.versioned and route.method == "GET":
        headers |= _VERSION
    good = {
        "description": "Done.",
        "headers": headers,
        "content": {route.media: {"schema": _answer(route, wires)}},
    }
    refusals: Json = {
        str(int(status)): {"$ref": f"#/components/responses/{status.name}"}
        for status in sorted(_refusals(route))
    }
    if route.media != _JSON and route.versioned:
        refusals["304"] = {"description": "It has not changed.", "headers": headers}
    return {str(int(route.status)): good} | refusals


def _answer(route: Route, wires: _Wires) -> Json:
    return wires.of(route.answer, "serialization") if route.media == _JSON else {"type": "string"}


def _problem(status: HTTPStatus, wires: _Wires) -> Json:
    problem = wires.of(Problem, "serialization")
    return {
        "description": status.phrase,
        "headers": _REQUEST_ID,
        "content": {"application/problem+json": {"schema": problem}},
    }


def _refusals(route: Route) -> set[HTTPStatus]:
    """The statuses that follow from the kind of route, and those it names."""
    found = {*route.refusals, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE}
    if route.caller is not Caller.ANYONE:
        found |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    if _parameters(route) or route.body is not None:
        found.add(HTTPStatus.BAD_REQUEST)
    if "{" in route.path:
        found.add(HTTPStatus.NOT_FOUND)
    if route.body is not None:
        found |= {
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        }
    if route.versioned and route.method != "GET":
        found.add(HTTPStatus.PRECONDITION_FAILED)
    if route.key is not Key.NONE:
        found |= {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
    return found
