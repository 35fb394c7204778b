"""Usernames are taken out of answers that are kept for whoever sends the same request again."""

import re
from typing import Final

from gridgift.domain.erasing import Names, Redact

_SENTENCE: Final = re.compile(rb'(?:(?<="detail":")|(?<="note":"))(?:[^"\\]|\\.)*')


def redacting(names: Names) -> Redact:
    """Return what writes the UUID in the place of a resident's usernames.

    In an answer a username ends a card's ETag, is the value of a member that ends in ``username``,
    or is a word of a ``detail`` or of a refund's ``note``. A card's tag that reads the same is left
    as the store wrote it, and a member or a state may be called as somebody is.
    """
    uuid = names.resident.uuid.encode()
    one_of = b"|".join(re.escape(name.encode()) for name in names.usernames) or rb"(?!)"
    member = re.compile(rb'(sername":"|\A\d+ "[^"\n]*-)(?:' + one_of + rb')(?=")')

    def in_sentence(found: re.Match[bytes]) -> bytes:
        return names.taken_out_of(found[0].decode()).encode()

    def redact(answer: bytes) -> bytes:
        return _SENTENCE.sub(in_sentence, member.sub(rb"\g<1>" + uuid, answer))

    return redact
