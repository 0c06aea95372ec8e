"""Dimensions come from the header, in every format; a broken header never hurts."""

import pytest
from hypothesis import given, strategies as st

from adapters.image_size import HEADER_BYTES, dimensions
from tests.adapters.pictures import FORMATS, header


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1024, 768), (4032, 3024), (16383, 2)])
def test_every_format_tells_its_size(form: str, width: int, height: int) -> None:
    assert dimensions(header(form, width, height)) == (width, height)


@given(
    form=st.sampled_from(FORMATS),
    cut=st.integers(0, 4100),
    noise=st.binary(max_size=64),
    at=st.integers(0, 64),
)
def test_a_broken_header_gives_a_size_or_none_and_never_raises(
    form: str, cut: int, noise: bytes, at: int
) -> None:
    whole = header(form, 640, 480)
    broken = whole[:at] + noise + whole[at + len(noise) : cut]

    found = dimensions(broken)

    assert found is None or min(found) > 0


@given(st.binary(max_size=200))
def test_bytes_of_another_kind_have_no_size(data: bytes) -> None:
    assert dimensions(b"<svg " + data) is None
    assert dimensions(b"<?xml " + data) is None
    assert dimensions(b"II*\0" + data) is None


def test_an_xml_picture_is_not_even_looked_at() -> None:
    assert dimensions(b'<svg xmlns="http://www.w3.org/2000/svg" width="7" height="9"/>') is None


def test_no_more_than_a_header_is_read() -> None:
    far = b"\xff\xd8" + b"\xff\xe2\xff\xff" + b"x" * 65533 + header("jpeg", 640, 480)[2:]

    assert len(far) > HEADER_BYTES
    assert dimensions(far) is None
