"""What an experiment takes from the environment: its configuration, and its secrets.

A secret is read from a variable of the environment and from nowhere else; it is kept in a type
that never prints it, and put where it is needed only when it is.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, JsonValue, SecretStr, Tag, WithJsonSchema

from chaos.files.base import Block, Text, tag, written
from chaos.files.substitution import replaced

_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": lambda text: {"true": True, "1": True, "false": False, "0": False}[text.lower()],
    "json": json.loads,
}


class EnvValue(Block):
    """A value of the configuration that a variable of the environment holds."""

    type: Literal["env"]
    key: Text
    default: JsonValue = None
    env_var_type: Literal["str", "int", "float", "bool", "json"] = "str"

    def read(self, environ: Mapping[str, str]) -> Any:
        """Return the value, or the default.

        Raises
        ------
        ValueError
            If the variable is missing and there is no default, or it is not of the type.
        """
        if self.key not in environ:
            if "default" not in self.model_fields_set:
                raise ValueError(f"the environment has no {self.key}; set it, or give a default")
            return self.default
        try:
            return _READERS[self.env_var_type](environ[self.key])
        except (ValueError, KeyError):
            raise ValueError(f"{self.key} holds no {self.env_var_type}") from None


def _typed(value: Any) -> str:
    return tag("env" if "type" in (written(value) or ()) else "plain")


ConfigurationValue = Annotated[
    Annotated[EnvValue, Tag("<env>")]
    | Annotated[
        JsonValue,
        Tag("<plain>"),
        WithJsonSchema({"not": {"type": "object", "required": ["type"]}}),
    ],
    Discriminator(_typed),
]


class EnvSecret(Block):
    """A secret that a variable of the environment holds."""

    type: Literal["env"]
    key: Text

    def read(self, environ: Mapping[str, str]) -> SecretStr:
        """Return the secret.

        Raises
        ------
        ValueError
            If the environment has no such variable.
        """
        if self.key not in environ:
            raise ValueError(f"the environment has no {self.key}; set it")
        return SecretStr(environ[self.key])


def _grouped(value: Any) -> str:
    block = written(value)
    return tag("env" if block is None or "type" in block else "group")


SecretEntry = Annotated[
    Annotated[EnvSecret, Tag("<env>")] | Annotated[dict[str, EnvSecret], Tag("<group>")],
    Discriminator(_grouped),
]


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of an experiment, by group and name; a repr shows the names only.

    >>> Secrets({"api": {"token": SecretStr("s3cret")}})
    Secrets(groups={'api': {'token': SecretStr('**********')}})
    """

    groups: Mapping[str, Mapping[str, SecretStr]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that ``${name}`` may refer to."""
        return tuple(name for group in self.groups.values() for name in group)

    def of(self, groups: Iterable[str]) -> dict[str, str]:
        """Return the secrets of `groups` in the clear, at the moment of use."""
        return {
            name: secret.get_secret_value()
            for group in groups
            for name, secret in self.groups.get(group, {}).items()
        }

    def revealed(self, value: Any) -> Any:
        """Return `value` with each ``${name}`` of a secret replaced by it, at the moment of use."""
        return replaced(value, self.of(self.groups))
