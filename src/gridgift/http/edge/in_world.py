"""Answers to objects in Second Life: flat JSON of less than a kilobyte (contract section 9).

Scripts see none of the headers, have integers of 32 bits, and read one member after another. So
there are texts without brackets and braces, 0 and 1 for booleans, and no null.
"""

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from gridgift.domain.failures import Failure
from gridgift.http.edge.problems import PROBLEMS, headers_of
from gridgift.http.edge.reply import JSON, NO_STORE, Reply, encode_json
from gridgift.inworld import protocol
from gridgift.messages import say

IN_WORLD: Final = protocol.API
MAX_ANSWER: Final = 1024  # bytes; scripts are cut off at 2048

Code = Annotated[str, Meta(description="For the script: what has happened.")]
Message = Annotated[
    str, Meta(description="To be said to the resident, in the resident's language.")
]


class RefusalInWorld(Struct, frozen=True, rename="camel"):
    """Why an object is refused: ``msg`` is ready to be said to the resident."""

    code: Code
    msg: Message
    retry_after: Annotated[int, Meta(description="Seconds.")] | UnsetType = UNSET
    credit: Annotated[int, Meta(description="Of the card that was claimed (L$).")] | UnsetType = (
        UNSET
    )
    card: Annotated[str, Meta(description="The id of that card.")] | UnsetType = UNSET
    reason: Annotated[str, Meta(description="The code of why nothing is sold.")] | UnsetType = UNSET
    amount: Annotated[int, Meta(description="What is to be given back (L$).")] | UnsetType = UNSET


def refusal_in_world(failure: Failure, path: str, body: object) -> Reply[Any]:
    """Answer with a refusal in the language of a body, if it was decoded and has one."""
    problem, said = PROBLEMS[type(failure)], vars(failure)
    data = {name: value(failure) for name, value in problem.members.items()}
    whole = {
        "code": failure.code,
        "msg": say(failure.code, getattr(body, "lang", ""), **(said | data)),
        **{name: value for name, value in data.items() if isinstance(value, int | str)},
    }
    headers = (JSON, NO_STORE, *headers_of(failure, data.get("retryAfter")))
    return Reply(problem.status_at(path), headers, encode_json(whole))
