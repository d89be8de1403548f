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
    f"password:   {SECRET}",
    f"password  =  {SECRET}",
    f"'password' => '{SECRET}'",
    f"password := {SECRET}",
    rf"body={{\"password\":\"{SECRET}\",\"x\":1}}",
    rf'{{"msg":"{{\\\"token\\\": \\\"{SECRET}\\\"}}"}}',
    f"SECRET_KEY={SECRET}",
    f"signingKey: {SECRET}",
    f"run --db-password {SECRET} --verbose",
    f"Authorization: {SECRET} was refused",
    f"authorization: Custom {SECRET}",
    f"map[Authorization:[Bearer {SECRET}] Accept:[*/*]]",
    f'{{"Authorization":["Basic {SECRET}"]}}',
    f"bearer: {SECRET}",
    f"redis://:{SECRET}@cache:6379/0",
    f"postgres://ann:p@{SECRET}@db/shop",
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
        "pushed with github_pat_11AAAAAAA0bbbbbbbbbbbbbbbbbbbb_cccc",
        "slack xoxb-1234567890-abcdef",
        "slack xapp-1-A012345-678-abcdef",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nxyz\n-----END RSA PRIVATE KEY----- tail",
    ],
)
def test_a_known_kind_of_secret_is_masked_without_a_key(text):
    masked = mask(text)
    assert "***" in masked
    for secret in ("AKIA", "eyJ", "ghp_", "github_pat_", "xoxb", "xapp", "MIIE"):
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
        "at auth::token::verify (src/auth.rs:12)",
        "if token == expected",
        '{"url":"http://shop:8080","mail":"ann@example.com"}',
        "run --token-file /etc/token --no-password --quiet",
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
    hostile += [
        "--pass" * 5000,
        'token=\\"' + "\\" * 30_000,
        "password" + " " * 30_000,
        "://:" * 8000,
    ]
    assert all(len(mask(text)) <= len(text) for text in hostile)
