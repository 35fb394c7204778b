"""What a client wants to be answered with: the header Accept (RFC 9110, 12.5.1)."""

import re
from collections.abc import Mapping
from typing import Final

_QUALITY: Final = re.compile(rb"q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def admits_problem(accept: bytes | None) -> bool:
    """Tell whether an Accept header admits ``application/problem+json``.

    The most specific range decides: ``application/problem+json;q=0, */*`` does not admit it.
    """
    if accept is None:
        return True
    weights = _weights(accept)
    return _weight_of(b"application/problem+json", weights) > 0


def prefers_html(accept: bytes | None) -> bool:
    """Tell whether an Accept header asks for a page rather than for JSON, as browsers' do."""
    weights = _weights(accept or b"")
    json = max(_weight_of(b"application/" + kind, weights) for kind in (b"json", b"problem+json"))
    return _weight_of(b"text/html", weights) > json


def _weights(accept: bytes) -> dict[bytes, float]:
    """Return the media ranges of an Accept header, and how much each is wanted, from 0 to 1."""
    weights: dict[bytes, float] = {}
    for item in accept.lower().split(b","):
        media_range, *parameters = [part.strip() for part in item.split(b";")]
        found = [float(q[1]) for each in parameters if (q := _QUALITY.fullmatch(each))]
        weights[media_range] = min(found, default=1.0)
    return weights


def _weight_of(media_type: bytes, weights: Mapping[bytes, float]) -> float:
    """Return how much a media type is wanted; the most specific range decides."""
    ranges = (media_type, media_type.partition(b"/")[0] + b"/*", b"*/*")
    return next((weights[found] for found in ranges if found in weights), 0.0)
