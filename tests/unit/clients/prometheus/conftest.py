"""What the tests of the client share: a scripted server, a client of it, and its sleeps."""

import pytest

from aiops.clients.prometheus import PrometheusClient
from tests.unit.clients.prometheus.replies import Server


@pytest.fixture
def server():
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def sleeps():
    return []


@pytest.fixture
def client(server, sleeps):
    with PrometheusClient(f"http://{server.address}/", sleep=sleeps.append) as client:
        yield client
