"""Templates of the user, rendered in a process of their own: no private attribute, five seconds, a gigabyte, a megabyte out.

A template is text that a colleague may edit: it may be wrong, run for ever or ask for more than it should. The sandbox
of Jinja2 refuses what reaches out of the values; the limits of the process end what does not end.
"""

import json
import pickle
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gpuledger.model.errors import ConfigError

SECONDS, BYTES, LETTERS = 5, 1 << 30, 1_000_000
_PATIENCE = 12 * SECONDS
"""Seconds by the clock: a machine may be busy with other things."""
_CHILD = "import sys; from gpuledger.render.mail.sandbox import child; child(sys.stdin.buffer, sys.stdout.buffer)"


@dataclass(frozen=True)
class Task:
    """A template to render: its kind (subject, text, html: only html is escaped), its file's name, source and values."""

    kind: str
    name: str
    source: str
    values: Mapping[str, Any]


class TemplateError(Exception):
    """A template failed at a line."""

    def __init__(self, name: str, line: int | None, message: str) -> None:
        super().__init__(name, line, message)
        self.name, self.line, self.message = name, line, message


class TooLong(Exception):
    """A template makes more letters than a mail has."""


class Unknown(jinja2.StrictUndefined):
    """A name that a template uses and is not there; among known ones they are said."""

    @property
    def _undefined_message(self) -> str:
        if isinstance(self._undefined_obj, Mapping) and not self._undefined_hint:
            known = ", ".join(str(key) for key in self._undefined_obj) or "none"
            return f"there is no {self._undefined_name!r}; there are: {known}"
        return super()._undefined_message


def render(tasks: Sequence[Task]) -> dict[str, str]:
    """What the templates make, by kind. Raises ConfigError that names file and line."""
    if not tasks:
        return {}
    answer = _asked(tasks)
    if "made" in answer:
        return dict(answer["made"])
    place = f", line {answer['line']}" if answer["line"] else ""
    raise ConfigError(f"The template {answer['name']}{place}: {answer['message']}")


def _asked(tasks: Sequence[Task]) -> dict[str, Any]:
    """The answer of the process. Raises ConfigError when the limits ended it, RuntimeError when it failed by itself."""
    endless = ConfigError(
        f"The template {', '.join(t.name for t in tasks)} took too long or too much memory; make it shorter."
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD],
            input=pickle.dumps(tasks),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise endless from None
    if done.returncode < 0 or b"MemoryError" in done.stderr:
        raise endless
    if done.returncode:
        raise RuntimeError(f"The templates' process failed: {done.stderr.decode('utf-8', 'replace')[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def child(asked: BinaryIO, told: BinaryIO) -> None:
    """The process' own main: reads the tasks, writes one JSON answer."""
    tasks: Sequence[Task] = pickle.load(asked)
    _limit()
    try:
        answer: dict[str, Any] = {"made": {task.kind: made(task) for task in tasks}}
    except TemplateError as error:
        answer = {"name": error.name, "line": error.line, "message": error.message}
    told.write(json.dumps(answer).encode())


def _limit() -> None:
    def stop(*_: object) -> NoReturn:
        raise TimeoutError

    signal.signal(signal.SIGXCPU, stop)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 2))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def made(task: Task) -> str:
    """The rendered template. Raises TemplateError with the template's line."""
    environment = _environment(is_html=task.kind == "html")
    try:
        _refuse_unescaped(environment.parse(task.source, task.name, task.name), task.name)
        template = jinja2.Template.from_code(
            environment, environment.compile(task.source, task.name, task.name), environment.globals
        )
        return _collected(template, task)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(task.name, error.lineno, f"{error.message}.".replace("..", ".")) from None
    except TemplateError:
        raise
    except Exception as error:  # noqa: BLE001 - a template may raise anything its expressions can
        raise TemplateError(task.name, _line(error, task.name), _words(error)) from None


def _environment(*, is_html: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        autoescape=is_html, undefined=Unknown, trim_blocks=True, lstrip_blocks=True
    )
    del environment.filters["safe"]
    return environment


def _refuse_unescaped(tree: nodes.Template, name: str) -> None:
    """Names and reasons come from users of the cluster: no template may switch their escaping off."""
    for node in tree.find_all((nodes.ScopedEvalContextModifier, nodes.EvalContextModifier)):
        raise TemplateError(
            name, node.lineno, "escaping cannot be switched off; write the markup into the template itself."
        )


def _collected(template: jinja2.Template, task: Task) -> str:
    pieces, length = [], 0
    for piece in template.generate(task.values):
        length += len(piece)
        if length > LETTERS:
            raise TooLong
        pieces.append(piece)
    return "".join(pieces)


def _line(error: BaseException, name: str) -> int | None:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    return lines[-1] if lines else None


def _words(error: BaseException) -> str:
    match error:
        case TimeoutError():
            return f"it was still running after {SECONDS} s; look for a loop that does not end."
        case MemoryError():
            return "it asked for more than 1 GB of memory."
        case TooLong():
            return f"it made more than {LETTERS:,} letters."
        case RecursionError():
            return "a macro calls itself without end."
        case jinja2.UndefinedError() | SecurityError():
            return f"{str(error).rstrip('.')}."
        case _:
            return f"{type(error).__name__}: {str(error).rstrip('.')}."
