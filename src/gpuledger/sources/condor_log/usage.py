"""The table of resources at the end of 004 and 005, read by where its numbers stand.

        Partitionable Resources :       Usage   Request Allocated Assigned
               Cpus                 :        4.35         4         4
               GPUs                 :                     1         1 "GPU-e3b28da1"

Any cell may be blank, so words are no columns: a number belongs to the column whose right edge is nearest to its own.
"""

import re
from functools import lru_cache

TITLE = "Partitionable Resources :"
COLUMNS = ("Usage", "Request", "Allocated")
_WORD = re.compile(r"\S+")
_ASSIGNED = re.compile(r'"([^"]*)"')
WANTED = {
    "Cpus": "Cpus", "Disk (KB)": "Disk", "GPUs": "GPUs", "GpusMemory (MB)": "GpusMemory", "Memory (MB)": "Memory",
    "TimeExecute (s)": "TimeExecute", "TimeSlotBusy (s)": "TimeSlotBusy",
}  # fmt: skip


def usage(body: str) -> list[str]:
    """`Name=usage,request,allocated` of each row (a blank cell is ''), and `assigned=` the ids of the GPUs."""
    at = body.find(TITLE)
    if at < 0:
        return []
    begin = body.rfind("\n", 0, at) + 1
    title, *rows = body[begin:].split("\n")
    edges, told = _edges(title), []
    for row in rows:
        name, colon, cells = row.partition(":")
        if not colon:
            break
        if wanted := WANTED.get(name.strip()):
            told.append(f"{wanted}={','.join(_cells(cells, len(name) + 1, edges))}")
            if wanted == "GPUs" and (found := _ASSIGNED.search(cells)):
                told.append(f"assigned={found[1].replace(' ', '')}")
    return told


@lru_cache(maxsize=64)
def _edges(title: str) -> tuple[int, ...]:
    return tuple(title.find(name) + len(name) for name in COLUMNS)


def _cells(cells: str, offset: int, edges: tuple[int, ...]) -> list[str]:
    told = ["", "", ""]
    for found in _WORD.finditer(cells):
        word = found[0]
        if word[0] == '"':
            break
        right = offset + found.end()
        told[min(range(3), key=lambda column: abs(edges[column] - right))] = word
    return told
