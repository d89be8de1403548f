"""What is written as a secret is gone; what is not stays."""

import pyarrow as pa
import pytest

from aiops.collectors.logs.masking import mask, mask_all

SECRET = "s3cr3t-Value_9"  # noqa: S105  it opens nothing
LEAKS = [
    f"password={SECRET}",
    f"PASSWORD: {SECRET}, next",
    f'{{"db_password": "{SECRET} with blanks", "x": 1}}',
    f"api_key='{SECRET}' x",
    f"x-api-key: {SECRET}",
    f"AWS_SECRET_ACCESS_KEY={SECRET}",
    f"GET /?token={SECRET}&page=2",
    f"Authorization: Bearer {SECRET}",
    f"authorization: basic {SECRET}==",
    f"client_secret={SECRET};",
    f"postgres://ann:{SECRET}@db:5432/shop",
    f"credentials={SECRET}",
    f'token="never closed {SECRET}',
]


@pytest.mark.parametrize("text", LEAKS)
def test_a_secret_is_masked(text):
    assert SECRET not in mask(text)
    assert "***" in mask(text)
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "key AKIAIOSFODNN7EXAMPLE used",
        "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_1",
        "pushed with ghp_0123456789abcdefghij0123456789abcdef",
        "slack xoxb-1234567890-abcdef",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nxyz\n-----END RSA PRIVATE KEY----- tail",
    ],
)
def test_a_known_kind_of_secret_is_masked_without_a_key(text):
    masked = mask(text)
    assert "***" in masked
    for secret in ("AKIA", "eyJ", "ghp_", "xoxb", "MIIE"):
        assert secret not in masked


@pytest.mark.parametrize(
    "text",
    [
        "request to https://shop/cart?page=2 took 12 ms",
        "the token expired",
        "passed 12 of 13 checks",
        "monkey: banana",
        "user ann@example.com logged in",
        "basic checks done",
    ],
)
def test_other_texts_stay(text):
    assert mask(text) == text


def test_what_is_around_a_secret_stays():
    assert mask("a password=x b token: y; c") == "a password=*** b token: ***; c"


def test_all_texts_at_once_are_masked_as_each_alone():
    texts = [*LEAKS, "nothing", "", "the token expired"]
    masked, count = mask_all(pa.array(texts))
    assert masked.to_pylist() == [mask(text) for text in texts]
    assert count == len(LEAKS)


@pytest.mark.timeout(10)
def test_a_hostile_text_comes_to_an_end():
    hostile = ["eyJ-" * 8000, 'token="\\"' * 3500, "://a:" * 6000, "authorization=" * 2000]
    assert all(len(mask(text)) <= len(text) for text in hostile)
