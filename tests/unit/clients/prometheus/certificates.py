"""An authority of the tests' own, and what it signs, made by the program ``openssl``."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="NOT TESTED over TLS: no openssl to make certificates"
)
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, both in PEM."""

    cert: Path
    key: Path


class Authority:
    """Signs certificates for a day."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.pair = self._make(name, "-subj", f"/CN={name}", "-addext", "keyUsage=keyCertSign")

    def sign(self, name, host="127.0.0.1"):
        signer = ("-CA", self.pair.cert, "-CAkey", self.pair.key)
        return self._make(
            f"{self.name}-{name}", *signer, "-subj", f"/CN={name}",
            "-addext", f"subjectAltName=IP:{host}", "-addext", "basicConstraints=CA:FALSE",
        )  # fmt: skip

    def _make(self, name, *options):
        pair = Pair(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        command = ["openssl", "req", "-x509", "-days", "1", *_KEY, "-keyout", pair.key]
        command += ["-out", pair.cert, *options]
        subprocess.run(command, check=True, capture_output=True)
        return pair
