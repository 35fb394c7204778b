def migrate() -> None:
    """Later."""
