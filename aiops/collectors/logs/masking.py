"""What looks like a secret is taken out of log lines before they are kept.

Masked are: the value of a key called password, passwd, pwd, secret, token, api key, access key,
private key, credential or authorization (``key=value``, ``key: value``, and in JSON); what follows
``Bearer``; access keys of AWS; JSON web tokens; tokens of GitHub and Slack; the
password in an address ``scheme://user:password@host``; private keys in PEM. A list as short as this
finds what is written as such, and nothing else: it does not make a log safe to publish.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

MASK = "***"

_KEY = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"credentials?)"
)
_SECRETS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?P<kept>authorization[\"']?\s?[=:]\s?[\"']?(?:\w+\s+)?)[^\s\"',;]+", re.IGNORECASE),
    re.compile(r"(?P<kept>\bbearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(
        rf"(?P<kept>{_KEY}[\"']?\s?[=:]\s?)(?:\"(?:[^\"\\]|\\.)*(?:\"|\Z)|'[^']*(?:'|\Z)|(?!\*\*\*)[^\s,;&\"'}}]+)",
        re.IGNORECASE | re.DOTALL,
    ),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"),
    re.compile(r"\bgh[pousr]_\w{20,}|\bxox[abprs]-[\w-]{10,}"),
    re.compile(r"(?P<kept>\w://[^\s/:@]+:)[^\s/@]+(?=@)"),
)  # fmt: skip
_SIGNS = (
    rf"(?i:{_KEY}[\"']?\s?[=:]|bearer\s|authorization)|AKIA|ASIA|eyJ|gh[pousr]_|xox[abprs]-|"
    r"://[^\s/:@]+:[^\s/@]+@|PRIVATE KEY"
)
"""RE2: what a text with a secret has in it, found many times faster than the secret itself."""


def mask(text: str) -> str:
    """Return `text` with `MASK` in place of what looks like a secret.

    >>> mask("login of ann with password=hunter2 from 10.0.0.1")
    'login of ann with password=*** from 10.0.0.1'
    """
    for secret in _SECRETS:
        text = secret.sub(lambda found: f"{found.groupdict().get('kept', '')}{MASK}", text)
    return text


def mask_all(texts: pa.Array) -> tuple[pa.Array, int]:
    """Return the texts without their secrets, and how many of them had any."""
    import pyarrow as pa
    import pyarrow.compute as pc

    suspect = pc.match_substring_regex(texts, _SIGNS)
    before = texts.filter(suspect).to_pylist()
    if not before:
        return texts, 0
    after = [mask(text) for text in before]
    masked = sum(old != new for old, new in zip(before, after, strict=True))
    return pc.replace_with_mask(texts, suspect, pa.array(after, pa.string())), masked
