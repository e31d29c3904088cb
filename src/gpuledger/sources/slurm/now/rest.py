"""slurmrestd in place of the commands: on this machine, or over https. The token is read from a file at each poll."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gpuledger.model.errors import SourceError
from gpuledger.sources.slurm.json_jobs import text, tres_text
from gpuledger.sources.slurm.now.limits import Association
from gpuledger.sources.slurm.now.poll import Part, Record
from gpuledger.sources.slurm.now.queue import kept

if TYPE_CHECKING:
    from gpuledger.sources.slurm import Slurm

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Rest:
    """Implements `ask.Way`."""

    def __init__(self, source: "Slurm") -> None:
        self._source = source
        self._place = source.rest or ""
        self._cluster = ""
        self.asked = f"slurmrestd {source.rest_version}"

    def parts(self) -> tuple[Part, ...]:
        return ("queue", "nodes", "limits")

    def cluster(self) -> str:
        """As answers name it since Slurm 23.02; before, as the jobs or the configuration do, or the only one there is."""
        return self._cluster or self._source.cluster or self._only_cluster()

    def jobs(self) -> list[Record]:
        jobs = _records(self._told("slurm", "jobs"), "jobs")
        self._cluster = self._cluster or next((str(job["cluster"]) for job in jobs if job.get("cluster")), "")
        return [found for job in jobs if (found := kept(job))]

    def nodes(self) -> list[Record | str]:
        return [*_records(self._told("slurm", "nodes"), "nodes")]

    def qos(self) -> list[str]:
        return [_of_qos(one) for one in _records(self._told("slurmdb", "qos"), "qos")]

    def associations(self) -> list[Association]:
        told, cluster = _records(self._told("slurmdb", "associations"), "associations"), self.cluster()
        ours = (one for one in told if not one.get("partition") and cluster in ("", one.get("cluster")))
        return [_of_association(one) for one in ours]

    def _only_cluster(self) -> str:
        names = [str(one.get("name") or "") for one in _records(self._told("slurmdb", "clusters"), "clusters")]
        return names[0] if len(names) == 1 else ""

    def _told(self, kind: str, name: str) -> Mapping[str, Any]:
        import httpx

        address, transport = self._reached()
        headers = {**self._token(), "Accept": "application/json"}
        url = f"{address}/{kind}/{self._source.rest_version}/{name}"
        try:
            with httpx.Client(transport=transport, timeout=self._source.timeout_seconds, trust_env=False) as client:
                answer = client.get(url, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise SourceError(
                f"slurmrestd at {self._place} did not answer ({type(error).__name__}); is it up?"
            ) from None
        if answer.status_code != HTTPStatus.OK:
            why = self._why(answer.status_code) or _first_error(_json(answer.content))
            raise SourceError(f"slurmrestd answered {name} with status {answer.status_code}{why}.")
        return self._read(answer.content, name)

    def _read(self, content: bytes, name: str) -> Mapping[str, Any]:
        """Slurm 22.05 writes some names in capitals."""
        told = _json(content)
        if told is None:
            raise SourceError(f"slurmrestd's answer to {name} is no JSON; is {self._place} slurmrestd?")
        told = {key.lower(): value for key, value in told.items()} if isinstance(told, dict) else {}
        if name not in told:
            raise SourceError(f"slurmrestd's answer to {name} holds none{_first_error(told)}.")
        self._cluster = self._cluster or str(_at(told, "meta", "slurm", "cluster") or "")
        return told

    def _why(self, status: int) -> str:
        if status == HTTPStatus.NOT_FOUND:
            return f": does it speak {self._source.rest_version}? `slurmrestd -s list` tells; set `rest_version`"
        if status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return ""
        return ": the token is wrong or has expired" + ("" if self._source.rest_user else ", or `rest_user` is not set")

    def _reached(self) -> tuple[str, Any]:
        """Address and transport. Raises SourceError where a token would cross a network in the open."""
        import httpx

        parts = urlsplit(self._place)
        if parts.scheme == "unix":
            if not Path(parts.path).is_socket():
                raise SourceError(f"There is no socket {parts.path}; is slurmrestd up?")
            return "http://localhost", httpx.HTTPTransport(uds=parts.path)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceError(
                f"rest = {self._place!r} is no address; write http://127.0.0.1:6820 or unix:/run/slurmrestd.sock."
            )
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise SourceError(
                f"rest = {self._place!r} would send the token in the open; use https, or slurmrestd on this machine."
            )
        return self._place.rstrip("/"), None

    def _token(self) -> dict[str, str]:
        if self._source.token is None:
            return {}
        try:
            token = self._source.token.read_text(encoding="ascii").strip().removeprefix("SLURM_JWT=")
        except (OSError, UnicodeError):
            raise SourceError(
                f"The token in {self._source.token} cannot be read; write it with `scontrol token`."
            ) from None
        user = {"X-SLURM-USER-NAME": self._source.rest_user} if self._source.rest_user else {}
        return {"X-SLURM-USER-TOKEN": token, **user}


def _json(content: bytes) -> Any:
    """None for what is none."""
    import json

    try:
        return json.loads(content)
    except ValueError:
        return None


def _records(told: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in told.get(name) or [] if isinstance(one, dict)]


def _of_qos(one: Record) -> str:
    """As sacctmgr writes it."""
    most, running = _at(one, "limits", "max"), _at(one, "limits", "max", "jobs", "active_jobs", "per")
    pairs = [
        (_at(most, "tres", "total"), _at(most, "active_jobs", "count")),
        (_at(most, "tres", "per", "user"), _at(running, "user")),
        (_at(most, "tres", "per", "account"), _at(running, "account")),
    ]
    return "|".join([str(one.get("name") or ""), *(word for tres, jobs in pairs for word in (_tres(tres), text(jobs)))])


def _of_association(one: Record) -> Association:
    most = _at(one, "max")
    return Association(
        str(one.get("account") or ""), str(one.get("user") or ""), _tres(_at(most, "tres", "total")),
        text(_at(most, "jobs", "per", "count")), text(_at(most, "jobs", "active")),
    )  # fmt: skip


def _tres(items: Any) -> str:
    """A list of TRES as sacctmgr writes it; "?" for what is none."""
    try:
        return tres_text(items, "M")
    except (TypeError, KeyError, AttributeError):
        return "?"


def _at(told: Any, *path: str) -> Any:
    for name in path:
        told = told.get(name) if isinstance(told, dict) else None
    return told


def _first_error(told: Any) -> str:
    errors = told.get("errors") if isinstance(told, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    said = first.get("description") or first.get("error")
    return f": {said}" if said else ""
