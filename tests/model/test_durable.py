"""What a disk refuses becomes one of our errors with the sentence of whoever asked."""

import errno
import os

import pytest

from gpuledger.model.durable import in_words, sync
from gpuledger.model.errors import DiskFull, ReadOnly, StoreError

WORDS = {"full": "No room.", "locked": "Not for you."}


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        (errno.ENOSPC, DiskFull, "No room."),
        (errno.EDQUOT, DiskFull, "No room."),
        (errno.EROFS, ReadOnly, "Not for you."),
        (errno.EACCES, ReadOnly, "Not for you."),
        (errno.EIO, StoreError, "The zone cannot be used: Input/output error."),
    ],
)
def test_an_error_of_the_disk_is_said_in_words(code, kind, sentence):
    with pytest.raises(kind) as told, in_words("The zone", **WORDS):
        raise OSError(code, os.strerror(code))
    assert str(told.value) == sentence
    assert type(told.value) is kind


def test_what_is_no_error_of_the_disk_passes():
    with pytest.raises(ValueError, match="mine"), in_words("The zone", **WORDS):
        raise ValueError("mine")


def test_files_and_folders_can_be_synced(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    sync(tmp_path / "file")
    sync(tmp_path)
