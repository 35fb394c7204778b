"""The ways in which an import of a file of grants, or its undoing, can be refused."""

from gridgift.domain import texts
from gridgift.domain.failures import Failure


class ImportFinished(Failure):
    """This very file was granted in this store before (``granted`` cards)."""

    code = "import_finished"

    def __init__(self, granted: int) -> None:
        super().__init__(
            f"This file was granted before, to its end ({texts.counted(granted, 'gift card')}). "
            "To grant all of it once more, say --again."
        )


class ImportNotFound(Failure):
    """No import of the store has an id that begins so, or several have (``found``)."""

    code = "import_not_found"

    def __init__(self, beginning: str, found: int) -> None:
        how_many = "Several imports of this store have" if found else "No import of this store has"
        super().__init__(f"{how_many} an id that begins with {beginning}.")


class ImportTaken(Failure):
    """Another run of the same file has done the next rows."""

    code = "import_taken"

    def __init__(self) -> None:
        super().__init__(
            "Another run of this file is going on, so this one has stopped; nothing is done twice."
        )
