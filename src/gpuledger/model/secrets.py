"""Takes secrets out of text before anybody keeps it: environments, named keys, and what is shaped like a key."""

import re
from collections.abc import Iterator

REMOVED = b"[removed]"

_SIGNS = (
    b"env", b"key", b"secret", b"token", b"passw", b"passphrase", b"credential", b"bearer ", b"://",
    b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"glpat-", b"hf_", b"sk-", b"xox", b"akia", b"eyj", b"wandb_v",
)  # fmt: skip
"""Only lines that hold one of these (in small letters) are looked at: what makes this as fast as reading."""

_NAMED = (
    rb"[\w.+-]{0,64}(?:api[_-]?key|access[_-]?key|private[_-]?key|secret|token|passw(?:or)?d|passphrase|credential)s?"
    rb"[\w-]{0,64}"
)
_QUOTED = rb'"(?!\[removed\])((?:\\\r?\n|\\.|""|[^"\\\n])++)(?:"|\\?$)'
"""A text in quotes; it may go on after a backslash at a line's end, and lack its closing quote where a line is cut."""

_RULES: tuple[tuple[re.Pattern[bytes], bytes], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), replacement)
    for pattern, replacement in (
        # a whole environment, as ClassAd, submit text or JSON
        (rb'((?:^|[{,])[ \t]*"?(?:\+|MY\.)?(?:[\w.]{0,64}env(?:ironment)?|getenv)"?[ \t]*[=:][ \t]*)' + _QUOTED, rb'\1"[removed]'),
        (rb"^([ \t]*(?:\+|MY\.)?(?:environment|env|getenv)[ \t]*=[ \t]*)(?![\s\"\[]|true\b|false\b)((?:\\\r?\n|[^\n\r])+)", rb"\1[removed]"),
        # an environment among a DAG's VARS, or set for DAGMan itself
        (rb'((?:[ \t](?:\+|MY\.)?[\w.]{0,64}env(?:ironment)?[ \t]*=[ \t]*))' + _QUOTED, rb'\1"[removed]'),
        (rb"^([ \t]*ENV[ \t]+SET[ \t]+)(?!\[removed\])()((?:\\\r?\n|[^\n\r])+)", rb"\1[removed]"),
        # NAME_OF_A_KEY=value, name: "value", --token value
        (rb"\b(" + _NAMED + rb'"?[ \t]*[=:][ \t]*\\?)"(?!\[removed\])()(?:\\[^"]|[^"\\\n])+"?', rb'\1"[removed]'),
        (rb"\b(" + _NAMED + rb"=)(?![\[\"\s]|true\b|false\b|undefined\b)()[^\s\"',;&\\]+", rb"\1[removed]"),
        (rb"\b([\w.-]{0,64}key[\"']?[ \t]*[=:][ \t]*[\"']?)()(?!\[removed\])[\w+/=-]{20,}", rb"\1[removed]"),
        (rb"(--?[\w-]{0,64}(?:api-?key|token|secret|password)[ =])(?!\[removed\])()[^\s\"']+", rb"\1[removed]"),
        # shapes: of GitHub, GitLab, Hugging Face, OpenAI, Slack, Weights & Biases, AWS, JWT; who logs in within an address
        (rb"\b()()(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|hf_\w{16,}|sk-[\w-]{16,}|xox[abprs]-[\w-]{10,}|wandb_v\d+_\w{16,}|AKIA[0-9A-Z]{16})", REMOVED),
        (rb"\b()()eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}", REMOVED),
        (rb"(\bbearer )()(?!\[removed\])[\w.~+/=-]{8,}", rb"\1[removed]"),
        (rb"(\b[a-z][a-z0-9+.-]{1,20}://)()[^\s/@:\"']{1,256}:(?!\[removed\])[^\s/@\"']{1,256}@", rb"\1user:[removed]@"),
    )
)  # fmt: skip
"""Group 1 stays; group 2 is told so that the line ends within it stay too."""


def without_secrets(content: bytes) -> bytes:
    """The text with secrets replaced by `[removed]`; lines stay lines, quotes stay closed, done twice changes nothing.

    It is text of ClassAds, submit descriptions, DAGs, logs or JSON. Numbers and paths that belong to no secret stay.
    """
    parts, done = [], 0
    for start, end in _suspect(content):
        parts += [content[done:start], _cleaned(content[start:end])]
        done = end
    return b"".join([*parts, content[done:]]) if parts else content


def without_secret(text: str) -> str:
    """The same of one text, e.g. a reason that quotes a command line."""
    return without_secrets(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def _suspect(content: bytes) -> Iterator[tuple[int, int]]:
    """Stretches of whole lines that hold a sign, with the lines a backslash joins to them, in order."""
    small, starts = content.lower(), set()
    for sign in _SIGNS:
        at = small.find(sign)
        while at >= 0:
            starts.add(content.rfind(b"\n", 0, at) + 1)
            end = content.find(b"\n", at)
            at = small.find(sign, end) if end >= 0 else -1
    done = 0
    for start in sorted(starts):
        if start >= done:
            done = _end(content, start)
            yield start, done


def _end(content: bytes, start: int) -> int:
    """Where the line that begins at `start` ends, with those that a backslash at its end joins to it."""
    end = content.find(b"\n", start)
    while end >= 0 and content[start:end].rstrip(b"\r").endswith(b"\\"):
        start, end = end + 1, content.find(b"\n", end + 1)
    return len(content) if end < 0 else end


def _cleaned(lines: bytes) -> bytes:
    for rule, replacement in _RULES:
        lines = rule.sub(lambda match, text=replacement: _replaced(match, text), lines)  # type: ignore[misc]
    return lines


def _replaced(match: re.Match[bytes], replacement: bytes) -> bytes:
    """The replacement with the line ends of what it stands for, and its quote closed again."""
    text = match.expand(replacement)
    inside = b"\\\n" * match[0].count(b"\n", len(match[1]))
    return text + inside + (b'"' if text.endswith(b'"[removed]') else b"")
