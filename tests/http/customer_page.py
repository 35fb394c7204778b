"""Requests as the resident's own page sends them: with a customer token."""

from typing import Any

from tests.api import ApiFixture


class CustomerPage:
    """The resident's own page: calls with a token."""

    def __init__(self, api: ApiFixture, resident: str = "kelly", **options: Any) -> None:
        self.api = api
        minted = api.call(
            "POST", "/v1/customer-tokens", json={"customerIdentifier": resident}, **options
        )
        assert minted.status_code == 200, minted.text
        self.minted = minted.json()
        self.token = self.minted["token"]

    def call(self, method: str, path: str, /, **options: Any) -> Any:
        """Send a request with the token (or with ``token=…``); a path is below /v1/customer/."""
        token = options.pop("token", self.token)
        headers = {"X-Customer-Token": token} if token is not None else {}
        headers |= options.pop("headers", {})
        whole = path if path.startswith("/") else f"/v1/customer/{path}"
        return self.api.call(method, whole, key=None, headers=headers, **options)

    def redeem(self, card_id: str, **options: Any) -> Any:
        """Redeem a card."""
        return self.call("POST", f"giftcards/{card_id}/redeem", **options)

    def transfer(self, card_id: str, to: Any = "jo.winter", **options: Any) -> Any:
        """Pass a card on."""
        body = {"receiverIdentifier": to}
        return self.call("POST", f"giftcards/{card_id}/transfer", json=body, **options)
