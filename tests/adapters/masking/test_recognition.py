"""What counts as personal data, what only looks like it, and that looking takes no longer."""

import time

import pytest

from tests.adapters.masking.masks import CARD, IBAN, KEY, MAIL, PHONE, rule, said

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Write to {MAIL}.", "Write to [EMAIL_1]."),
        (f"<{MAIL}>, mailto:{MAIL}?a=b", "<[EMAIL_1]>, mailto:[EMAIL_1]?a=b"),
        ("first.last+tag@mail.example.co.uk", "[EMAIL_1]"),
        ("jörg@münchen.example, 李@例子.公司", "[EMAIL_1], [EMAIL_2]"),
        ("email=x@y.org&z", "email=[EMAIL_1]&z"),
        ("o'brien@example.com '-a@b.co'", "[EMAIL_1] '-[EMAIL_2]'"),
        ('{"to":"\\nada@example.com"}', '{"to":"\\n[EMAIL_1]"}'),
        ('"\\u0041da@example.com"', '"\\u0041[EMAIL_1]"'),
        (f"pay {CARD}.", "pay [CARD_1]."),
        (f"{CARD} 123", "[CARD_1] 123"),
        ("4111-1111-1111-1111 12/29", "[CARD_1] 12/29"),
        ("3782 822463 10005, 378282246310005", "[CARD_1], [CARD_2]"),
        ("6212 3456 7890 0000 003", "[CARD_1]"),
        (f"to {IBAN} und", "to [IBAN_1] und"),
        ("gb29nwbk60161331926819", "[IBAN_1]"),
        ("BE41 5390 0754 7035", "[IBAN_1]"),
        (f"call {PHONE}, please", "call [PHONE_1], please"),
        ("0049 30 901820; (415) 555-2671; 1-415-555-2671", "[PHONE_1]; [PHONE_2]; [PHONE_3]"),
        ("tel:+14155552671 138 1234 5678", "tel:[PHONE_1] [PHONE_2]"),
        ("+49 30 901820\n2026-11-21", "[PHONE_1]\n2026-11-21"),
        (f"key={KEY}", "key=[API_KEY_1]"),
        (f"Bearer {JWT}", "Bearer [API_KEY_1]"),
        ("AKIAIOSFODNN7EXAMPLE", "[API_KEY_1]"),
        (f"{PEM} and", "[API_KEY_1] and"),
        (PEM[:40], "[API_KEY_1]"),
        (f"tb_0000{'x' * 40}", "[API_KEY_1]"),
        (f"{MAIL} {MAIL} b@c.de {MAIL}", "[EMAIL_1] [EMAIL_1] [EMAIL_2] [EMAIL_1]"),
        ("13812345678@qq.com", "[EMAIL_1]"),
    ],
)
def test_data_is_found(text: str, expected: str) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "@ada, a@b, ada@localhost, 5 @ 3.2, @@, x@.com",
        "4111 1111 1111 1112, 9111111111111111, 0.4111111111111111, 41111111111111111111111",
        "1700000000000, 4000000000000, 12345678901234567890, 2026-11-21 18:00:00",
        "DE89 3704 0044 0532 0130 01, ZZ89370400440532013000, XDE89370400440532013000",
        "DE893704004405320130001",
        "DE06ABCDEFGHIJKLMNOPQR, NL5304171643000123",
        "+1 23, +49, 1+1=2, 00 11 22, 555-2671, +999 999 9999",
        "sk-short, task-abcdefghijklmnopqrstuvwxyz, eyJust.eyJust.no, AKIA123",
        "127.0.0.1, v1.2.3, 3.14159265358979",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert said(text) == text


def test_only_the_kinds_asked_for_are_masked() -> None:
    text = f"{MAIL} {CARD} {IBAN} {PHONE} {KEY}"

    assert said(text, kinds=()) == text
    assert said(text, kinds=("email",)) == text.replace(MAIL, "[EMAIL_1]")
    assert said(text) == "[EMAIL_1] [CARD_1] [IBAN_1] [PHONE_1] [API_KEY_1]"


def test_a_term_is_found_in_any_case_and_only_as_a_whole_word() -> None:
    text = "Falcon FALCON falcons falcon_x a-falcon, falcon. Falcon"

    assert said(text, rule("falcon")) == (
        "[TERM_1] [TERM_2] falcons falcon_x a-[TERM_3], [TERM_3]. [TERM_1]"
    )


def test_a_term_is_taken_literally_and_needs_no_edge_where_a_script_has_none() -> None:
    assert said("1.5 is not 1x5, C++ is C", rule("1.5"), rule("c++")) == (
        "[TERM_1] is not 1x5, [TERM_2] is C"
    )
    assert said("我们的猎鹰计划很好", rule("猎鹰计划")) == "我们的[TERM_1]很好"


def test_what_overlaps_is_masked_as_a_whole() -> None:
    assert said(f"to {MAIL}.uk now", rule("example"), rule("com.uk now")) == "to [EMAIL_1]"


def test_a_placeholder_of_the_callers_own_is_never_given_to_a_value() -> None:
    assert said(f"[EMAIL_1] {MAIL} [EMAIL_3] b@c.de") == "[EMAIL_1] [EMAIL_2] [EMAIL_3] [EMAIL_4]"


HOSTILE = {
    "digits": "4",
    "groups": "4444 ",
    "cards": "4111111111111112 ",
    "ats": "a@",
    "mails": "a@b.co ",
    "labels": "b.",
    "no phones": "+123456789 ",
    "phones": "+14155552671 ",
    "brackets": "+1(23) 45-",
    "ibans": "DE00 ",
    "tokens": "-eyJ",
    "keys": "-sk-",
    "pems": "-----BEGIN PRIVATE KEY-----",
    "escapes": "\\n",
    "marks": "\u0301\u0316",
    "half-width marks": "\uff9e\u0301",
    "pairs of marks": "\u0f73",
    "letters with marks": "e\u0301 term 1",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_prompt_takes_longer_than_it_is_long(name: str) -> None:
    """A fifth of a megabyte takes a fifth of a second; anything quadratic would take minutes."""
    piece = HOSTILE[name]
    text = "a@" + piece * (200_000 // len(piece))

    began = time.process_time()
    said(text, *(rule(f"term {number}") for number in range(100)))

    assert time.process_time() - began < 5


def test_beyond_many_numbers_all_that_look_like_phones_are_masked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapters.masking.phones.CHECKS_MAX", 2)

    assert said("+999 99999999, +999 99999998") == "+999 99999999, [PHONE_1]"
