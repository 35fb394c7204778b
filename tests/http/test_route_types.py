"""mypy holds a row of the table to its handler: principal, query, body and answer.

What a row leaves out is compared with its handler in ``test_routes``.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

PAIRS: Final = """
from typing import Any
from msgspec import Struct
from gridgift.http.edge.api_key import ApiKey, KeyRequest
from gridgift.http.edge.customer_token import CustomerRequest, CustomerToken
from gridgift.http.edge.guards import PUBLIC
from gridgift.http.edge.reply import Reply
from gridgift.http.edge.route import Route, Tag

class Query(Struct): ...
class Body(Struct): ...
class Other(Struct): ...
class Answer(Struct): ...

READ = ApiKey("store:read")
T = Tag("", "")

async def by_key(request: KeyRequest[Query, Body]) -> Reply[Answer]:
    return Reply.json(Answer())

async def by_token(request: CustomerRequest[None, None]) -> Reply[bool]:
    return Reply.json(request.principal.resident.uuid == "")

ROUTES = (
Route("POST", "/", READ, by_key, T, "", "", query=Query, body=Body, answer=Answer),  # right
Route("POST", "/", READ, by_key, T, "", "", query=Query, body=Other, answer=Answer),  # wrong: body
)
Route("POST", "/", READ, by_key, T, "", "", query=Query, body=Body, answer=Answer)  # right
Route("GET", "/", CustomerToken(), by_token, T, "", "", answer=bool)  # right
Route("POST", "/", READ, by_key, T, "", "", query=Query, body=Other, answer=Answer)  # wrong: body
Route("POST", "/", READ, by_key, T, "", "", query=Other, body=Body, answer=Answer)  # wrong: query
Route("POST", "/", READ, by_key, T, "", "", query=Query, body=Body, answer=Other)  # wrong: answer
Route("POST", "/", PUBLIC, by_key, T, "", "", query=Query, body=Body, answer=Answer)  # wrong: guard
Route("GET", "/", READ, by_token, T, "", "", answer=bool)  # wrong: guard
"""


def test_a_wrong_pair_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pairs.py"
    file.write_text(PAIRS)
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--show-error-codes", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    found = {int(number) for number in re.findall(r"pairs\.py:(\d+): error", run.stdout)}
    lines = enumerate(PAIRS.splitlines(), 1)
    assert found == {number for number, line in lines if "# wrong" in line}, run.stdout + run.stderr
