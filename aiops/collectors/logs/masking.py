"""What looks like a secret is taken out of log lines before they are kept.

Masked are: the value of a key called password, passwd, pwd, secret, token, credential, or api,
access, private, secret, signing or encryption key (``key=value``, ``key: value``, ``--key value``,
and in JSON, also in JSON that a text quotes); up to two words after ``Authorization:``; what follows
``Bearer``; access keys of AWS; JSON web tokens; tokens of GitHub and Slack; the password in an
address ``scheme://user:password@host``; private keys in PEM. A list as short as this finds what is
written as such, and nothing else: it does not make a log safe to publish.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

MASK = "***"

_KEY = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|"
    r"(?:api|access|private|secret|signing|encryption)[_-]?key)"
)
_QUOTED = r"\\{1,3}\"[^\"]*(?:\"|\Z)|\"(?:[^\"\\]|\\.)*(?:\"|\Z)|'[^']*(?:'|\Z)"
"""A text in quotes that may be escaped, or that nobody has closed."""

_SECRETS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(
        r"(?P<kept>authorization[\\\"']*\s?[=:]\s?+[\[\\\"']*+)(?!\*\*\*)[^\s\"',;\]\\]+(?:[ \t]+[^\s\"',;\]\\]+)?",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<kept>\bbearer[\s:]+)[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(
        rf"(?P<kept>{_KEY}\\{{0,3}}[\"']?[ \t]*(?>=>|:=|=(?!=)|:(?!:))\s?+[ \t]*+)(?:{_QUOTED}|(?!\*\*\*)[^\s,;&\"'}}]+)",
        re.IGNORECASE | re.DOTALL,
    ),
    re.compile(rf"(?P<kept>(?<!\S)--?[\w-]*?{_KEY}[ \t]+)(?![-*])\S+", re.IGNORECASE),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"),
    re.compile(r"\b(?:gh[pousr]|github_pat)_\w{20,}|\b(?:xox[abprs]|xapp)-[\w-]{10,}"),
    re.compile(r"(?P<kept>\w://[^\s/:@]*:)[^\s/\"'<>\\]+(?=@)"),
)  # fmt: skip
_SIGNS = (
    rf"(?i:{_KEY}\\{{0,3}}[\"']?[ \t]*[=:]|-[\w-]*{_KEY}[ \t]|bearer[\s:]|authorization)|AKIA|ASIA|eyJ|"
    r"gh[pousr]_|github_pat_|xox[abprs]-|xapp-|://[^\s/:@]*:[^\s/]+@|PRIVATE KEY"
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
