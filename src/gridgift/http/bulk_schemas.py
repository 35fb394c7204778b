"""What came of each row of a request with many (contract section 10)."""

from collections.abc import Sequence
from typing import Annotated, Self

from msgspec import Meta, Struct

from gridgift.domain.bulk import Outcome, Skipped
from gridgift.domain.failures import Failure, ValidationFailed
from gridgift.domain.imports import count


def on_the_wire(failure: ValidationFailed) -> ValidationFailed:
    """Name the fields as JSON does, in camelCase."""
    return ValidationFailed({_camel(name): errors for name, errors in failure.errors.items()})


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class RowProblem(Struct, frozen=True, omit_defaults=True):
    """Why a row is refused: as the problem of a single grant has it."""

    code: str
    detail: str
    errors: dict[str, list[str]] | None = None


class RowResult(Struct, frozen=True, omit_defaults=True):
    """What came of one row: a card's id, a problem, or neither if it asks for no card."""

    row: Annotated[int, Meta(ge=1, description="Its number; the first one is 1.")]
    id: Annotated[str, Meta(description="The granted card's id.")] | None = None
    problem: RowProblem | None = None

    @classmethod
    def of(cls, number: int, outcome: Outcome) -> Self:
        """Show what came of a row."""
        if isinstance(outcome, Skipped):
            return cls(number)
        if not isinstance(outcome, Failure):
            return cls(number, outcome)
        if isinstance(outcome, ValidationFailed):
            outcome = on_the_wire(outcome)
            return cls(number, None, RowProblem(outcome.code, outcome.detail, outcome.errors))
        return cls(number, None, RowProblem(outcome.code, outcome.detail))


class BulkGrantResponse(Struct, frozen=True):
    """How many rows were granted, asked for no card, or were refused; and each, in order."""

    granted: int
    skipped: int
    refused: int
    results: list[RowResult]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Self:
        """Show what came of all rows."""
        results = [RowResult.of(number, outcome) for number, outcome in enumerate(outcomes, 1)]
        return cls(**count(outcomes), results=results)


class BulkGrantQuery(Struct, frozen=True):
    """Whether good rows are granted beside bad ones."""

    atomic: Annotated[bool, Meta(description="All rows are granted, or none.")] = False
