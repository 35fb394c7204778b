"""The path parameters that several nouns share."""

from typing import Final

from gridgift.domain.failures import GiftCardNotFound, IdentifierMalformed, ResidentNotFound
from gridgift.domain.residents import Identifier, parse_identifier
from gridgift.fields import IDENTIFIER_SCHEMA
from gridgift.http.edge.path import PathParameter, id_parameter
from gridgift.views import CARD_EXAMPLE

GIFT_CARD_ID: Final = id_parameter(
    "id", "The gift card's id.", CARD_EXAMPLE["id"], GiftCardNotFound
)
IDENTIFIER: Final[PathParameter[Identifier]] = PathParameter(
    "identifier",
    "A resident's username or avatar UUID.",
    IDENTIFIER_SCHEMA,
    CARD_EXAMPLE["ownerUsername"],
    parse_identifier,
    (IdentifierMalformed, ResidentNotFound),
)
