"""The rows of some whole moments, folded: one row for each (moment, host, GPU).

A pool tells one GPU many times: its partitionable slot lists all its GPUs, also those that dynamic slots hold, and
backfill and interactive slots list them again. Who is who:

    row                    | is
    -----------------------+------------------------------------------------------------------------------
    `backfill` in the slot | secondary; all others are primary
    `interactive` in it    | primary; speaks for `admin_state` only where no unclaimed batch slot does
    State Claimed          | holds the GPU for a job, and says nothing of what stands over the GPU
    `slot1_3`              | dynamic: made for a job, so it does not tell what the GPU is offered for

What follows, for each side on its own (`tests/sources/gpu_state/test_truth_table.py`):

    primary rows                                | occupancy | admin_state
    --------------------------------------------+-----------+-------------------------------
    none of them (only secondary rows)          | null      | null
    Unclaimed, Matched                          | unclaimed | none
    Claimed (with or without an Unclaimed one)  | claimed   | none
    Drained                                     | unclaimed | drained
    Drained and a Claimed one                   | claimed   | drained  (it is draining its last job)
    Owner, Preempting …, likewise               | either    | owner, preempting …
    several but Claimed                         |           | the strongest of `slots.ADMIN`
    without a State                             | null      | null, unless another row has one

    secondary rows                              | backfill_occupancy
    --------------------------------------------+-------------------
    none                                        | null: not offered
    some, none of them Claimed                  | unclaimed
    one Claimed (or a primary one in Backfill)  | claimed

`is_interactive`: all slots that offer it are interactive (where only dynamic ones tell it: those).
Rows may come in any order: where several tell a value, the row whose slot's name is first does.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gpuledger.model.devices import gpu_model
from gpuledger.model.slots import ADMIN, STATES, is_dynamic, is_interactive, is_secondary, kind
from gpuledger.sources.gpu_state.coded import Coded, compact

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
MIB = 2**20


@dataclass(frozen=True)
class Slots:
    """Rows of whole moments, one a (slot, GPU); a column the file lacks is None.

    `memory_mib` is NaN where it is not known. `weight` is 1 for the first GPU of an input row and 0 for its others.
    """

    time: Numbers
    host: Coded
    gpu: Coded
    name: Coded
    state: Coded
    weight: Numbers
    projects: Coded | None = None
    model: Coded | None = None
    memory_mib: npt.NDArray[np.float64] | None = None
    user: Coded | None = None
    job: Coded | None = None
    reason: Coded | None = None


@dataclass(frozen=True)
class Folded:
    """Rows of gpu_states in the order of (time, host, gpu), and how many input rows stand behind each."""

    rows: pa.Table
    weights: Numbers


class Fold:
    """Rows of some whole moments on their way to cells: a cell is one GPU at one moment."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        moments, moment = np.unique(slots.time, return_inverse=True)
        hosts, host = slots.host.in_order()
        names, gpu = slots.gpu.in_order()
        pairs, pair = compact(host * len(names) + gpu, len(hosts) * len(names))
        cells, self._cell = compact(moment * len(pairs) + pair, len(moments) * len(pairs))
        self.count = len(cells)
        self._moment, nth = np.divmod(cells, max(1, len(pairs)))
        self._moment_count, self._time = len(moments), moments[self._moment]
        of_host, of_gpu = np.divmod(pairs[nth], max(1, len(names)))
        self._host, self._gpu = (hosts, of_host), (names, of_gpu)
        self._read_rows()

    def _read_rows(self) -> None:
        kinds = self._slots.name.mapped(lambda name: 2 * is_secondary(kind(name)) + is_interactive(kind(name)))
        self.is_primary, self.is_interactive = kinds < 2, kinds == 1
        self.is_dynamic = self._slots.name.mapped(lambda name: is_dynamic(kind(name))) == 1
        self.state = self._slots.state.mapped(lambda word: _STATE.get(word.lower(), _OTHER), missing=-1)
        self.is_claimed = self.state == _STATE["claimed"]
        self._order = np.lexsort((self._slots.name.ranks(), kinds))

    def folded(self) -> Folded:
        """The rows of gpu_states."""
        columns = {
            "time": pa.array(self._time).cast(pa.timestamp("us", "UTC")),
            "host": _words(*self._host),
            "gpu": _words(*self._gpu),
            **self._primary(), **self._secondary(), **self._device(),
            "occupant_count": pa.array(self._occupants()),
        }  # fmt: skip
        return Folded(pa.table(columns), np.bincount(self._cell, self._slots.weight, self.count).astype(np.int64))

    def first(self, which: Flags) -> Numbers:
        """For each cell the first row that is so, -1 where none is."""
        found = np.full(self.count, -1)
        rows = self._order[which[self._order]][::-1]
        found[self._cell[rows]] = rows
        return found

    def has(self, which: Flags) -> Flags:
        """Has the cell such a row?"""
        found = np.zeros(self.count, bool)
        found[self._cell[which]] = True
        return found

    def _primary(self) -> dict[str, pa.Array]:
        holder = self.first(self.is_primary & self.is_claimed)
        is_told = self.has(self.is_primary & (self.state >= 0))
        return {
            "occupancy": _words(("unclaimed", "claimed"), np.where(is_told, holder >= 0, -1)),
            "admin_state": _words(ADMIN, np.where(is_told, self._admin(), -1)),
            "primary_user": self._taken(self._slots.user, holder),
            "primary_job_id": self._taken(self._slots.job, holder),
            "is_interactive": self._interactive(),
            "owner_projects": self._owners(),
            "prevented_reason": self._reason(),
        }

    def _admin(self) -> Numbers:
        """The strongest of what the slots without a job say; interactive ones are heard where no batch slot is."""
        speaks = self.is_primary & ~self.is_claimed & (self.state >= 0)
        speaks &= ~self.is_interactive | ~self.has(speaks & ~self.is_interactive)[self._cell]
        strongest = np.zeros(self.count, np.int64)
        for state in np.unique(self.state[speaks]).tolist():
            mine = self._cell[speaks & (self.state == state)]
            strongest[mine] = np.maximum(strongest[mine], _RANK[state])
        return strongest

    def _interactive(self) -> pa.Array:
        offers = self.is_primary & ~self.is_dynamic
        offers |= self.is_primary & ~self.has(offers)[self._cell]
        return pa.array(~self.has(offers & ~self.is_interactive), mask=~self.has(self.is_primary))

    def _secondary(self) -> dict[str, pa.Array]:
        holder = self.first(~self.is_primary & self.is_claimed)
        is_own = self.has(self.is_primary & (self.state == _STATE["backfill"]))
        is_offered = self.has(~self.is_primary) | is_own
        return {
            "backfill_occupancy": _words(("unclaimed", "claimed"), np.where(is_offered, (holder >= 0) | is_own, -1)),
            "backfill_user": self._taken(self._slots.user, holder),
            "backfill_job_id": self._taken(self._slots.job, holder),
        }

    def _device(self) -> dict[str, pa.Array]:
        model, memory = self._slots.model, self._slots.memory_mib
        columns = {}
        if model is not None:
            named = model.named(lambda word: gpu_model(word).name)
            columns["gpu_model"] = self._taken(named, self.first(named.codes >= 0))
        if memory is not None:
            row = self.first(~np.isnan(memory))
            columns["gpu_memory_bytes"] = pa.array(np.where(row >= 0, memory[row] * MIB, 0), mask=row < 0)
        return columns

    def _owners(self) -> pa.Array:
        """By primary rows; where a GPU has none, by the machine's others when they agree."""
        owners = self._slots.projects
        if owners is None:
            return pa.nulls(self.count, pa.string())
        tells = self.is_primary & (owners.codes >= 0)
        row = self.first(tells)
        code = np.where(row >= 0, owners.codes[row], -1)
        place = {word: number for number, word in enumerate(owners.words)}
        for cell, several in self._differing(tells, owners.codes, code).items():
            code[cell] = place.setdefault(_joined(owners.words[each] for each in several), len(place))
        self._lend_owners(~self.has(self.is_primary), code)
        return _words(tuple(place), code)

    def _differing(self, tells: Flags, codes: Numbers, chosen: Numbers) -> dict[int, list[int]]:
        """All codes of the cells whose rows have other codes than the chosen one."""
        is_other = np.zeros(self.count, bool)
        is_other[self._cell[tells & (codes != chosen[self._cell])]] = True
        rows = self._order[(tells & is_other[self._cell])[self._order]]
        found: dict[int, list[int]] = defaultdict(list)
        for cell, code in zip(self._cell[rows].tolist(), codes[rows].tolist(), strict=True):
            found[cell].append(code)
        return found

    def _lend_owners(self, is_lone: Flags, code: Numbers) -> None:
        """GPUs without a primary slot have the owner that all others of their machine have at that moment."""
        if not is_lone.any():
            return
        place = compact(self._moment * len(self._host[0]) + self._host[1], self._moment_count * len(self._host[0]))[1]
        lent = np.full(self.count, -1)
        lent[place[~is_lone]] = code[~is_lone]
        lent[place[~is_lone & (code != lent[place])]] = -1
        code[is_lone] = lent[place[is_lone]]

    def _reason(self) -> pa.Array:
        """'' where the source tells reasons and has none for this GPU; null where it does not tell them."""
        told = self._slots.reason
        if told is None:
            return pa.nulls(self.count, pa.string())
        row = self.first(told.codes >= 0)
        return _words(("", *told.words), np.where(row >= 0, told.codes[row] + 1, 0))

    def _occupants(self) -> Numbers:
        """Different jobs that hold the GPU; a claim without a job's name is one of its own."""
        rows = np.flatnonzero(self.is_claimed)
        count = np.bincount(self._cell[rows], minlength=self.count)
        several = rows[count[self._cell[rows]] > 1]
        if len(several) and self._slots.job is not None:
            job = self._slots.job.codes[several].astype(np.int64)
            job = np.where(job >= 0, job, -1 - self._slots.name.codes[several])
            pairs = np.unique(np.stack([self._cell[several], job]), axis=1)
            cells, jobs = np.unique(pairs[0], return_counts=True)
            count[cells] = jobs
        return count

    def _taken(self, column: Coded | None, rows: Numbers) -> pa.Array:
        """The column's words at these rows, null where the row is -1."""
        if column is None:
            return pa.nulls(self.count, pa.string())
        return _words(column.words, np.where(rows >= 0, column.codes[rows], -1))


def _joined(lists: Iterable[str]) -> str:
    """All owners of several lists, each once."""
    return ", ".join(dict.fromkeys(name for owners in lists for name in owners.split(", ") if name))


_KNOWN = tuple(STATES)
_STATE = {word: number for number, word in enumerate(_KNOWN)}
_OTHER = len(_KNOWN)
_RANK = tuple(ADMIN.index(STATES[word]) for word in _KNOWN) + (ADMIN.index("other"),)


def _words(words: tuple[str, ...], codes: npt.NDArray[np.integer]) -> pa.Array:
    """Text as numbers into a list of words; a negative number is null."""
    numbers = pa.array(np.asarray(codes, np.int32), mask=np.asarray(codes) < 0)
    return pa.DictionaryArray.from_arrays(numbers, pa.array(words, pa.string()))
