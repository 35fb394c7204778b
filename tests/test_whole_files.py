"""Files that are whole or not there: a name that is taken stays as it was, and no draft is left."""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from gridgift.whole_files import Draft, drafted

LONGEST = "n" * 255  # bytes that a name may have


@pytest.fixture(params=["hard links", "no hard links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has hard links, and one that has none."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    if request.param == "no hard links":
        monkeypatch.setattr(os, "link", refuse)


def write(path: Path, name_it: Callable[[Draft, Path], None]) -> None:
    with drafted(path) as draft:
        draft.file.write(b"whole")
        name_it(draft, path)


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("name", ["a", LONGEST])
@pytest.mark.parametrize("name_it", [Draft.publish, Draft.replace])
def test_a_new_file_is_its_owners_alone(
    tmp_path: Path, name: str, name_it: Callable[[Draft, Path], None]
) -> None:
    before = os.umask(0)
    try:
        write(tmp_path / name, name_it)
    finally:
        os.umask(before)
    (file,) = tmp_path.iterdir()
    assert (file.name, file.read_bytes(), file.stat().st_nlink) == (name, b"whole", 1)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("taken", ["a file", "a folder", "a link", "a link to nothing"])
def test_what_is_published_takes_no_place(tmp_path: Path, taken: str) -> None:
    path, other = tmp_path / "a", tmp_path / "other"
    other.write_bytes(b"theirs")
    match taken:
        case "a file":
            path.write_bytes(b"theirs")
        case "a folder":
            path.mkdir()
        case "a link":
            path.symlink_to(other)
        case _:
            path.symlink_to("nothing")
    before = path.lstat()
    with pytest.raises(FileExistsError):
        write(path, Draft.publish)
    after = path.lstat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
    assert other.read_bytes() == b"theirs"
    assert {each.name for each in tmp_path.iterdir()} == {"a", "other"}


def test_what_replaces_a_file_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a longer text of before")
    write(tmp_path / "a", Draft.replace)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"whole"]


@pytest.mark.parametrize("name_it", [Draft.publish, Draft.replace])
def test_it_has_its_name_only_when_it_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name_it: Callable[[Draft, Path], None]
) -> None:
    def sync(_: int) -> None:
        assert not (tmp_path / "a").exists()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "a", name_it)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("name_it", [Draft.publish, Draft.replace])
@pytest.mark.parametrize("number", [0, errno.EINVAL, errno.EIO])
def test_the_name_is_on_disk_too(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name_it: Callable[[Draft, Path], None],
    number: int,
) -> None:
    """A file system that can't sync a folder (EINVAL) is no reason to fail; a faulty disk is."""
    synced: list[tuple[bool, bool]] = []

    def sync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        synced.append((is_folder, (tmp_path / "a").exists()))
        if is_folder and number:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(OSError, match="output") if number == errno.EIO else nullcontext():
        write(tmp_path / "a", name_it)
    assert synced == [(False, False), (True, True)]


def test_a_file_that_cant_be_renamed_leaves_its_name_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="Input/output"):
        write(tmp_path / "a", Draft.publish)
    assert list(tmp_path.iterdir()) == []
