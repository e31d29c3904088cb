"""The table of resources at the end of 004 and 005, read by where its numbers stand.

        Partitionable Resources :       Usage   Request Allocated Assigned
               Cpus                 :        4.35         4         4
               GPUs                 :                     1         1 "GPU-e3b28da1"

Any cell may be blank, so words are no columns: a number belongs to the column whose right edge is nearest to its own.
"""

from functools import lru_cache

TITLE = "Partitionable Resources :"
COLUMNS = ("Usage", "Request", "Allocated")
WANTED = {
    "Cpus": "Cpus", "Disk (KB)": "Disk", "GPUs": "GPUs", "GpusMemory (MB)": "GpusMemory", "Memory (MB)": "Memory",
    "TimeExecute (s)": "TimeExecute", "TimeSlotBusy (s)": "TimeSlotBusy",
}  # fmt: skip


def usage(body: str) -> list[str]:
    """`Name=usage,request,allocated` of each row (a blank cell is ''), and `assigned=` the ids of the GPUs."""
    at = body.find(TITLE)
    if at < 0:
        return []
    title, *rows = body[body.rfind("\n", 0, at) + 1 :].split("\n")
    limits, told = _limits(title), []
    for row in rows:
        name, colon, cells = row.partition(":")
        if not colon:
            break
        if wanted := WANTED.get(name.strip()):
            numbers, _, assigned = cells.partition('"')
            told.append(f"{wanted}={','.join(_cells(numbers, len(name) + 1, limits))}")
            if wanted == "GPUs" and assigned:
                told.append(f"assigned={''.join(assigned.partition(chr(34))[0].split())}")
    return told


@lru_cache(maxsize=64)
def _limits(title: str) -> tuple[float, float]:
    """Where a number's right end belongs to Usage no more, and to Request no more: half way between the edges."""
    usage, request, allocated = (title.find(name) + len(name) for name in COLUMNS)
    return (usage + request) / 2, (request + allocated) / 2


def _cells(numbers: str, offset: int, limits: tuple[float, float]) -> list[str]:
    if "," in numbers:
        numbers = numbers.replace(",", " ")
    words = numbers.split()
    if len(words) == len(COLUMNS):
        return words
    told, right = ["", "", ""], 0
    for word in words:
        right = numbers.index(word, right) + len(word)
        told[(offset + right > limits[0]) + (offset + right > limits[1])] = word
    return told
