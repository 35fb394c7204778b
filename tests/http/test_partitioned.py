"""The API's tests of money once more, on a PostgreSQL whose tables are partitioned by store."""

from collections.abc import Iterator

import pytest

from tests import databases
from tests.http.test_adjust import *  # noqa: F403
from tests.http.test_credit import *  # noqa: F403
from tests.http.test_customer_redeem import *  # noqa: F403
from tests.http.test_get_gift_card import *  # noqa: F403
from tests.http.test_grant_gift_card import *  # noqa: F403
from tests.http.test_holds import *  # noqa: F403
from tests.http.test_idempotency import *  # noqa: F403
from tests.http.test_list_gift_cards import *  # noqa: F403
from tests.http.test_reissue import *  # noqa: F403
from tests.http.test_transfer_gift_card import *  # noqa: F403
from tests.http.test_update_gift_card import *  # noqa: F403
from tests.storage.partitioned import copy_of, template


@pytest.fixture(scope="module")
def partitioned(postgres: databases.Postgres) -> Iterator[str]:
    """A partitioned, empty database to copy from."""
    with template(postgres) as name:
        yield name


@pytest.fixture
def engine() -> str:
    """One engine only."""
    return "postgres"


@pytest.fixture
def database_url(engine: str, postgres: databases.Postgres, partitioned: str) -> Iterator[str]:
    """A fresh, partitioned, empty database."""
    with copy_of(postgres, partitioned) as url:
        yield url
