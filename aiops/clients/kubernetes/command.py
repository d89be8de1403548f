"""One command in a container, over a websocket, with a time-out that holds.

The command is a list of arguments; no shell is involved unless the caller names one.
"""

from __future__ import annotations

import json
import ssl
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiops.clients.kubernetes.connection import USER_AGENT
from aiops.clients.kubernetes.errors import Rejected, one_line, refusal
from aiops.clients.kubernetes.kubeconfig import library
from aiops.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from aiops.clients.kubernetes.call import Call
    from aiops.clients.kubernetes.connection import Connection

_PROTOCOL = "v4.channel.k8s.io"
_STDOUT, _STDERR, _STATUS = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended.

    Attributes
    ----------
    code : int
        Its exit code.
    stdout, stderr : str
        What it printed, read as UTF-8; bytes that are not become the replacement character.
    """

    code: int
    stdout: str
    stderr: str


def run(connection: Connection, call: Call, timeout_s: float) -> Completed:
    """Carry out `call`, an exec of a pod, and wait until the command has ended.

    Raises
    ------
    NotFound, Denied, Rejected
        If the server, or the node, will not run it.
    Unreachable
        If it has not ended within `timeout_s`; the command itself may go on in the container.
    """
    output = {_STDOUT: bytearray(), _STDERR: bytearray(), _STATUS: bytearray()}
    for channel, data in _output(connection, call, timeout_s):
        output.setdefault(channel, bytearray()).extend(data)
    stdout, stderr, status = (output[channel].decode("utf-8", "replace") for channel in (1, 2, 3))
    return Completed(_exit_code(call, status), stdout, stderr)


def start(connection: Connection, call: Call, timeout_s: float) -> str:
    """Carry out `call`, an exec of a pod, and leave the command alone once it has printed a line.

    Returns
    -------
    str
        What it has printed by then: its first line, or all of it if it has ended before.

    Raises
    ------
    NotFound, Denied, Rejected
        If the server, or the node, will not run it.
    Unreachable
        If it has printed no line within `timeout_s`; it may go on in the container.
    """
    printed = bytearray()
    with closing(_output(connection, call, timeout_s)) as output:
        for channel, data in output:
            if channel == _STDOUT:
                printed.extend(data)
            if channel == _STATUS:
                _exit_code(call, data.decode("utf-8", "replace"))
            if b"\n" in printed:
                break
    return printed.decode("utf-8", "replace")


def _output(
    connection: Connection, call: Call, timeout_s: float
) -> Generator[tuple[int, bytes], None, None]:
    """Yield each piece of output with its channel, and turn what goes wrong into our errors."""
    import websocket

    try:
        yield from _frames(connection, call, time.monotonic() + timeout_s)
    except websocket.WebSocketBadStatusException as error:
        body = (error.resp_body or b"").decode("utf-8", "replace")
        raise refusal(call, error.status_code, body) from None
    except (TimeoutError, websocket.WebSocketTimeoutException):
        raise Unreachable(f"{call}: it had not ended after {timeout_s:g} s") from None
    except (OSError, websocket.WebSocketException) as error:
        raise connection.unreachable(call, error) from None


def _frames(connection: Connection, call: Call, deadline: float) -> Iterator[tuple[int, bytes]]:
    """Yield each piece of output with its channel until the server closes."""
    from websocket import ABNF

    socket = _open(connection, call, deadline)
    try:
        while True:
            socket.settimeout(_left(deadline))
            opcode, frame = socket.recv_data_frame(control_frame=True)
            if opcode == ABNF.OPCODE_CLOSE:
                return
            if opcode in {ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT} and frame.data:
                yield frame.data[0], frame.data[1:]
    finally:
        socket.shutdown()


def _open(connection: Connection, call: Call, deadline: float) -> Any:
    from websocket import WebSocket

    configuration = connection.configuration
    headers = connection.authorization()
    options: dict[str, Any] = {
        "header": {**headers, "user-agent": USER_AGENT},
        "subprotocols": [_PROTOCOL],
        "timeout": _left(deadline),
        "redirect_limit": 0,
    }
    target = call.url(connection.host).replace("http", "ws", 1)
    if configuration.proxy:
        proxied = library("stream.ws_client").websocket_proxycare
        options = proxied(options, configuration, target, headers)
    socket: Any = WebSocket(sslopt=_tls(configuration), skip_utf8_validation=True)
    socket.connect(target, **options)
    return socket


def _tls(configuration: Any) -> dict[str, Any]:
    options = {
        "cert_reqs": ssl.CERT_REQUIRED if configuration.verify_ssl else ssl.CERT_NONE,
        "ca_certs": configuration.ssl_ca_cert if configuration.verify_ssl else None,
        "certfile": configuration.cert_file,
        "keyfile": configuration.key_file,
        "server_hostname": configuration.tls_server_name,
    }
    if not configuration.verify_ssl:
        options["check_hostname"] = False
    return {key: value for key, value in options.items() if value is not None}


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _exit_code(call: Call, status: str) -> int:
    """Read the exit code from the ``Status`` that ends an exec."""
    if not status:
        raise Unreachable(f"{call}: the connection ended before the command did")
    document = json.loads(status)
    if document.get("status") == "Success":
        return 0
    causes = (document.get("details") or {}).get("causes") or ()
    for cause in causes:
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise Rejected(f"{call}: {one_line(str(document.get('message')))}")
