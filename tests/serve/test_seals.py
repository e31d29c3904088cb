"""What is sealed tells nothing and cannot be changed."""

import pytest

from gpuledger.serve.seals import opened, sealed

KEY = b"k" * 32


@pytest.mark.parametrize("plain", [b"", b"ann", b"x" * 5000])
def test_a_seal_opens_with_its_key_to_the_same_and_is_always_the_same(plain: bytes) -> None:
    assert opened(sealed(plain, KEY), KEY) == plain
    assert sealed(plain, KEY) == sealed(plain, KEY)
    assert not plain or plain not in sealed(plain, KEY)


@pytest.mark.parametrize("at", [0, 15, 16, -1])
def test_one_changed_byte_or_another_key_opens_nothing(at: int) -> None:
    seal = bytearray(sealed(b"submitted by ann", KEY))
    with pytest.raises(ValueError, match="no seal"):
        opened(bytes(seal), b"l" * 32)
    seal[at] ^= 1
    with pytest.raises(ValueError, match="no seal"):
        opened(bytes(seal), KEY)


def test_equal_beginnings_do_not_look_alike() -> None:
    one, other = (sealed(b"2026-05-10 " + name, KEY) for name in (b"ann", b"bob"))
    assert one[:8] != other[:8]
    assert one[16:24] != other[16:24]
