"""The OpenAPI 3.1 document, derived from the route table and nothing else."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from gridgift import __version__
from gridgift.domain.failures import (
    CursorInvalid,
    Failure,
    IdempotencyKeyReused,
    PreconditionFailed,
    ReceiverNotFound,
    ResidentNotFound,
    TooManyLookUps,
    ValidationFailed,
)
from gridgift.domain.unit_failures import DirectoryPending
from gridgift.http.edge import refusals
from gridgift.http.edge.guards import SecurityScheme
from gridgift.http.edge.in_world import IN_WORLD, RefusalInWorld
from gridgift.http.edge.path import PathParameter
from gridgift.http.edge.problems import PROBLEMS, ProblemResponse
from gridgift.http.edge.route import AnyRoute
from gridgift.http.reference.schemas import Schemas

# A body that nobody asked for is read too, so that the connection can carry the next request.
_ALWAYS: Final = (
    refusals.InternalError,
    refusals.DatabaseOutOfReach,
    refusals.BodyTooSlow,
    refusals.BodyTooLarge,
)
# No space around it, which HTTP takes away. What begins with a quotation mark ends with one.
_KEY_SCHEMA: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "pattern": r'^([!#-~]([ -~]*[!-~])?|"([ !#-\[\]-~]|\\["\\])+")$',
}
_HEADERS: Final = {
    "X-Request-Id": ("Names this request in the log; your own is kept if it is safe.", "string"),
    "RateLimit": ("Requests left, and seconds until the limit is full again.", "string"),
    "RateLimit-Policy": ("The limit: requests in a window of seconds.", "string"),
    "ETag": ("Names the card's present state.", "string"),
    "Idempotent-Replayed": ("true if this is an earlier answer to the same request.", "string"),
    "Retry-After": ("Seconds to wait.", "integer"),
    "WWW-Authenticate": ("How to authenticate.", "string"),
}
_LEFT_OUT: Final = "May be left out; `{}`, `[]` and `null` stand for that."  # in a schema: a union
_NOT_ALWAYS: Final = {"RateLimit", "RateLimit-Policy", "Idempotent-Replayed"}


def document(table: Iterable[AnyRoute], public_url: str) -> dict[str, Any]:
    """Describe every route: parameters, bodies, answers and each status it may answer with."""
    routes = list(table)
    types = {
        ProblemResponse,
        RefusalInWorld,
        *(t for r in routes for t in (r.body, r.answer) if t is not None),
    }
    schemas = Schemas(types)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Gridgift",
            "version": __version__,
            "summary": "Gift cards for Second Life stores.",
            "description": "Programs written for Allomancy's gift cards work here when only the "
            "host and the key change. Money is Linden Dollars (L$), always whole numbers.",
            "contact": {"name": "The Gridgift developers"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": public_url or "/"}],
        "tags": _tags(routes),
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "examples": _problem_examples(routes),
            "headers": _headers(),
            "securitySchemes": {scheme.name: scheme.describe() for scheme in _schemes(routes)},
        },
    }


def refusals_of(route: AnyRoute) -> list[type[Failure]]:
    """List everything that a route may refuse with."""
    found = [*route.refusals, *route.guard.refusals, *_ALWAYS]
    for parameter in route.path_parameters:
        found += parameter.refusals
    if not {ResidentNotFound, ReceiverNotFound}.isdisjoint(found):
        found += [TooManyLookUps, DirectoryPending]
    if route.body is not None:
        found.append(refusals.BodyMalformed)
    if route.body is not None or route.rows is not None:
        found.append(refusals.MediaTypeUnsupported)
    else:
        found.append(refusals.BodyUnexpected)
    if route.query is not None or route.body is not None or route.keyed:
        found.append(ValidationFailed)
    members = [getattr(part, "__struct_fields__", ()) for part in (route.query, route.body)]
    if any("cursor" in each for each in members):
        found.append(CursorInvalid)
    if route.keyed:
        found.append(IdempotencyKeyReused)
    return sorted(set(found), key=lambda failure: (_status(failure, route), failure.code))


def _tags(routes: Iterable[AnyRoute]) -> list[dict[str, str]]:
    """Describe each group of operations once."""
    tags = dict.fromkeys(route.tag for route in routes)
    return [{"name": tag.name, "description": tag.description} for tag in tags]


def _schemes(routes: Iterable[AnyRoute]) -> list[SecurityScheme]:
    """List how callers authenticate, each scheme once."""
    schemes = (route.guard.scheme for route in routes)
    return list(dict.fromkeys(scheme for scheme in schemes if scheme is not None))


def _status(failure: type[Failure], route: AnyRoute) -> int:
    return PROBLEMS[failure].status_at(route.path)


def _operation(route: AnyRoute, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag.name],
        "summary": route.summary,
        "description": f"{route.description} {route.guard.note}".strip(),
        "parameters": _parameters(route),
        "responses": _responses(route, schemas),
    }
    operation |= route.guard.describe()
    if route.body is not None:
        content: dict[str, Any] = {"schema": schemas.of(route.body)}
        if route.body_example is not None:
            content["example"] = route.body_example
        operation["requestBody"] = {
            "required": route.body_required,
            "content": {"application/json": content},
        }
        if not route.body_required:
            operation["requestBody"]["description"] = _LEFT_OUT
    if route.rows is not None:
        kinds = {
            media_type: {"schema": {"type": "string", "minLength": 1}, "example": example}
            for media_type, example in route.rows.items()
        }
        operation["requestBody"] = {"required": True, "content": kinds}
    return operation


def _parameters(route: AnyRoute) -> list[dict[str, Any]]:
    parameters = [_path_parameter(parameter) for parameter in route.path_parameters]
    if route.query is not None:
        parameters += _query_parameters(route.query)
    if route.keyed:
        parameters.append(_header("Idempotency-Key", "The same key: done once.", _KEY_SCHEMA))
    if route.etag and route.method == "GET":
        parameters.append(_header("If-None-Match", "304 if the ETag is still this one."))
    if PreconditionFailed in route.refusals:
        parameters.append(_header("If-Match", "412 unless the ETag is still this one."))
    return parameters


def _path_parameter(parameter: PathParameter[Any]) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "path",
        "required": True,
        "description": parameter.description,
        "schema": parameter.schema,
        "example": parameter.example,
    }


def _header(name: str, description: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": schema or {"type": "string"},
    }


def _query_parameters(query: type[msgspec.Struct]) -> list[dict[str, Any]]:
    schema = msgspec.json.schema(query)
    properties = schema["$defs"][query.__name__]["properties"]
    parameters = []
    for name, described in properties.items():
        # null is what the parameter is when it is left out; on the wire there is no null
        kinds = [kind for kind in described.get("anyOf", [described]) if kind != {"type": "null"}]
        plain = dict(kinds[0])
        description = plain.pop("description", described.get("description", ""))
        if described.get("default") is not None:
            plain["default"] = described["default"]
        parameters.append(
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": description,
                "schema": plain,
            }
        )
    return parameters


def _responses(route: AnyRoute, schemas: Schemas) -> dict[str, Any]:
    success: dict[str, Any] = {
        "description": route.summary,
        "headers": _describe("X-Request-Id", *_success_headers(route)),
    }
    if route.answer is not None:
        content = {"schema": schemas.of(route.answer)}
        if route.example is not None:
            content["example"] = route.example
        success["content"] = {route.media_type: content}
    elif route.status == 200:
        success["content"] = {route.media_type: {"schema": {"type": "string"}}}
    responses = {str(status): success for status in (route.status, route.or_status) if status}
    if route.etag and route.method == "GET":
        headers = _describe("X-Request-Id", "ETag")
        responses["304"] = {"description": "Not modified.", "headers": headers}
    if route.path == "/errors/{code}":
        responses["404"] = success | {"description": "There is no such code."}
    by_status: dict[int, list[type[Failure]]] = {}
    for failure in refusals_of(route):
        by_status.setdefault(_status(failure, route), []).append(failure)
    for status, kinds in by_status.items():
        responses[str(status)] = _refusal(route, status, kinds, schemas)
    return responses


def _success_headers(route: AnyRoute) -> list[str]:
    limited = refusals.RateLimited in route.guard.refusals
    names = ["RateLimit", "RateLimit-Policy"] if limited else []
    if route.etag:
        names.append("ETag")
    if route.keyed:
        names.append("Idempotent-Replayed")
    return names


def _refusal(
    route: AnyRoute, status: int, kinds: list[type[Failure]], schemas: Schemas
) -> dict[str, Any]:
    headers, description = ["X-Request-Id"], _told(kinds)
    if status == 401:
        headers.append("WWW-Authenticate")
    if status in {429, 503}:
        headers.append("Retry-After")
    if route.path.startswith(IN_WORLD):
        content = {"application/json": {"schema": schemas.of(RefusalInWorld)}}
        return {"description": description, "headers": _describe(*headers), "content": content}
    examples = {kind.code: _reference("examples", _example_name(kind, status)) for kind in kinds}
    whole = {"schema": schemas.of(ProblemResponse), "examples": examples}
    return {
        "description": description,
        "headers": _describe(*headers),
        "content": {"application/problem+json": whole, "application/json": whole},
    }


def _told(kinds: list[type[Failure]]) -> str:
    return "; ".join(f"`{kind.code}`: {PROBLEMS[kind].title}" for kind in kinds) + "."


def _problem_examples(routes: Iterable[AnyRoute]) -> dict[str, Any]:
    """Show every refusal with each of its statuses, once for all operations."""
    return {
        _example_name(kind, status): {
            "summary": PROBLEMS[kind].title,
            "value": _example(kind, status),
        }
        for route in routes
        if not route.path.startswith(IN_WORLD)
        for kind in refusals_of(route)
        for status in (_status(kind, route),)
    }


def _example_name(kind: type[Failure], status: int) -> str:
    return f"{kind.code}_{status}"


def _example(kind: type[Failure], status: int) -> dict[str, Any]:
    problem = PROBLEMS[kind]
    example: dict[str, Any] = {
        "type": f"https://gifts.example.com/errors/{kind.code}",
        "title": problem.title,
        "status": status,
        "detail": problem.remedy,
        "code": kind.code,
        "instance": "/v1/giftcards/019aad3c-9d4b-7c1e-8f3a-2b1c0d9e8f7a",
        "requestId": "5f0c2b7e9d3a41c8b6e0f1a2",
    }
    return example | dict(problem.examples)


def _reference(sort: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{sort}/{name}"}


def _describe(*names: str) -> dict[str, Any]:
    return {name: _reference("headers", name) for name in names}


def _headers() -> dict[str, Any]:
    return {
        name: {
            "description": description,
            "required": name not in _NOT_ALWAYS,
            "schema": {"type": kind},
        }
        for name, (description, kind) in _HEADERS.items()
    }
