"""One DAG and what stands beside it as one input: an uncompressed tar, the same bytes for the same files, no secrets.

Where DAGMan's own log or its beginning is not there, its copy of the event log says which job was a try of which node: of each event
the lines that tell so.
"""

import io
import re
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO, cast

from gpuledger.model import hashed_names as names
from gpuledger.model.errors import SourceError
from gpuledger.model.secrets import without_secrets
from gpuledger.sources import Fetched, matching
from gpuledger.sources.dagman.graph import Graph
from gpuledger.sources.dagman.kinds import FOLDER, Kind, kind_of

IN_MEMORY = 2**24
BLOCK = 2**23
LARGEST_DAG = 2**28
HEAD = 2**16
ACCESS_POINT = ".submitted"
"""Member that holds the first submit event of a log of the DAG: it names the access point."""
NODES_LOG = ".nodes.log"
_TOLD = re.compile(
    rb"^(?:(?:000|001|004|005|009|012|013) \(|[ \t]+(?:DAG Node: |\[.*DAGNodeName|\([01]\) \w+ termination \()).*$",
    re.M,
)
BEGINS = b"STARTING UP"
"""Words in the first lines of a dagman.out whose beginning was not cut off."""
_EVENT = re.compile(rb"^000 \(.*?^\.\.\.", re.M | re.S)


def gathered(patterns: str | Sequence[str], now: datetime) -> Iterator[Fetched]:
    """Every DAG that matches, and every SUBDAG of these, each once. Raises SourceError where a pattern matches none."""
    waiting = matching("dagman", patterns)
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop(0)
        if path.resolve() in seen:
            continue
        seen.add(path.resolve())
        fetched, subdags = _gather(path, now)
        with fetched.content:
            yield fetched
        waiting += [path.parent / name for name in subdags if (path.parent / name).is_file()]


def gather(path: Path, now: datetime) -> Fetched:
    """One DAG with what stands beside it. Raises SourceError when it cannot be read."""
    return _gather(path, now)[0]


def members(raw: BinaryIO) -> Iterator[tuple[str, IO[bytes]]]:
    """(name, bytes) of each file of a bundle, in its order. Raises tarfile.TarError for one that is damaged."""
    with tarfile.open(fileobj=raw, mode="r|") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name.removeprefix(FOLDER), content


def hashed(content: BinaryIO, salt: bytes) -> Iterator[bytes]:
    """A bundle, or one file, with users, hosts and addresses under pseudonyms."""
    head = content.read(BLOCK)
    if kind_of(head[:1024]) is not Kind.BUNDLE:
        if content.seekable():
            content.seek(0)
        else:
            yield names.hashed(head + content.readline(BLOCK), salt)
        yield from names.hashed_blocks(content, salt)
        return
    content.seek(0)
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name, told in members(content):
                _add(tar, name, io.BytesIO(b"".join(names.hashed_blocks(io.BytesIO(told.read()), salt))))
        packed.seek(0)
        while block := packed.read(BLOCK):
            yield block


def _gather(path: Path, now: datetime) -> tuple[Fetched, list[str]]:
    texts = _Texts(path.parent)
    if path.name not in texts:
        raise SourceError(f"{path} cannot be read.")
    graph = Graph(texts)
    graph.survey(path.name)
    packed = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the reader closes it
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, text in texts.items():
            _add(tar, name, io.BytesIO(without_secrets(text.encode("utf-8", "surrogateescape"))))
        if event := _first_submit(path):
            _add(tar, path.name + ACCESS_POINT, io.BytesIO(event))
        for beside in _beside(path):
            with beside.open("rb") as content, tempfile.SpooledTemporaryFile(IN_MEMORY) as clean:
                (_told if beside.name.endswith(NODES_LOG) else _clean)(content, cast("BinaryIO", clean))
                _add(tar, beside.name, cast("BinaryIO", clean))
    packed.seek(0)
    return Fetched(cast("BinaryIO", packed), str(path), None, now), graph.subdags


class _Texts(dict[str, str]):
    """The files of a DAG by name, read from their folder when first asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self._read(str(name))

    def _read(self, name: str) -> bool:
        path = self._folder / name
        try:
            if not path.is_file() or path.stat().st_size > LARGEST_DAG:
                return False
            self[name] = path.read_bytes().decode("utf-8", "surrogateescape")
        except OSError:
            return False
        return True


def _beside(dag: Path) -> Iterator[Path]:
    """Metrics, rescue files in order, then what DAGMan wrote: its log, the older part first, and its nodes' log where that
    is not there or its beginning is not.
    """
    metrics = dag.with_name(dag.name + ".metrics")
    rescues = sorted(dag.parent.glob(_literal(dag.name) + ".rescue[0-9]*"))
    named = [dag.with_name(f"{dag.name}.dagman.out{end}") for end in (".old", "")]
    outs = [path for path in named if path.is_file()]
    nodes = [] if outs and _is_whole(outs[0]) else [dag.with_name(dag.name + NODES_LOG)]
    yield from (path for path in [metrics, *rescues, *nodes, *outs] if path.is_file())


def _is_whole(out: Path) -> bool:
    with out.open("rb") as content:
        return BEGINS in content.read(HEAD)


def _literal(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)


def _first_submit(dag: Path) -> bytes:
    """The first submit event of DAGMan's own log or of its nodes' log, '' when there is none."""
    for end in (".dagman.log", NODES_LOG):
        path = dag.with_name(dag.name + end)
        if path.is_file():
            with path.open("rb") as content:
                if found := _EVENT.search(content.read(HEAD).replace(b"\r", b"")):
                    return found[0] + b"\n"
    return b""


def _clean(content: BinaryIO, clean: BinaryIO) -> None:
    while block := content.read(BLOCK):
        clean.write(without_secrets(block + content.readline(BLOCK)))


def _told(content: BinaryIO, told: BinaryIO) -> None:
    """Of an event log the first lines of its events, names of nodes and results."""
    while block := content.read(BLOCK):
        lines = _TOLD.findall((block + content.readline(BLOCK)).replace(b"\r", b""))
        told.write(without_secrets(b"".join(line + b"\n" for line in lines)))


def _add(tar: tarfile.TarFile, name: str, content: BinaryIO) -> None:
    """Without owner and times, so that the same files are the same bytes."""
    told = tarfile.TarInfo(FOLDER + name)
    told.size = content.seek(0, io.SEEK_END)
    content.seek(0)
    tar.addfile(told, content)
