"""What an operator's app shows, for tests of the second factor."""

from typing import Any, Final, Protocol

from pyotp import TOTP

from gridgift.domain import second_factor
from gridgift.domain.actions import Who
from gridgift.domain.ids import new_id
from gridgift.domain.second_factor import CODE_BYTES, CODES, STEP, AppSecrets
from tests.api import SECRET, operator

SEED: Final = "s" * 22
APPS: Final = AppSecrets(SECRET.encode())


class Writes(Protocol):
    """What runs operations: a fixture of the domain's, or of the API's."""

    def write(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a write."""


def shown(operator_id: str, now: int, seed: str = SEED) -> str:
    """Return the code that an operator's app shows at an instant (milliseconds)."""
    return TOTP(APPS.of(operator_id, seed)).at(now // 1000)


def wrong(operator_id: str, now: int) -> str:
    """Return a code that no app shows, now or in the steps beside."""
    near = {shown(operator_id, now + steps * STEP) for steps in range(-2, 3)}
    return next(code for number in range(9) if (code := f"{number:06}") not in near)


def recovery_codes() -> list[str]:
    """Return ten recovery codes, always the same."""
    return second_factor.write_codes([bytes([number]) * CODE_BYTES for number in range(CODES)])


def somebody(store_id: str) -> Who:
    """Return who does something, for a record of it."""
    return Who(store_id, new_id(), "Aria", "192.0.2.1", "Firefox")


def set_up(on: Writes, store_id: str, operator_id: str, now: int) -> list[str]:
    """Switch an operator's second factor on, with the code of the step before this one.

    The one that the app shows now is not used up by that. Return the recovery codes.
    """
    codes, code = recovery_codes(), shown(operator_id, now - STEP)
    who = somebody(store_id)
    caller = operator(store_id)
    on.write(second_factor.set_up, caller, who, operator_id, APPS, SEED, code, spare=codes)
    return codes
