"""What a DAG declares: its nodes with variables, retries and targets, from all the files it is made of."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import join, normpath
from typing import NamedTuple

from gpuledger.model.problems import Problem
from gpuledger.sources.dagman.commands import Command, Unclosed, commands, variables
from gpuledger.sources.dagman.kinds import COMMANDS

ALL = "ALL_NODES"
DEEPEST = 20
MOST_NODES = 2_000_000
LONGEST_ROW = 2_000
LONGEST_NUMBER = 18
"""Digits that 64 bits always hold."""
_TARGET = re.compile(
    r'(?:\+|MY\.)TargetAnnexName\s*=\s*"([^"$]+)"|GLIDEIN_ResourceName\s*==\s*"([^"$]+)"|\+DESIRED_Sites\s*=\s*"([^",$]+)"',
    re.I,
)
NAMING = ("INCLUDE", "SPLICE", "SUBDAG")
"""Commands that name another file of the DAG."""
_NAMES_FILE = re.compile(rf"\s*(?:{'|'.join(NAMING)})\s", re.I)
_ANNEX = re.compile(r"[-_]annex$", re.I)


@dataclass
class Node:
    """One node as declared. `variables` are its VARS, `description` the lines of its inline submit description."""

    name: str
    kind: str
    submit: str = ""
    is_done: bool = False
    is_noop: bool = False
    retry_limit: int | None = None
    variables: dict[str, str] = field(default_factory=dict)
    description: Sequence[str] = ()

    @property
    def is_counted(self) -> bool:
        """Is it one of the nodes DAGMan counts? Service and provisioner nodes are counted apart."""
        return self.kind not in ("service", "provisioner")

    def target(self, variable: str) -> str | None:
        """The resource it asks for: its variable, else what its submit description names literally."""
        if told := self.variables.get(variable):
            return told
        found = next((match for line in self.description if (match := _TARGET.search(line))), None)
        return _ANNEX.sub("", next(group for group in found.groups() if group)) if found else None


class Place(NamedTuple):
    """Where a command stands: its file, the prefix of the splice it is in, its folder, and the files around it."""

    file: str
    prefix: str = ""
    folder: str = ""
    around: tuple[str, ...] = ()


@dataclass
class Graph:
    """Grows file by file. `files` are the texts by name, relative to the DAG."""

    files: Mapping[str, str]
    nodes: dict[str, Node] = field(default_factory=dict)
    subdags: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Files that it names and that are not there."""
    edge_count: int = 0
    is_survey: bool = False
    _descriptions: dict[str, Sequence[str]] = field(default_factory=dict)
    _later: list[tuple[Command, Place]] = field(default_factory=list)

    def read(self, name: str) -> None:
        """The DAG itself and all that it includes; then what its commands say about its nodes."""
        self._read(Place(name, around=(name,)))
        for command, place in self._later:
            SETTINGS[command.words[0]](self, command, place)
        for node in self.nodes.values():
            node.description = node.description or self._descriptions.get(node.submit, ())

    def survey(self, name: str) -> None:
        """Only which files the DAG is made of (`files` has them then) and which DAGs its nodes are."""
        self.is_survey = True
        self._read(Place(name, around=(name,)))

    def complain(self, command: Command, place: Place, reason: str) -> None:
        self.problems.append(Problem(command.line, reason, f"{place.file}: {command.text}"[:LONGEST_ROW]))

    def _read(self, place: Place) -> None:
        try:
            lines = self.files[place.file].splitlines()
            if self.is_survey and not any(line.endswith("\\") for line in lines):
                lines = [line for line in lines if _NAMES_FILE.match(line)]
            for command in commands(lines):
                self._take(command, place)
        except Unclosed as unclosed:
            self.complain(Command(unclosed.line, (), unclosed.text), place, str(unclosed))

    def _take(self, command: Command, place: Place) -> None:
        word = command.words[0]
        if self.is_survey and word not in NAMING:
            return
        if word in SETTINGS:
            self._later.append((command, place))
        elif word in DECLARATIONS:
            DECLARATIONS[word](self, command, place)
        elif word not in COMMANDS:
            self.complain(command, place, "the line begins with no command of DAGMan")

    def declare(self, command: Command, place: Place) -> None:
        kind, words = _kind(command.words)
        if len(words) < (1 if command.block is not None else 2):
            return self.complain(command, place, "a node needs a name and a submit description")
        name = place.prefix + words[0]
        if name in self.nodes:
            return self.complain(command, place, "a node of this name is declared already; the first one holds")
        if len(self.nodes) >= MOST_NODES:
            return self.complain(command, place, f"the DAG has more than {MOST_NODES:,} nodes; this one was left out")
        options = [word.upper() for word in words[2:]]
        self.nodes[name] = Node(
            name, kind, words[1] if len(words) > 1 else "", "DONE" in options, "NOOP" in options,
            description=command.block or (),
        )  # fmt: skip
        if kind == "subdag":
            folder = words[2 + options.index("DIR") + 1] if "DIR" in options[:-1] else ""
            self._subdag(command, place, normpath(join(place.folder, folder, words[1])))
        return None

    def _subdag(self, command: Command, place: Place, file: str) -> None:
        self.subdags.append(file)
        if file not in self.files:
            self.missing.append(file)
            self.complain(command, place, f"its DAG {file} is not there; what became of its nodes is not known")

    def describe(self, command: Command, place: Place) -> None:
        if len(command.words) < 2 or command.block is None:
            return self.complain(command, place, "a SUBMIT-DESCRIPTION needs a name and a text in braces")
        self._descriptions[command.words[1]] = command.block
        return None

    def include(self, command: Command, place: Place) -> None:
        self._other(command, place, command.words[1:2], place.prefix, place.folder)

    def splice(self, command: Command, place: Place) -> None:
        words = command.words
        folder = join(place.folder, words[4]) if len(words) > 4 and words[3].upper() == "DIR" else place.folder
        self._other(command, place, words[2:3], f"{place.prefix}{words[1]}+" if len(words) > 1 else "", folder)

    def _other(self, command: Command, place: Place, named: Sequence[str], prefix: str, folder: str) -> None:
        """Reads another file of the DAG where it is named."""
        file = normpath(join(folder, named[0])) if named else ""
        if not named:
            self.complain(command, place, "it names no file")
        elif file not in self.files:
            self.missing.append(file)
            self.complain(command, place, f"{file} is not there; its nodes are missing, the rest was read")
        elif file in place.around or len(place.around) >= DEEPEST:
            self.complain(command, place, "the file includes itself; it was read once")
        else:
            self._read(Place(file, prefix, folder, (*place.around, file)))

    def named(self, command: Command, place: Place, at: int) -> Iterator[Node]:
        """The nodes a command is about. ALL_NODES are all but final, service and provisioner ones."""
        words = command.words
        if len(words) <= at:
            return self.complain(command, place, "it names no node")
        name = place.prefix + words[at]
        if words[at].upper() == ALL:
            yield from (
                node
                for node in self.nodes.values()
                if node.kind in ("job", "subdag") and node.name.startswith(place.prefix)
            )
        elif name in self.nodes:
            yield self.nodes[name]
        else:
            self.complain(command, place, "it names a node that the DAG does not declare")
        return None

    def retry(self, command: Command, place: Place) -> None:
        words = command.words
        if len(words) < 3 or not words[2].isdecimal() or len(words[2]) > LONGEST_NUMBER:
            return self.complain(command, place, "RETRY needs a node and a whole number")
        for node in self.named(command, place, 1):
            node.retry_limit = int(words[2])
        return None

    def set_variables(self, command: Command, place: Place) -> None:
        told = variables(command.text)
        if not told:
            return self.complain(command, place, 'VARS needs pairs name="value"')
        for node in self.named(command, place, 1):
            node.variables |= told
        return None

    def done(self, command: Command, place: Place) -> None:
        for node in self.named(command, place, 1):
            node.is_done = True

    def script(self, command: Command, place: Place) -> None:
        """Names a node after PRE, POST or HOLD; DEFER and DEBUG with two words each may stand before."""
        words = [word.upper() for word in command.words]
        at = next((i for i, word in enumerate(words) if word in ("PRE", "POST", "HOLD")), 0)
        if at in (1, 4, 7):
            list(self.named(command, place, at + 1))
        else:
            self.complain(command, place, "a SCRIPT is PRE, POST or HOLD of a node")

    def relate(self, command: Command, place: Place) -> None:
        words = [word.upper() for word in command.words]
        at = words.index("CHILD") if "CHILD" in words else 0
        if at < 2 or at == len(words) - 1:
            return self.complain(command, place, "PARENT needs nodes before and after CHILD")
        self.edge_count += (at - 1) * (len(words) - at - 1)
        unknown = [word for word in (*command.words[1:at], *command.words[at + 1 :]) if not self._is_known(place, word)]
        if unknown:
            self.complain(command, place, "it names a node that the DAG does not declare")
        return None

    def _is_known(self, place: Place, word: str) -> bool:
        """A node, or a splice as a whole."""
        return place.prefix + word in self.nodes or place.prefix + word in self._splices

    @property
    def _splices(self) -> frozenset[str]:
        if self._spliced is None:
            names = [name.split("+")[:-1] for name in self.nodes if "+" in name]
            self._spliced = frozenset("+".join(parts[:n]) for parts in names for n in range(1, len(parts) + 1))
        return self._spliced

    _spliced: frozenset[str] | None = None


def _kind(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Kind of node, and the words from its name on."""
    if words[0] == "SUBDAG":
        return "subdag", words[2:]
    return {"JOB": "job", "NODE": "job", "DATA": "job"}.get(words[0], words[0].lower()), words[1:]


Step = Callable[[Graph, Command, Place], None]
DECLARATIONS: Mapping[str, Step] = {
    **dict.fromkeys(("JOB", "NODE", "DATA", "SUBDAG", "FINAL", "PROVISIONER", "SERVICE"), Graph.declare),
    "SUBMIT-DESCRIPTION": Graph.describe,
    "INCLUDE": Graph.include,
    "SPLICE": Graph.splice,
}
SETTINGS: Mapping[str, Step] = {
    "RETRY": Graph.retry,
    "VARS": Graph.set_variables,
    "DONE": Graph.done,
    "SCRIPT": Graph.script,
    "PARENT": Graph.relate,
}
"""What is settled once every node is known: a DAG may speak of a node before it declares it."""
