"""Passwords: argon2id in threads of their own, few at once, and what makes a password too weak.

One hash takes 19 MiB and 26 ms of a processor (OWASP's second choice of parameters): two at
once, and a short queue, so that whoever tries passwords takes neither the memory nor the threads of
everything else.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

from gridgift.domain.failures import ValidationFailed
from gridgift.http.edge.refusals import RateLimited

if TYPE_CHECKING:
    from argon2 import PasswordHasher

R = TypeVar("R")

AT_ONCE: Final = 2
WAITING: Final = 20  # hashes that may wait for a thread
RETRY: Final = 2  # seconds after which there may be room
LEAST: Final = 12  # characters
MOST: Final = 256
GOOD_ENOUGH: Final = 3  # of zxcvbn's 0 to 4: more than 10^8 guesses
LOOKED_AT: Final = 72  # characters that zxcvbn looks at; its time grows with their square


class Hashing:
    """Runs what is slow about passwords. Every caller shares the same two threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, "password")
        self._running = 0

    async def run(self, work: Callable[..., R], *args: object) -> R:
        """Run something in a thread. Raises ``RateLimited`` if too many wait already."""
        if self._running >= AT_ONCE + WAITING:
            raise RateLimited(RETRY)
        self._running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
        finally:
            self._running -= 1


@cache
def hashing() -> Hashing:
    """Return what this process hashes with."""
    return Hashing()


async def is_right(password: str, encoded: str | None) -> bool:
    """Tell whether a password is the one; without one to compare with, it takes the same time."""
    return await hashing().run(_verify, password[: MOST + 1], encoded)


async def encode(password: str, own_words: list[str]) -> str:
    """Return what is stored of a new password.

    ``own_words`` are names that it must not be built on. Raises ``ValidationFailed``.
    """
    return await hashing().run(_encode, password, own_words)


def _encode(password: str, own_words: list[str]) -> str:
    if not LEAST <= len(password) <= MOST:
        raise ValidationFailed({"new_password": [f"must have {LEAST} to {MOST} characters"]})
    weakness = _weakness(password, own_words)
    if weakness:
        raise ValidationFailed({"new_password": [weakness]})
    return _hasher().hash(password)


def _verify(password: str, encoded: str | None) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        found = _hasher().verify(encoded or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return found and encoded is not None


def _weakness(password: str, own_words: list[str]) -> str:
    """Say why a password is easily guessed; "" if it is not."""
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]

    rated = zxcvbn(password[:LOOKED_AT], [word.casefold() for word in own_words])
    if rated["score"] >= GOOD_ENOUGH:
        return ""
    advice = [rated["feedback"]["warning"], *rated["feedback"]["suggestions"]]
    said = " ".join(f"{sentence.rstrip('.')}." for sentence in advice if sentence)
    return f"is easily guessed. {said or 'Take several words that do not belong together.'}"


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobodys() -> str:
    """Return a hash that no password of an operator has."""
    return _hasher().hash("of nobody")
