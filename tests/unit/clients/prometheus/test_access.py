"""Tokens and passwords: where they come from, that they are sent, and that nothing shows them."""

import logging

import pytest

from aiops.clients.prometheus import Auth, PrometheusClient
from aiops.clients.prometheus.access import Access
from aiops.types import Denied, InvalidInput
from tests.unit.clients.prometheus.replies import SECRET, T0_S, Reply, success

VARIABLE = "AIOPS_TEST_TOKEN"
ONE = success("scalar", [T0_S, "1"])


def authorization(server, auth, **options):
    server.says(ONE)
    with PrometheusClient(f"http://{server.address}", auth=auth, **options) as client:
        client.query("1")
    return server.asked[-1].headers["Authorization"]


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{SECRET}\n")
    return path


def test_a_token_is_sent_wherever_it_is_from(server, token_file, monkeypatch):
    monkeypatch.setenv(VARIABLE, f" {SECRET}\n")
    for auth in (Auth(token=SECRET), Auth(token_env=VARIABLE), Auth(token_file=token_file)):
        assert authorization(server, auth) == f"Bearer {SECRET}"


def test_a_password_is_sent_from_the_url_or_beside_it(server):
    by_auth = authorization(server, Auth(basic=("me", SECRET)))
    server.says(ONE)
    with PrometheusClient(f"http://me:{SECRET}@{server.address}") as client:
        client.query("1")
    assert by_auth == server.asked[-1].headers["Authorization"] == "Basic bWU6aHVudGVyMg=="


def test_nobody_is_told_where_nothing_is_given(server):
    assert authorization(server, Auth()) is None
    assert authorization(server, None) is None


def test_a_token_that_is_rotated_is_the_new_one_at_once(server, token_file):
    server.says(ONE)
    with PrometheusClient(f"http://{server.address}", auth=Auth(token_file=token_file)) as client:
        client.query("1")
        token_file.write_text("other")
        client.query("1")
    sent = [asked.headers["Authorization"] for asked in server.asked]
    assert sent == [f"Bearer {SECRET}", "Bearer other"]


def test_a_token_that_goes_away_is_one_line(server, token_file):
    server.says(ONE)
    with PrometheusClient(f"http://{server.address}", auth=Auth(token_file=token_file)) as client:
        token_file.unlink()
        with pytest.raises(InvalidInput, match=r"cannot read the token in .*: No such file"):
            client.query("1")


def test_a_missing_variable_is_said_before_anything_is_sent(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(InvalidInput, match=f"variable {VARIABLE} .* is not set; export it"):
        PrometheusClient("http://prometheus", auth=Auth(token_env=VARIABLE))


@pytest.mark.parametrize("text", ["", "\n", "two words", "l\nine", "naïve"])
def test_what_is_no_token_is_refused_and_not_repeated(tmp_path, text):
    path = tmp_path / "token"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=r"cannot be sent as a token|no ASCII text") as caught:
        PrometheusClient("http://prometheus", auth=Auth(token_file=path))
    assert str(path) in str(caught.value)
    assert not text.strip() or text.strip() not in str(caught.value)


def test_two_ways_to_say_who_we_are_are_refused(token_file):
    with pytest.raises(InvalidInput, match="exclude each other; give one"):
        Auth(token=SECRET, token_file=token_file)
    auth = Auth(token=SECRET)
    with pytest.raises(InvalidInput, match="the URL and the token or password both") as caught:
        PrometheusClient(f"http://me:{SECRET}@prometheus", auth=auth)
    assert SECRET not in str(caught.value)
    with pytest.raises(InvalidInput, match="the header Authorization and the token or password"):
        PrometheusClient("http://prometheus", headers={"authorization": SECRET}, auth=auth)


def test_secrets_are_in_no_repr_log_or_error(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.says(Reply(b"no", 401, "text/plain"))
    for auth in (Auth(token=SECRET), Auth(basic=("me", SECRET))):
        with PrometheusClient(f"http://{server.address}", auth=auth) as client:
            with pytest.raises(Denied) as caught:
                client.query("1")
            shown = f"{caught.value} {auth!r} {vars(client)} {Access({'X': SECRET}, auth)!r}"
            assert SECRET not in shown
    assert "POST" in caplog.text
    assert SECRET not in caplog.text
