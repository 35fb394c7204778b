"""Ids: made later, sorted later (contract section 4)."""

import uuid

import pytest

from gridgift.domain.ids import new_id, parse_uuid


@pytest.mark.contract("4.9", "1.6")
def test_later_ids_sort_later() -> None:
    ids = [new_id() for _ in range(20_000)]
    assert ids == sorted(set(ids))
    assert all(uuid.UUID(made).version == 7 for made in ids[:100])
    assert all(parse_uuid(made) == made for made in ids[:100])
