"""The websocket by which the fake API server answers an exec: outputs, exit code, close."""

import base64
import hashlib
import json
import struct

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BINARY, _CLOSE = 0x82, 0x88
_PIECE = 4096


def send(handler, done):
    """Send how a command ended, (code, stdout, stderr), over the connection of `handler`.

    A text for a code is what the node says of a command that could not be run.
    """
    key = handler.headers["sec-websocket-key"] + _GUID
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest())  # noqa: S324  RFC 6455 says so
    handler.send_response(101)
    handler.send_header("upgrade", "websocket")
    handler.send_header("connection", "upgrade")
    handler.send_header("sec-websocket-accept", accept.decode())
    handler.send_header("sec-websocket-protocol", "v4.channel.k8s.io")
    handler.end_headers()
    code, stdout, stderr = done
    for channel, text in ((1, stdout), (2, stderr), (3, json.dumps(_status(code)))):
        data = text.encode()
        for start in range(0, len(data), _PIECE):
            handler.wfile.write(_frame(_BINARY, bytes([channel]) + data[start : start + _PIECE]))
    handler.wfile.write(_frame(_CLOSE, struct.pack(">H", 1000)))
    handler.close_connection = True


def _frame(opcode, payload):
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size)
    return bytes([opcode]) + length + payload


def _status(code):
    if code == 0:
        return {"kind": "Status", "status": "Success"}
    if isinstance(code, str):
        return {"kind": "Status", "status": "Failure", "reason": "InternalError", "message": code}
    cause = {"reason": "ExitCode", "message": str(code)}
    return {
        "kind": "Status",
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "details": {"causes": [cause]},
    }
