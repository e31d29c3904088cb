"""What to do better: rules, each with its evidence and size. A rule speaks only where enough attempts bear it out."""

from collections.abc import Callable, Iterator, Mapping

from gpuledger.model.document import Note
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.advice import losses, places, sizes
from gpuledger.reports._experiment.scene import Scene

Rule = Callable[[Scene], Iterator[Note]]

RULES: Mapping[str, Rule] = {
    "memory": sizes.memory,
    "disk": sizes.disk,
    "disk quota": losses.quota,
    "over-requested memory": sizes.spare_memory,
    "over-requested CPU": sizes.spare_cpus,
    "idle GPUs": sizes.idle_gpus,
    "time limits": losses.time_limits,
    "hung attempts": losses.hung,
    "checkpoint interval": losses.checkpoints,
    "failing transfers": losses.transfers,
    "command not found": losses.not_found,
    "eviction-prone sites": places.evictions,
    "slow transfers": places.slow_transfers,
    "failing resources": places.resources,
    "failing hosts": places.hosts,
    "failing GPUs": places.gpus,
    "time to epoch": places.best_site,
}
"""Every rule by the name its notes carry."""


def notes(scene: Scene) -> tuple[Note, ...]:
    """What the rules say, in the order of the rules; one note where none speaks."""
    said = tuple(note for rule in RULES.values() for note in rule(scene))
    return said or (_silence(scene),)


def _silence(scene: Scene) -> Note:
    """Why no rule speaks: nothing to change, or too little is told."""
    whole, said = scene.whole, f"None of {len(RULES)} rules found anything to change"
    if whole.untold:
        of = f"{words.count(whole.untold)} of {words.plural(whole.told + whole.untold, 'attempt')}"
        return Note(
            "no-advice",
            "info",
            "recommendations",
            f"{said}, but of {of} nobody knows how it ended: what they lost no rule can see.",
        )
    return Note("no-advice", "ok", "recommendations", f"{said}.")
