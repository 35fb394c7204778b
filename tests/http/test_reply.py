"""Replies that are stored: what is sent again is what was sent."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gridgift.http.edge.reply import REPLAYED, Reply

etags = st.none() | st.from_regex(r'"[0-9]{1,5}-[a-z0-9.]{1,20}"', fullmatch=True)
texts = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**31), 2**31)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab\n "), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(value=values, status=st.sampled_from([200, 201]), etag=etags)
def test_what_is_unpacked_is_what_was_packed(value: object, status: int, etag: str | None) -> None:
    reply: Reply[object] = Reply.json(value, status, etag)
    again: Reply[object] = Reply.unpack(reply.pack(), replayed=False)
    assert again == reply
    assert msgspec.json.decode(again.body) == value
    replayed: Reply[object] = Reply.unpack(reply.pack(), replayed=True)
    assert replayed == msgspec.structs.replace(reply, headers=(*reply.headers, REPLAYED))
