import base64
import time
from uuid import UUID

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from adapters.webhooks.signature import Signer, sign
from tests.webhook_receiver import Received, is_genuine

ADA, BOB = UUID(int=1), UUID(int=2)
BODY = b'{"type":"balance.alert"}'


def sent(signer: Signer, customer_id: UUID, stamp: int = 1_000) -> Received:
    headers = signer.headers(customer_id, webhook_id="evt_1", timestamp=stamp, body=BODY)
    return Received("/", headers, BODY)


def test_a_signature_is_the_one_of_the_specification() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    signature = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_customer_verifies_with_the_secret_that_it_is_shown() -> None:
    signer = Signer(["operator's secret"])
    message = sent(signer, ADA)

    assert is_genuine(message, signer.secret_of(ADA), now=1_000)
    assert not is_genuine(message, signer.secret_of(ADA), now=1_301)
    altered = Received("/", message.headers, BODY + b" ")
    assert not is_genuine(altered, signer.secret_of(ADA), now=1_000)


def test_every_customer_has_a_secret_of_its_own() -> None:
    signer = Signer(["operator's secret"])

    assert signer.secret_of(ADA) != signer.secret_of(BOB)
    assert not is_genuine(sent(signer, ADA), signer.secret_of(BOB), now=1_000)
    assert len(base64.b64decode(signer.secret_of(ADA).removeprefix("whsec_"))) == 32


def test_the_secret_shown_is_derived_and_the_same_in_every_process() -> None:
    assert Signer(["a"]).secret_of(ADA) == Signer(["a"]).secret_of(ADA)
    assert Signer(["a"]).secret_of(ADA) != Signer(["b"]).secret_of(ADA)


def test_during_a_rotation_both_secrets_verify() -> None:
    old, both = Signer(["old"]), Signer(["new", "old"])
    message = sent(both, ADA)

    assert is_genuine(message, old.secret_of(ADA), now=1_000)
    assert is_genuine(message, both.secret_of(ADA), now=1_000)
    assert both.secret_of(ADA) == Signer(["new"]).secret_of(ADA)


def test_the_reference_implementation_takes_what_we_sign() -> None:
    signer = Signer(["operator's secret"])
    message = sent(signer, ADA, int(time.time()))

    assert Webhook(signer.secret_of(ADA)).verify(message.body, message.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(signer.secret_of(BOB)).verify(message.body, message.headers)


def test_a_customer_has_a_secret_of_each_number_and_messages_are_signed_with_those_that_count() -> (
    None
):
    signer = Signer(["new operator's", "operator's"])
    secrets = [signer.secret_of(ADA, number) for number in range(3)]
    headers = signer.headers(ADA, webhook_id="evt_1", timestamp=9, body=BODY, numbers=(2, 1))
    message = Received("/", headers, BODY)

    assert len(set(secrets)) == 3
    assert signer.secret_of(ADA) == secrets[0]
    assert [is_genuine(message, secret, now=9) for secret in secrets] == [False, True, True]
    older = Signer(["operator's"])
    assert is_genuine(message, older.secret_of(ADA, 2), now=9)
    assert not is_genuine(message, older.secret_of(ADA, 0), now=9)
