"""A process without threads that has imported everything, and forks injectors on demand.

Importing the Kubernetes client takes most of a second, and a process with threads, as one that
serves a fake API, must not fork. What an injector leaves behind becomes a child of the nursery.
"""

import ctypes
import json
import os
import signal
import socket
import sys
import time
import traceback

from tests.torture.injector import inject

_SUBREAPER = 36


class Nursery:
    """Talk to the nursery process; it serves one injector at a time."""

    def __init__(self):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            self.socket.close()
            _serve(theirs)
            os._exit(0)
        theirs.close()

    def start(self, order, channel):
        """Fork an injector that talks over `channel`; return its process id."""
        socket.send_fds(self.socket, [json.dumps(order).encode()], [channel.fileno()])
        return self.told()["pid"]

    def told(self):
        """Return the next message: ``pid``, then ``code`` (minus a signal) at the injector's end."""
        return json.loads(self.socket.recv(4096))

    def settle(self, seconds):
        """Wait for what the injector left behind; return how many processes there still were."""
        self.socket.send(json.dumps({"settle": seconds}).encode())
        return self.told()["left"]

    def close(self):
        """Let the nursery end."""
        self.socket.close()
        os.waitpid(self.pid, 0)


def _serve(orders):
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    while True:
        message, descriptors, _, _ = socket.recv_fds(orders, 65536, 1)
        if not message:
            return
        order = json.loads(message)
        if "settle" in order:
            orders.send(json.dumps({"left": _settle(order["settle"])}).encode())
            continue
        (channel,) = descriptors
        pid = os.fork()
        if pid == 0:
            orders.close()
            os._exit(_inject(order, channel))
        os.close(channel)
        orders.send(json.dumps({"pid": pid}).encode())
        _, status = os.waitpid(pid, 0)
        orders.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())


def _inject(order, channel):
    try:
        return inject(order, channel)
    except BaseException:  # noqa: BLE001  a fork must never return into its parent's loop
        traceback.print_exc()
        return 99
    finally:
        sys.stdout.flush()


def _settle(seconds):
    """Wait for all children; end those that outlast the time, and count them."""
    until, left = time.monotonic() + seconds, set()
    while True:
        try:
            pid, _ = os.waitpid(-1, 0 if left else os.WNOHANG)
        except ChildProcessError:
            return len(left)
        if pid == 0:
            time.sleep(0.002)
            if time.monotonic() > until:
                left = set(_children())
                for child in left:
                    os.kill(child, signal.SIGKILL)


def _children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:  # noqa: PTH123
        return [int(pid) for pid in file.read().split()]
