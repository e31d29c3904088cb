"""Our ES modules as one script: each becomes a function that returns what it exports, in the order they need each other.

It understands the few forms our own files use, no more: imports of one line from files beside it, and exports in front of
a declaration. A form it does not know is an error of the program, found by every test of the page.
"""

import re
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

_IMPORT = re.compile(r'^import \{ ([^}]+) \} from "\./([\w-]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\*? (\w+))", re.MULTILINE)
_LEFT_OVER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


def bundle(modules: Mapping[str, str]) -> str:
    """One module with the same effect as loading them all; `modules` is name without ".js" → source."""
    order = TopologicalSorter({name: _needs(source) for name, source in modules.items()}).static_order()
    return "".join(_wrapped(name, modules[name]) for name in order)


def _needs(source: str) -> Iterable[str]:
    return [found[2] for found in _IMPORT.finditer(source)]


def _wrapped(name: str, source: str) -> str:
    exported = _EXPORT.findall(source)
    body = _EXPORT.sub("", _IMPORT.sub(_taken, source))
    if wrong := _LEFT_OVER.search(body):
        raise ValueError(f"{name}.js: this form is not bundled: {wrong[0]}")
    return f"const {_variable(name)} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"


def _taken(found: re.Match[str]) -> str:
    return f"const {{ {found[1].replace(' as ', ': ')} }} = {_variable(found[2])};\n"


def _variable(name: str) -> str:
    return f"module_{name.replace('-', '_')}"
