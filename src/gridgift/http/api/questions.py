"""What directories in Second Life are asked: names and avatars (contract section 9)."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from gridgift.domain import questions
from gridgift.domain.questions import Answer
from gridgift.domain.unit_failures import UnitPaused
from gridgift.http.api.in_world import TAG, Language
from gridgift.http.edge.in_world import IN_WORLD, Code, Message
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route
from gridgift.http.edge.unit import Unit, UnitRequest, write
from gridgift.messages import say
from gridgift.views import CARD_EXAMPLE

IDLE: Final = 2  # seconds until the next round, if nothing is asked
BUSY: Final = 1  # as long as an object's look-up takes
FULL: Final = 5  # in which scripts can look up the questions of a whole round

_ANSWER: Final = r"[0-9a-f]{10}\|[0-9A-Fa-f-]{0,36}\|[ -+\--{}~]{0,63}"

Answers = Annotated[
    str,
    Meta(
        max_length=2048,
        pattern=rf"^({_ANSWER}(,{_ANSWER})*)?$",
        description="Of the round before: `question|uuid|username,…`, in which the UUID of a name "
        "that nobody has is empty or all zeros, and so is the username of no avatar.",
        extra={"says": "must be answers like question|uuid|username, separated by commas"},
    ),
]


class QuestionsRequest(Struct, frozen=True):
    """What the directory has found out."""

    answers: Answers = ""
    lang: Language = ""


class QuestionsAnswer(Struct, frozen=True):
    """What to find out now: ``question|username`` or ``question|uuid``, separated by commas."""

    code: Code
    msg: Message
    ask: str
    wait: Annotated[int, Meta(description="Seconds until the next round.")]


async def answer_questions(request: UnitRequest[None, QuestionsRequest]) -> Reply[QuestionsAnswer]:
    """Note what a directory has found out, and ask it more."""
    body = request.body
    answers = [Answer(*each.split("|")) for each in body.answers.split(",") if each]
    asked = await write(request, questions.take_round, request.principal.unit, answers)
    wait = FULL if len(asked) == questions.ROUND else BUSY if asked else IDLE
    ask = ",".join(f"{each.id}|{each.wanted}" for each in asked)
    return Reply.json(QuestionsAnswer("questions", say("questions", body.lang), ask, wait))


_ID: Final = "5a1d0c93be"

ROUTES: Final = (
    Route(
        "POST",
        f"{IN_WORLD}questions",
        Unit("directory"),
        answer_questions,
        tag=TAG,
        summary="Answer a round of questions",
        description="And get the next one. A question whose answer does not come within ten "
        "seconds is asked again; nothing is kept under the nonce.",
        body=QuestionsRequest,
        body_example={"answers": f"{_ID}|{CARD_EXAMPLE['ownerUuid']}|kelly", "lang": "en-us"},
        answer=QuestionsAnswer,
        example={
            "code": "questions",
            "msg": say("questions", "en"),
            "ask": "90c3e71f2a|jo.winter",
            "wait": BUSY,
        },
        refusals=(UnitPaused,),
    ),
)
