"""The pictures in ``docs/dashboard.md``."""

import re

from tests.browser.screenshots import FOLDER, SHOWN, kinds, name_of

DOCUMENT = FOLDER.parent / "dashboard.md"


def test_the_document_shows_every_page() -> None:
    shown = set(re.findall(r"!\[.+?\]\(screenshots/(.+?)\)", DOCUMENT.read_text()))
    assert {f"{name_of(path)}-{form}.png" for path in kinds() for form in SHOWN} <= shown
    assert {path.name for form in SHOWN for path in FOLDER.glob(f"*-{form}.png")} == shown
