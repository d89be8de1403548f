"""TLS for real: a loopback server with a certificate of our own authority."""

import socket
import ssl
import subprocess
from contextlib import closing

import pytest

from aiops.clients.prometheus import PrometheusClient, Tls
from aiops.types import Denied, InvalidInput
from tests.unit.clients.prometheus.certificates import Authority, needs_openssl
from tests.unit.clients.prometheus.replies import T0_S, Server, success

pytestmark = needs_openssl
ONE = success("scalar", [T0_S, "1"])


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"), "ours")


@pytest.fixture(scope="module")
def server_pair(authority):
    return authority.sign("server")


@pytest.fixture
def serve(server_pair):
    """Return a function that starts a server; with `clients` it wants certificates of theirs."""
    servers = []

    def start(pair=server_pair, clients=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert, pair.key)
        if clients is not None:
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_REQUIRED
        server = Server(context)
        servers.append(server)
        server.says(ONE)
        return server

    yield start
    for server in servers:
        server.stop()


def ask(server, tls, scheme="https"):
    sleeps = []
    with PrometheusClient(f"{scheme}://{server.address}", tls=tls, sleep=sleeps.append) as client:
        value = client.query("1")[0].value
    assert sleeps == []
    return value


def refused(kind, server, tls, scheme="https"):
    """Return the one line that comes of it; nothing is tried twice."""
    sleeps = []
    with (
        PrometheusClient(f"{scheme}://{server.address}", tls=tls, sleep=sleeps.append) as client,
        pytest.raises(kind) as caught,
    ):
        client.query("1")
    assert sleeps == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_server_of_our_authority_is_trusted(serve, authority):
    assert ask(serve(), Tls(ca_file=authority.pair.cert)) == 1


def test_any_server_is_taken_where_that_is_said(serve):
    assert ask(serve(), Tls(verify=False)) == 1


@pytest.mark.parametrize("tls", [None, Tls()])
def test_an_authority_that_nobody_knows_is_one_line(serve, tls):
    text = refused(InvalidInput, serve(), tls)
    assert "its certificate is not trusted" in text
    assert text.endswith("give the authority that signed it as ca_file")


def test_a_certificate_for_another_host_is_one_line(serve, authority):
    server = serve(authority.sign("elsewhere", host="127.0.0.2"))
    text = refused(InvalidInput, server, Tls(ca_file=authority.pair.cert))
    assert "not valid for '127.0.0.1'" in text


def test_our_certificate_lets_us_in(serve, authority):
    ours = authority.sign("client")
    server = serve(clients=authority.pair.cert)
    tls = Tls(ca_file=authority.pair.cert, cert_file=ours.cert, key_file=ours.key)
    assert ask(server, tls) == 1


def test_key_and_certificate_may_be_in_one_file(serve, authority, tmp_path):
    ours, both = authority.sign("client"), tmp_path / "both.pem"
    both.write_text(ours.cert.read_text() + ours.key.read_text())
    server = serve(clients=authority.pair.cert)
    assert ask(server, Tls(ca_file=authority.pair.cert, cert_file=both)) == 1


def test_without_the_right_certificate_we_are_denied(serve, authority, tmp_path):
    stranger = Authority(tmp_path, "stranger").sign("client")
    server = serve(clients=authority.pair.cert)
    for tls in (
        Tls(ca_file=authority.pair.cert),
        Tls(ca_file=authority.pair.cert, cert_file=stranger.cert, key_file=stranger.key),
    ):
        assert "refuses our certificate, or that we show none" in refused(Denied, server, tls)


def test_a_server_without_tls_is_one_line(server, authority):
    server.says(ONE)
    text = refused(InvalidInput, server, Tls(ca_file=authority.pair.cert))
    assert text.endswith("it does not speak TLS there; is it http://?")


def encrypted(pair, folder):
    key = folder / "encrypted.key"
    command = ["openssl", "pkey", "-in", pair.key, "-aes256", "-passout", "pass:x", "-out", key]
    subprocess.run(command, check=True, capture_output=True)
    return key


def test_files_that_cannot_be_used_are_named(authority, tmp_path):
    ours, other = authority.sign("client"), authority.sign("other")
    text = tmp_path / "text.pem"
    text.write_text("no certificate")
    missing = tmp_path / "missing.pem"
    cases = {
        rf"cannot read the authorities in {missing}: No such file": Tls(ca_file=missing),
        rf"{text} holds no certificate in PEM": Tls(ca_file=text),
        rf"cannot read {missing} with the key in it: No such file": Tls(cert_file=missing),
        rf"cannot use {text} with the key in it": Tls(cert_file=text),
        r"key values mismatch": Tls(cert_file=ours.cert, key_file=other.key),
        r"not be encrypted": Tls(cert_file=ours.cert, key_file=encrypted(ours, tmp_path)),
        rf"the key {ours.key} needs its certificate": Tls(key_file=ours.key),
    }
    for message, tls in cases.items():
        with pytest.raises(InvalidInput, match=message):
            PrometheusClient("https://prometheus", tls=tls)


def test_a_port_where_the_handshake_ends_is_unreachable(authority):
    """What is no TLS error stays what it was: a connection that breaks off passes."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        tls = Tls(ca_file=authority.pair.cert)
        with PrometheusClient(address, tls=tls, timeout_s=0.05) as client:
            assert not client.ready()
