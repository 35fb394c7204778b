"""GET /metrics: every answer is counted, and only the operator sees the counts."""

from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gridgift import webhook_delivery
from gridgift.domain import delivering, webhooks
from gridgift.domain.ids import id_at, new_id
from gridgift.domain.model import Caller
from gridgift.domain.webhooks import Wanted
from tests.api import ApiFixture, problem

TOKEN = "t" * 16
COUNT = "gridgift_request_seconds_count"
Labels = tuple[str, str, str]  # method, route, status


def counts(api: ApiFixture) -> dict[Labels, float]:
    """Collect the counts as Prometheus does."""
    response = api.call("GET", "/metrics", key=None, headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
        if sample.name == COUNT
    }


def test_answers_are_counted(make_api: Callable[..., ApiFixture], unknown_id: str) -> None:
    api = make_api(metrics_token=TOKEN)
    card = api.grant()
    for _ in range(3):
        api.card(card["id"])
    api.call("GET", f"/v1/giftcards/{unknown_id}")
    api.call("BREW", "/v1/giftcards/" + unknown_id)
    api.call("GET", "/v1/nothing/here")
    found = counts(api)
    assert found["GET", "/v1/giftcards/{id}", "200"] == 3
    assert found["GET", "/v1/giftcards/{id}", "404"] == 1
    assert found["other", "/v1/giftcards/{id}", "405"] == 1
    assert found["GET", "", "404"] == 1
    assert found["POST", "/v1/customers/{identifier}/actions/grant-gift-card", "200"] == 1
    assert not any(unknown_id in label for labels in found for label in labels)
    assert counts(api)["GET", "/metrics", "200"] == 1


def test_the_document_has_its_token(api: ApiFixture) -> None:
    document = api.call("GET", "/openapi.json").json()
    ((name, scopes),) = document["paths"]["/metrics"]["get"]["security"][0].items()
    scheme = document["components"]["securitySchemes"][name]
    assert (scheme["type"], scheme["scheme"], scopes) == ("http", "bearer", [])


def test_how_long_a_webhook_is_overdue(
    make_api: Callable[..., ApiFixture], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_delivery, "LOOKS_FOR_WEBHOOKS_EVERY", 1_000)  # it sends nothing
    api = make_api(metrics_token=TOKEN)
    headers = {"Authorization": f"Bearer {TOKEN}"}

    def told() -> str:
        return api.call("GET", "/metrics", key=None, headers=headers).text

    assert "\ngridgift_webhook_overdue_seconds 0.000\n" in told()
    caller = Caller(api.store.id, "operator", "test", "request")
    webhook = api.write(webhooks.create, caller, new_id(), Wanted("https://a.example/"))
    api.grant()
    while not api.read(delivering.look)[0]:  # until what happened can be read
        pass
    api.write(delivering.fan_out, [(api.store.id, webhook.id)], 10, id_at)
    api.clock.advance(7.5)
    assert "\ngridgift_webhook_overdue_seconds 7.500\n" in told()


def test_there_are_none_without_a_token_set(api: ApiFixture) -> None:
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}"}):
        problem(api.call("GET", "/metrics", key=None, headers=headers), 404, "path_not_found")


@pytest.mark.parametrize("sent", [None, "", TOKEN, "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_a_wrong_token(make_api: Callable[..., ApiFixture], sent: str | None) -> None:
    headers = {} if sent is None else {"Authorization": sent}
    response = make_api(metrics_token=TOKEN).call("GET", "/metrics", headers=headers)
    problem(response, 401, "metrics_token_invalid")
    assert response.headers["www-authenticate"] == 'Bearer realm="gridgift"'
