"""What is no text: bounded by headers, bytes and pages, and never counted as text."""

import base64
import struct

import pytest
from hypothesis import given, strategies as st

from adapters.protocols.media import (
    ELSEWHERE_MAX,
    IMAGE_HIGH_MAX,
    IMAGE_MAX,
    IMAGE_MIN,
    PAGE_TOKENS,
    Audio,
    Document,
    Image,
    audio_of,
    document_of,
    image_at,
    image_of,
)
from domain.margin import Margin
from tests.adapters.pictures import header, png_url

OPENAI = Margin(percent=100, honours_detail=True)
OTHER = Margin()


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


# What vendors charge for one image (wire-facts §5): pixels across, down, and tokens.
CHARGED = [
    pytest.param(1024, 1024, 1446, id="claude 1 MP"),
    pytest.param(4032, 3024, 4005, id="claude 12 MP"),
    pytest.param(64, 64, 1090, id="gemini, any size"),
    pytest.param(1024, 1024, 1229, id="gpt 1 MP"),
    pytest.param(4032, 3024, 14_364, id="gpt 12 MP"),
    pytest.param(2048, 768, 85 + 170 * 8, id="older tiles"),
]


@pytest.mark.parametrize(("width", "height", "tokens"), CHARGED)
def test_an_image_is_held_at_what_the_dearest_vendor_charges(
    width: int, height: int, tokens: int
) -> None:
    assert image_at(png_url(width, height)).tokens(OTHER) >= tokens


def test_a_small_image_is_held_at_less_than_a_large_one() -> None:
    small, large = (image_at(png_url(n, n)).tokens(OTHER) for n in (1024, 3000))

    assert IMAGE_MIN < small < 2_000 < large <= IMAGE_MAX


@pytest.mark.parametrize(
    "address",
    ["https://images.example/a.png", "data:image/png;base64,%%%", "data:", "data:image/png,é"],
)
def test_an_image_that_cannot_be_looked_into_is_held_at_the_most(address: str) -> None:
    assert image_at(address).tokens(OTHER) == IMAGE_MAX


def test_a_model_may_say_what_every_image_costs() -> None:
    flat = Margin(image_tokens=1_120)

    assert image_at("https://images.example/a.png").tokens(flat) == 1_120
    assert image_at(png_url(9000, 9000)).tokens(flat) == 1_120


def test_detail_lowers_the_hold_only_where_the_model_knows_it() -> None:
    address = png_url(4032, 3024)

    assert image_at(address, "low").tokens(OPENAI) == IMAGE_MIN
    assert image_at(address, "high").tokens(OPENAI) == IMAGE_HIGH_MAX
    assert image_at(address, "original").tokens(OPENAI) == image_at(address).tokens(OPENAI)
    assert image_at(address, "low").tokens(OTHER) == image_at(address).tokens(OTHER) == IMAGE_MAX


@given(st.text(max_size=200))
def test_no_data_of_an_image_raises(data: str) -> None:
    assert IMAGE_MIN <= image_of(data).tokens(OTHER) <= IMAGE_MAX
    assert image_at("data:" + data).tokens(OTHER) >= IMAGE_MIN


def test_base64_in_lines_is_read_like_base64_in_one() -> None:
    line = encoded(header("jpeg", 640, 480))
    lines = "\n".join(line[at : at + 76] for at in range(0, len(line), 76))

    assert image_of(lines) == image_of(line)


def wave(bytes_per_second: int, size: int, samples: int = 24_000) -> bytes:
    form = struct.pack("<IHHIIHH", 16, 1, 1, samples, bytes_per_second, 2, 16)
    return b"RIFF" + struct.pack("<I", size) + b"WAVEfmt " + form + b"data" + b"\0" * size


def test_audio_is_held_by_the_seconds_that_its_header_tells() -> None:
    ten_seconds = audio_of(encoded(wave(48_000, 480_000)))

    assert 320 <= ten_seconds.tokens(OTHER) <= 322


def test_audio_without_a_header_is_held_at_the_thinnest_bit_rate() -> None:
    # Speech is sent at 6 kbit/s, so that this may be ten seconds.
    assert audio_of(encoded(b"ID3" + b"\0" * 7_497)).tokens(OTHER) == 320
    assert audio_of("data:audio/mp3;base64," + encoded(b"\0" * 7_500)).tokens(OTHER) == 320
    assert Audio().tokens(OTHER) == ELSEWHERE_MAX


@pytest.mark.parametrize(
    ("told", "samples", "believed"),
    [
        (0, 24_000, 750),
        (400_000, 24_000, 48_000),
        (2**32 - 1, 24_000, 48_000),
        (48_000, 2**32 - 1, 48_000),
        (2**32 - 1, 2**32 - 1, 400_000),
    ],
)
def test_a_header_that_cannot_be_is_not_believed(told: int, samples: int, believed: int) -> None:
    sound = audio_of(encoded(wave(told, 400_000, samples)))

    assert sound.size is not None
    assert sound.tokens(OTHER) == -(-sound.size * 32 // believed)


def pdf(body: bytes) -> str:
    return encoded(b"%PDF-1.4\n" + body + b"\n%%EOF")


def test_a_pdf_is_held_by_its_pages() -> None:
    pages = b"<< /Type /Pages /Count 3 >>" + b"<< /Type /Page >>" * 3

    assert document_of(pdf(pages)) == Document(len(base64.b64decode(pdf(pages))), 3)
    assert document_of(pdf(pages)).tokens(OTHER) == 3 * PAGE_TOKENS


def test_a_pdf_is_held_by_the_most_that_it_says_of_its_pages() -> None:
    assert document_of(pdf(b"/Type/Pages /Count 40 /Type/Page")).pages == 40
    assert document_of(pdf(b"/Type/Page " * 5 + b"/Count 1")).pages == 5


def test_a_pdf_whose_pages_may_hide_is_held_by_its_bytes() -> None:
    hidden = document_of(pdf(b"/Type /ObjStm /Type /Page >>" + b"x" * 5_000))

    assert hidden.pages is None
    assert 5_000 < hidden.tokens(OTHER) < 5_100
    assert document_of(pdf(b"x" * 200_000)).tokens(OTHER) == ELSEWHERE_MAX


def test_a_file_elsewhere_or_of_another_kind_is_bounded() -> None:
    assert Document().tokens(OTHER) == ELSEWHERE_MAX
    assert document_of(encoded(b"PK\x03\x04" + b"x" * 96)).tokens(OTHER) == 100
    assert document_of("data:application/pdf;base64," + pdf(b"/Type /Page")).pages == 1
    assert document_of("é, no base64").tokens(OTHER) == 12 * 3 // 4


def test_an_image_without_data_is_held_like_one_elsewhere() -> None:
    assert Image(b"").tokens(OTHER) == Image().tokens(OTHER) == IMAGE_MAX
