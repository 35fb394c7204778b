"""Customer tokens: minted, found, revoked, and forgotten 30 days after their end (section 8)."""

import pytest

from gridgift.domain import tokens
from gridgift.domain.failures import ResidentNotFound
from gridgift.domain.ids import new_id
from gridgift.domain.instants import DAY, HOUR
from gridgift.domain.keys import NewCredential, Signer, digest
from gridgift.domain.model import Token
from gridgift.domain.residents import Identifier
from gridgift.domain.tokens import TOKENS_KEPT_FOR, MintedToken
from tests.api import JO, KELLY, SECRET
from tests.domain.fixture import DomainFixture

SIGNER = Signer(SECRET.encode(), tokens.PREFIX)
TO_KELLY = Identifier(username=KELLY.username)


def mint(
    domain: DomainFixture, identifier: Identifier = TO_KELLY, lifetime: int = HOUR
) -> MintedToken:
    new = NewCredential(new_id(), bytes(32))
    minted: MintedToken = domain.write(
        tokens.mint, domain.caller, SIGNER, identifier, lifetime, new
    )
    return minted


def find(domain: DomainFixture, minted: MintedToken) -> Token | None:
    found: Token | None = domain.read(tokens.find, domain.store.id, minted.stored.id)
    return found


def test_minted(domain: DomainFixture) -> None:
    minted = mint(domain)
    assert (
        minted.stored
        == find(domain, minted)
        == Token(
            store_id=domain.store.id,
            id=minted.stored.id,
            resident_uuid=KELLY.uuid,
            hash=digest(minted.token),
            created_at=domain.now,
            expires_at=domain.now + HOUR,
            revoked_at=None,
        )
    )
    assert SIGNER.read(minted.token) == (domain.store.id, minted.stored.id)
    with pytest.raises(ResidentNotFound):
        mint(domain, Identifier(username="nobody.known"))


def test_revoked_are_the_residents_own(domain: DomainFixture) -> None:
    mine, other = [mint(domain), mint(domain)], mint(domain, Identifier(uuid=JO.uuid))
    domain.now += 5
    assert domain.write(tokens.revoke_of, domain.store.id, TO_KELLY) == 2
    for minted in mine:
        found = find(domain, minted)
        assert found is not None
        assert found.revoked_at == domain.now
    assert find(domain, other) == other.stored
    assert domain.write(tokens.revoke, domain.store.id, JO) == 1
    with pytest.raises(ResidentNotFound):
        domain.write(tokens.revoke_of, domain.store.id, Identifier(username="nobody.known"))


def test_forgotten_a_while_after_their_end(domain: DomainFixture) -> None:
    assert TOKENS_KEPT_FOR == 30 * DAY
    old, young = [mint(domain) for _ in range(3)], mint(domain, lifetime=HOUR + 1)
    domain.now += HOUR + TOKENS_KEPT_FOR - 1
    assert domain.write(tokens.forget, 2) == 0
    domain.now += 1
    assert [domain.write(tokens.forget, 2) for _ in range(3)] == [2, 1, 0]
    assert [find(domain, minted) for minted in old] == [None] * 3
    assert find(domain, young) == young.stored
