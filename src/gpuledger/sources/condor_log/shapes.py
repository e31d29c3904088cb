"""How an undamaged event reads: where a piece of a log is gone, what stood before and behind it looks like one event.

Only what is the same in every version of HTCondor is asked for; what is free text, or of a code not named here, is whole.
"""

import re

_ADDRESS = r"(?:<[^<>\n]*+>|[^<\n]*+) *+"
_TIME = r"\d++ \d++:\d\d:\d\d"
_USAGE = (
    r"\t\([01]\) (?:CPU times|Job was (?:not )?checkpointed\.?|Job terminated and was requeued|No core file|Corefile in: [^\n]*+"
    r"|Normal termination \(return value -?\d++\)|Abnormal termination \(signal -?\d++\))",
    rf"\t\tUsr {_TIME}, Sys {_TIME}  -  (?:Run|Total) (?:Remote|Local) Usage",
    r"\t-?\d++  -  (?:Run|Total) Bytes (?:Sent|Received) By (?:Job|Node)",
    r"\tReason: [^\n]*+",
    r"\t(?!Usr |Partitionable )[A-Z][a-z]++ \w[^\n]*+",
    r"\tPartitionable Resources : ++Usage ++Request(?: ++Allocated)?(?: ++Assigned)? *+",
    r"\t   [^:\n\"]++:(?:[-+\d., eE]|undefined)*+(?:\"[^\"\n]*+\" *+)?",
)
"""Lines of 004 and 005."""
_NOTE = r" {4}(?!DAG Node: )[^\n]++"
"""A line of the user's own."""
_ENDED = rf"(?:\n(?:{'|'.join((*_USAGE, _NOTE))})?+)*+"


def _all(first: str, *lines: str) -> re.Pattern[str]:
    """An event of this first line and any number of these others; an empty line may be among them."""
    return re.compile(rf"{first}(?:\n(?:{'|'.join((*lines, _NOTE))})?+)*+")


_FREE = r"(?!\t(?:SlotName: |(?:AvailableGPUs|CondorScratchDir|Cpus|Disk|GPUs|Memory) = ))[^\n]++"
"""A sentence, and nothing that only a 001 tells."""
WHOLE = {
    "000": _all(
        f"Job submitted from host: {_ADDRESS}", r" ++DAG Node: \S++ *+", r"(?! *DAG Node: |\t)[^\n]++"
    ),
    "001": _all(
        f"Job executing on host: {_ADDRESS}", r"\t\w++ = (?:\[[^\n]++(?<=\])|\{[^\n]++(?<=\})|\"[^\n]++(?<=\")|(?![\[{\"])[^\n]*+)",
        r"\tSlotName: [^\n]*+",
    ),
    "004": re.compile(rf"Job was evicted\.(?: Code \d++ Subcode \d++)? *+{_ENDED}"),
    "005": re.compile(rf"Job terminated\. *+(?=[^\0]*?\n\t\([01]\) (?:Nor|Abnor)mal termination){_ENDED}"),
    "006": _all(r"Image size of job updated: -?\d++ *+", r"\t-?\d++  -  \w++ of job \(\w++\) *+"),
    "009": _all(r"Job was aborted(?: by the user)?\. *+", _FREE),
    "012": _all(r"Job was held\. *+", _FREE),
    "013": _all(r"Job was released\. *+", _FREE),
    "021": _all(r"(?:Error|Message) from [^\n]*+", _FREE),
    "022": _all(r"Job disconnected, [^\n]*+", _FREE),
    "023": _all(r"Job reconnected to [^\n]*+", _FREE),
    "024": _all(r"Job reconnection failed *+", _FREE),
    "040": _all(
        r"(?:(?:Started|Finished) transferring|Entered queue to transfer) (?:in|out)put files *+",
        rf"\tTransferring (?:to|from) host: {_ADDRESS}", r"\t(?!Transferring )[^\n]++",
    ),
}  # fmt: skip
"""What the text behind an event's header matches as a whole, by code."""
