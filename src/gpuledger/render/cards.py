"""What the cards of a row have in common: said once under them."""

from dataclasses import replace

from gpuledger.model.document import Number, Numbers


def told_once(block: Numbers) -> tuple[Numbers, str]:
    """The cards without what all of their changes are against, and that in a sentence; as they are where it differs."""
    against = [item.comparison.label for item in block.items if item.comparison]
    if len(against) < 2 or len(set(against)) != 1 or not against[0]:
        return block, ""
    return replace(block, items=tuple(map(_bare, block.items))), f"Changes {against[0]}."


def _bare(item: Number) -> Number:
    return replace(item, comparison=replace(item.comparison, label="")) if item.comparison else item
