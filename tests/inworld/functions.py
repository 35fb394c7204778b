"""The functions of LSL that reach into the world; what is only about values is lummao's."""

import asyncio
import base64
import hmac
import inspect
import re
import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from tests.inworld.http import NULL_KEY
from tests.inworld.lsl import Key, Vector

if TYPE_CHECKING:
    from tests.inworld.scripts import Script
    from tests.inworld.world import Avatar

DATA_BORN: Final = 3
DEBIT: Final = 2
OBJECT_GROUP: Final = 7
MOST_SAID: Final = 1024  # bytes
LONGEST_DIALOG: Final = 511
LONGEST_BUTTON: Final = 24
MOST_BUTTONS: Final = 12
OK, NO_MEMORY, NO_PASSWORD, NOT_FOUND, NOT_NEW = 0, 1, 3, 4, 5  # of linkset data
MOST_BYTES: Final = 131_072
MOST_KEYS: Final = 10  # in one list of a script's


class Reset(Exception):
    """The script begins anew."""


class Functions:
    """What a script calls."""

    def __init__(self, script: "Script") -> None:
        self.script, self.thing, self.world = script, script.thing, script.world

    def bind(self, code: Any) -> None:
        """Let a compiled script call these, instead of what lummao has or the stubs."""
        for name, function in inspect.getmembers(self, inspect.ismethod):
            if name.startswith("ll"):
                code.builtin_funcs[name] = function
                if hasattr(code, name):  # a stub
                    setattr(code, name, code.builtin_funcs[name])

    # Who and where

    def llGetKey(self) -> Any:
        return Key(self.thing.key)

    def llGetOwner(self) -> Any:
        return Key(self.thing.owner.key)

    def llGetObjectDesc(self) -> str:
        return self.thing.description

    def llGetObjectName(self) -> str:
        return self.thing.name

    def llGetObjectDetails(self, key: str, wanted: Sequence[int]) -> list[Any]:
        assert (str(key), list(wanted)) == (self.thing.key, [OBJECT_GROUP])
        return [Key(self.thing.group)]

    def llGetUnixTime(self) -> int:
        return int(time.time()) + self.world.ahead  # of the server's own: it compares

    def llGetTime(self) -> float:
        return asyncio.get_running_loop().time()

    def llGetAgentSize(self, key: str) -> Any:
        return Vector((0.5, 0.6, 1.9)) if self._here(key) else Vector((0.0, 0.0, 0.0))

    def llGetUsername(self, key: str) -> str:
        return self._avatar(key).name if self._here(key) else ""

    def llGetAgentLanguage(self, key: str) -> str:
        return self._avatar(key).language if self._here(key) else ""

    def llSameGroup(self, key: str) -> int:
        return int(self._here(key) and self._avatar(key).group == self.thing.group)

    def llDetectedKey(self, number: int) -> Any:
        return Key(self.script.touches[number].key)

    def llDetectedGroup(self, number: int) -> int:
        return int(self.script.touches[number].group)

    def llRequestAgentData(self, key: str, wanted: int) -> Any:
        assert wanted == DATA_BORN
        return self._looked_up(self._avatar(key).born)

    def llRequestUserKey(self, name: str) -> Any:
        known = {avatar.name: avatar.key for avatar in self.world.avatars.values()}
        return self._looked_up(known.get(name, NULL_KEY))

    def llRequestUsername(self, key: str) -> Any:
        avatar = self.world.avatars.get(str(key))
        return self._looked_up(avatar.name if avatar else "")

    # Time

    async def llSleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def llSetTimerEvent(self, seconds: float) -> None:
        self.script.set_timer(seconds)

    def llResetScript(self) -> None:
        raise Reset

    # Speaking

    def llOwnerSay(self, text: str) -> None:
        if self.thing.owner.is_here:
            self._hear(self.thing.owner, text)

    def llRegionSayTo(self, key: str, channel: int, text: str) -> None:
        assert channel == 0
        if self._here(key):
            self._hear(self._avatar(key), text)

    async def llInstantMessage(self, key: str, text: str) -> None:
        self._hear(self._avatar(key), text)
        await asyncio.sleep(2)

    async def llDialog(self, key: str, text: str, buttons: Sequence[str], channel: int) -> None:
        assert 0 < len(buttons) <= MOST_BUTTONS
        for button in buttons:
            assert 0 < len(button.encode()) <= LONGEST_BUTTON, button
        await self._show(key, text, list(buttons), channel)

    async def llTextBox(self, key: str, text: str, channel: int) -> None:
        await self._show(key, text, [], channel)

    def llListen(self, channel: int, name: str, key: str, message: str) -> int:
        assert (name, message) == ("", "")
        self.script.listens[channel] = "" if key == NULL_KEY else str(key)
        return len(self.script.listens)

    # Linden Dollars

    def llSetPayPrice(self, price: int, buttons: Sequence[int]) -> None:
        assert len(buttons) == 4

    def llRequestPermissions(self, key: str, wanted: int) -> None:
        assert (str(key), wanted) == (self.thing.owner.key, DEBIT)
        self.script.debit = self.thing.owner.allows_debit

    def llGetPermissions(self) -> int:
        return DEBIT if self.script.debit else 0

    def llTransferLindenDollars(self, key: str, amount: int) -> Any:
        assert self.script.debit and amount > 0
        transfer = str(uuid.uuid4())
        self.world.start(self.world.transfer(self.script, transfer, self._avatar(key), amount))
        return Key(transfer)

    # Remembering

    def llLinksetDataWriteProtected(self, name: str, value: str, password: str) -> int:
        before = self.thing.data.get(name)
        if before is not None and before[1] != password:
            return NO_PASSWORD
        if before == (value, password):
            return NOT_NEW
        others = (entry for other, entry in self.thing.data.items() if other != name)
        size = sum(len(kept.encode()) for kept, _ in others) + len((name + value).encode())
        if size > MOST_BYTES:
            return NO_MEMORY
        self.thing.data[name] = (value, password)
        return OK

    def llLinksetDataReadProtected(self, name: str, password: str) -> str:
        value, needed = self.thing.data.get(name, ("", password))
        return value if needed == password else ""

    def llLinksetDataWrite(self, name: str, value: str) -> int:
        return self.llLinksetDataWriteProtected(name, value, "")

    def llLinksetDataRead(self, name: str) -> str:
        return self.llLinksetDataReadProtected(name, "")

    def llLinksetDataDeleteProtected(self, name: str, password: str) -> int:
        if name not in self.thing.data:
            return NOT_FOUND
        if self.thing.data[name][1] != password:
            return NO_PASSWORD
        del self.thing.data[name]
        return OK

    def llLinksetDataFindKeys(self, pattern: str, start: int, count: int) -> list[str]:
        assert 1 <= count <= MOST_KEYS, "there can be more than a script has memory for"
        return self._found(pattern)[start : start + count]

    def llLinksetDataCountFound(self, pattern: str) -> int:
        return len(self._found(pattern))

    def _found(self, pattern: str) -> list[str]:
        wanted = re.compile(pattern)
        return sorted(name for name in self.thing.data if wanted.search(name))

    # Values

    def llReplaceSubString(self, text: str, old: str, new: str, count: int) -> str:
        assert count == 0  # all of them
        return text.replace(old, new)

    # The server

    def llHMAC(self, secret: str, message: str, algorithm: str) -> str:
        made = hmac.digest(secret.encode(), message.encode(), algorithm)
        return base64.b64encode(made).decode()

    def llHTTPRequest(self, url: str, options: Sequence[Any], body: str) -> Any:
        return Key(self.world.http.request(self.script, url, options, body))

    # What these are made of

    def _avatar(self, key: str) -> "Avatar":
        return self.world.avatars[str(key)]

    def _here(self, key: str) -> bool:
        return str(key) in self.world.avatars and self._avatar(key).is_here

    def _hear(self, avatar: "Avatar", text: str) -> None:
        assert 0 < len(text.encode()) <= MOST_SAID, text
        avatar.heard.append(text)

    async def _show(self, key: str, text: str, buttons: list[str], channel: int) -> None:
        assert 0 < len(text.encode()) <= LONGEST_DIALOG, text
        self._avatar(key).show(self.thing, channel, text, buttons)
        await asyncio.sleep(1)

    def _looked_up(self, data: str) -> Any:
        question = str(uuid.uuid4())
        self.world.start(self._dataserver(question, data))
        return Key(question)

    async def _dataserver(self, question: str, data: str) -> None:
        await asyncio.sleep(0.2)
        self.script.event("dataserver", Key(question), data)
