"""Texts without the case of their letters: the same on both engines, each of which has own rules.

A letter stands for itself in upper, lower and title case, and in its other forms, such as ``ς`` for
``σ``; a case of several characters is none, so ``ß`` is not ``SS``. A text keeps its length.
"""

import re
from typing import Final

# The letters whose lower case does not stand for all of their forms, and the one that does.
OTHER_FORMS: Final = (
    "µıſǅǈǋǲ\u0345ςϐϑϕϖϰϱϴϵ\u1c80\u1c81\u1c82\u1c83\u1c84\u1c85\u1c86\u1c87\u1c88ẛẞ"
    "ᾈᾉᾊᾋᾌᾍᾎᾏᾘᾙᾚᾛᾜᾝᾞᾟᾨᾩᾪᾫᾬᾭᾮᾯᾼ\u1fbeῌῼ\u2126\u212a\u212bİΣ"
)


def _letter_of(form: str) -> str:
    """Return the letter that stands for a form; ``İ``, whose lower case is two, is an ``i``."""
    for cased in (str.lower, str.upper, str.lower):
        changed = cased(form)[:1] if form == "İ" else cased(form)
        form = changed if len(changed) == 1 else form
    return form


_LETTERS: Final = {form: _letter_of(form) for form in OTHER_FORMS}
_ANY_FORM: Final = re.compile(f"[{OTHER_FORMS}]")


def without_case(text: str) -> str:
    """Return a text in which each letter stands for all of its forms."""
    if text.isascii():
        return text.lower()
    return _ANY_FORM.sub(lambda form: _LETTERS[form[0]], text).lower()


def forms_of(text: str) -> tuple[str, str]:
    """Return the other forms of a text's letters, and what stands for each, in two texts.

    That is all that ``without_case`` changes in another text, as far as this one is looked for.
    """
    forms = {
        form: letter
        for letter in set(without_case(text))
        for form in (letter.upper(), *OTHER_FORMS)
        if form != letter and len(form) == 1 and without_case(form) == letter
    }
    return "".join(forms), "".join(forms.values())
