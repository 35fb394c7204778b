"""Whatever escapes the pipeline, at whichever step, is answered with a problem."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.staticfiles import StaticFiles

from gridgift.domain import stores
from gridgift.domain.stores import StoreChanges
from gridgift.http.edge import cors, endpoint, request
from gridgift.http.edge.endpoint import Endpoint
from gridgift.logs import Log
from tests.api import ApiFixture, problem
from tests.http.checks import one_engine
from tests.http.customer_page import CustomerPage
from tests.http.test_cors import ORIGIN
from tests.plain_logs import log_plainly

# what refuses a defect must work, and after the answer nothing can be refused any more
NOT_STEPS = {"__init__", "__call__", "refuse", "_request", "_refuse", "_problem", "_log"}
STEPS = [name for name, step in vars(Endpoint).items() if callable(step) and name not in NOT_STEPS]
DEFECTS = (RuntimeError("a defect"), MemoryError(), RecursionError(), KeyError("x"))

pytestmark = one_engine

Break = Callable[[object, str, Exception], None]


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Log as a server does; the pretty traces of those that are not set up take seconds."""
    monkeypatch.setattr(Log, "wanted", "json")
    yield
    log_plainly()


@pytest.fixture
def break_(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Let a function raise from now on."""

    def make_raise(place: object, name: str, error: Exception) -> None:
        def fail(*_: Any, **__: Any) -> Any:
            raise error

        monkeypatch.setattr(place, name, fail)

    return make_raise


@pytest.fixture
def page(api: ApiFixture, monkeypatch: pytest.MonkeyPatch) -> CustomerPage:
    """Kelly's page, at a store with an origin; every request is admitted a second time."""
    monkeypatch.setattr(request, "ADMITTED_FOR", -1.0)
    api.write(stores.update, api.store.id, StoreChanges(customer_origin=ORIGIN))
    return CustomerPage(api)


def everything(page: CustomerPage) -> list[Any]:
    """Send requests of every kind."""
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    return [
        page.call("GET", "profile", headers={"Origin": ORIGIN}),
        page.call("GET", "profile", token="wrong", headers={"Origin": ORIGIN}),
        page.call("OPTIONS", "profile", token=None, headers=asked),
        page.call("GET", "nothing/here", headers={"Origin": ORIGIN}),
        page.api.call("GET", "/v1/store", params={"x": "y"}),
        page.api.call("GET", "/ext/v1/giftcards", params={"sort": "credit"}),
        page.api.call("POST", "/v1/customers/kelly/actions/grant-gift-card", json={"credit": 5}),
        page.api.call("GET", "/nowhere"),
    ]


@pytest.mark.parametrize("error", DEFECTS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("step", STEPS)
def test_a_defect_in_a_step(page: CustomerPage, break_: Break, step: str, error: Exception) -> None:
    before = [answer.status_code for answer in everything(page)]
    break_(Endpoint, step, error)
    answers = everything(page)
    broken = [answer for answer in answers if answer.status_code == 500]
    assert broken, "nobody took this step"
    for answer in broken:
        problem(answer, 500, "internal_error")
    for answer, status in zip(answers, before, strict=True):
        assert answer.status_code in {status, 500}


@pytest.mark.parametrize("error", DEFECTS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    ("place", "name"),
    [
        (endpoint, "count_failure"), (endpoint, "limited_look_up"), (endpoint, "readable"),
        (endpoint, "decode_body"), (endpoint, "read_body"), (endpoint, "Reply"),
        (cors.Origins, "is_of_store"), (cors.Origins, "is_of_any"),
    ],
)  # fmt: skip
def test_a_defect_in_what_the_steps_call(
    page: CustomerPage, break_: Break, place: object, name: str, error: Exception
) -> None:
    break_(place, name, error)
    broken = [answer for answer in everything(page) if answer.status_code == 500]
    assert broken
    for answer in broken:
        problem(answer, 500, "internal_error")


def test_a_defect_in_the_files_and_in_the_paths(api: ApiFixture, break_: Break) -> None:
    break_(StaticFiles, "get_response", OSError(5, "Input/output error"))
    problem(api.call("GET", "/static/me.css"), 500, "internal_error")
    break_(type(api.client.app.paths), "find", RuntimeError("a defect"))  # type: ignore[attr-defined]
    problem(api.call("GET", "/v1/store"), 500, "internal_error")


def test_a_defect_in_a_line_of_the_log_leaves_the_answer(api: ApiFixture, break_: Break) -> None:
    break_(Endpoint, "_log", RuntimeError("a defect"))
    assert api.call("GET", "/v1/store").json()["id"] == api.store.id
