"""A site's lists of hosts: those it reserves, and those it leaves out with the reason. A list that says nothing is an error."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from gpuledger.config.files import first_line, text_of
from gpuledger.model.errors import ConfigError

_NESTED = "excluded_hosts"


def owned_hosts(file: Path) -> tuple[str, ...]:
    """Host patterns, one a line; `#` begins a comment. Raises ConfigError for a file that names none."""
    lines = (line.partition("#")[0].strip() for line in text_of(file, "list of owned hosts").splitlines())
    hosts = tuple(dict.fromkeys(line for line in lines if line))
    if not hosts:
        raise ConfigError(
            f"The list of owned hosts {str(file)!r} names no host; leave the setting out if there is none."
        )
    return hosts


def masked_hosts(file: Path) -> dict[str, str]:
    """Host patterns and why they are left out, from YAML: a flat mapping, or one under `excluded_hosts`.

    Names and reasons are taken as they are written (`2003` is a name). `{}` says that no host is left out; a file that
    says nothing, a host named twice and a reason that is no text are errors with their line.
    """
    import yaml

    try:
        node: Any = yaml.compose(text_of(file, "list of masked hosts"), yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"The list of masked hosts {str(file)!r} is not YAML: {first_line(error)}.") from None
    if isinstance(node, yaml.MappingNode) and [key.value for key, _ in node.value] == [_NESTED]:
        node = node.value[0][1]
    if not isinstance(node, yaml.MappingNode):
        _refuse(file, node, f"`host: reason` lines are expected (under `{_NESTED}:` or not), or {{}} for no host")
    return dict(_reasons(file, node))


def _reasons(file: Path, mapping: Any) -> Iterator[tuple[str, str]]:
    import yaml

    seen: set[str] = set()
    for host, reason in mapping.value:
        if not isinstance(host, yaml.ScalarNode) or not host.value.strip():
            _refuse(file, host, "a host's name is expected")
        if not isinstance(reason, yaml.ScalarNode):
            _refuse(file, reason, f"the reason of {host.value!r} is no text")
        if host.value in seen:
            _refuse(file, host, f"{host.value!r} is named twice")
        seen.add(host.value)
        yield host.value, "" if reason.tag.endswith(":null") else reason.value.strip()


def _refuse(file: Path, node: Any, said: str) -> NoReturn:
    where = f", line {node.start_mark.line + 1}" if node is not None else ""
    raise ConfigError(f"The list of masked hosts {str(file)!r}{where}: {said}.")
