"""Digests that are remembered only as long as nothing about the file changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sepack import fingerprints
from sepack.fingerprints import Fingerprints, digest_of

if TYPE_CHECKING:
    import pytest

STORE = PurePosixPath("build/.cache/digests.txt")


def test_the_digest_is_sha256_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    assert Fingerprints(tmp_path, STORE).of("a") == hashlib.sha256(b"text").hexdigest()


def test_a_file_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert Fingerprints(tmp_path, STORE).of("a") is None


def test_a_change_of_content_is_seen_though_size_and_mtime_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = Fingerprints(tmp_path, STORE)
    before = first.of("a")
    first.save()
    times = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert Fingerprints(tmp_path, STORE).of("a") == hashlib.sha256(b"two").hexdigest() != before


def test_what_is_remembered_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "RACY_NS", -1)
    path = tmp_path / "a"
    path.write_bytes(b"text")
    first = Fingerprints(tmp_path, STORE)
    digest = first.of("a")
    first.save()
    monkeypatch.setattr("builtins.open", lambda *_: (_ for _ in ()).throw(AssertionError("read again")))
    assert Fingerprints(tmp_path, STORE).of("a") == digest


def test_a_broken_store_is_as_good_as_none(tmp_path: Path) -> None:
    store = tmp_path / STORE
    store.parent.mkdir(parents=True)
    (tmp_path / "a").write_bytes(b"text")
    for text in ("", "{", "sepack digests 1 0", "sepack digests 2 1", "sepack digests 2 1\na", "sepack digests 2 x"):
        store.write_text(text)
        assert Fingerprints(tmp_path, STORE).of("a") == hashlib.sha256(b"text").hexdigest()


def test_a_store_that_cannot_be_written_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "RACY_NS", -1)
    (tmp_path / "a").write_bytes(b"text")
    (tmp_path / "build").write_bytes(b"a file where a folder should be")
    known = Fingerprints(tmp_path, STORE)
    known.of("a")
    known.save()


def test_the_borders_of_parts_count() -> None:
    assert digest_of("ab", "c") != digest_of("a", "bc") != digest_of("abc")


def test_a_store_that_was_cut_short_gives_no_wrong_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "RACY_NS", -1)
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    known = Fingerprints(tmp_path, STORE)
    wanted = [known.of("a"), known.of("b")]
    known.save()
    store = tmp_path / STORE
    whole = store.read_bytes()
    for length in range(len(whole)):
        store.write_bytes(whole[:length])
        again = Fingerprints(tmp_path, STORE)
        assert [again.of("a"), again.of("b")] == wanted


def test_a_name_with_odd_characters_is_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "RACY_NS", -1)
    names = ["a\tb", "c\nd", os.fsdecode(b"\xff")]
    known = Fingerprints(tmp_path, STORE)
    for name in names:
        (tmp_path / name).write_text("text")
    digests = [known.of(name) for name in names]
    known.save()
    again = Fingerprints(tmp_path, STORE)
    assert [again.of(name) for name in names] == digests == [hashlib.sha256(b"text").hexdigest()] * 3
