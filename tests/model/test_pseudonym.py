"""Pseudonyms: one a name, the same everywhere, and no name left in any text of a document."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuledger.metrics import NOT_KNOWN
from gpuledger.model.chart import Axis, Bar, Bars, Chart, Lines, Series, Span, Spans
from gpuledger.model.document import Column, Coverage, Document, Note, Number, Numbers, Section, Table, Text
from gpuledger.model.period import Period
from gpuledger.model.pseudonym import KEPT, hidden, pseudonym, pseudonymised
from gpuledger.reports._charts import OTHERS
from gpuledger.reports._scene import EMPTY

SALT = b"s" * 32
MAY = Period(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))


def document(user: str = "quill", account: str = "physics") -> Document:
    """Every place where a name may stand."""
    columns = (Column("user", "User", dimension="user"), Column("account", "Account"), Column("jobs", "Jobs", "count"))
    table = Table(
        "by-user",
        "By user",
        columns,
        ((user, account, 3), (NOT_KNOWN, "", 1)),
        ("All 2 users", None, 4),
        ("1 other", None, 0),
        f"{user} has most.",
    )
    lines = Lines("area", True, (Series(user, user, (1.0,)), Series(OTHERS, "12 others", (2.0,))))
    chart = Chart("use", f"Use of {user}", f"{user}'s peak", Axis(""), Axis(""), lines, dimension="user")
    bars = Chart("bars", "Bars", "", Axis(""), Axis(""), Bars((Bar("q", "q", ((user, 1.0),), f"{user} 1"),), "user"))
    spans = Chart(
        "spans",
        "Spans",
        "",
        Axis(""),
        Axis(""),
        Spans(("gx01",), (Span("gx01", MAY.start, None, user, user),)),
        dimension="user",
    )
    cards = Numbers("cards", "Cards", (Number("top", "Top user", user, "text", f"{user} of {account}"),))
    note = Note("n", "warning", "rule", f"{user}_x and ({account})", f"job of {user}")
    blocks = (cards, table, chart, bars, spans, note, Text("t", f"- {user}, {account}"))
    return Document(
        "usage", f"Usage where user={user}", f"{user} used it.", MAY, {"by": "user", "where": (f"user={user}",)}, MAY.end, "UTC",
        Coverage(None, None, None, None, ""), (Section("s", "Section", blocks),), (note,), {"user": (user,), "queue": ("a100",)}, f"{user} first", ("use",),
    )  # fmt: skip


def test_no_name_is_left_and_nothing_else_is_changed() -> None:
    made = pseudonymised(document(), SALT)
    said = repr(made)
    assert "quill" not in said
    assert "physics" not in said
    assert pseudonym("user", "quill", SALT) in made.finding
    assert made.ranks["queue"] == ("a100",)
    assert [block.id for block in made.blocks] == [block.id for block in document().blocks]
    back = (
        repr(document())
        .replace("quill", pseudonym("user", "quill", SALT))
        .replace("physics", pseudonym("account", "physics", SALT))
    )
    assert said == back, "only names changed"


def test_words_that_are_nobodys_stay() -> None:
    [table] = pseudonymised(document(), SALT).tables
    assert table.rows[1] == (NOT_KNOWN, "", 1)
    assert table.totals == ("All 2 users", None, 4)
    assert {NOT_KNOWN, EMPTY, OTHERS} <= KEPT


def test_a_name_has_one_pseudonym_and_another_salt_another() -> None:
    assert pseudonym("user", "ann", SALT) == pseudonym("primary_user", "ann", SALT)
    assert pseudonym("account", "physics", SALT) == pseudonym("project", "physics", SALT)
    assert pseudonym("user", "ann", SALT) != pseudonym("user", "ann", b"t" * 32)
    assert pseudonym("user", "ann", SALT) != pseudonym("account", "ann", SALT)
    assert len({pseudonym("user", str(number), SALT) for number in range(5000)}) >= 4999


def test_several_projects_of_a_cell_are_each_hidden() -> None:
    told = hidden("owner_projects", "physics, biology", SALT)
    assert told == f"{hidden('project', 'physics', SALT)}, {hidden('project', 'biology', SALT)}"


def test_a_name_inside_a_longer_word_is_another_word() -> None:
    made = pseudonymised(replace(document(user="ann"), title="annual planning by ann, ann@example.edu and joann"), SALT)
    assert made.title.startswith("annual planning by user-")
    assert made.title.endswith(" and joann")
    assert "ann@" not in made.title


def test_names_that_only_a_sentence_holds_are_hidden_when_they_are_known() -> None:
    said = replace(document(), finding="bob waits.")
    assert pseudonymised(said, SALT).finding == "bob waits."
    assert pseudonymised(said, SALT, [("user_name", "bob")]).finding == f"{pseudonym('user', 'bob', SALT)} waits."


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="'\\\""), min_size=3, max_size=12).filter(
        lambda name: name not in KEPT and name.strip()
    )
)
def test_whatever_the_name_it_is_gone_from_its_own_places(name: str) -> None:
    name = f"§{name}§"  # a bare "use" is also in "user-…", whoever it is
    made = pseudonymised(document(user=name), SALT)
    assert name not in "".join(
        [made.finding, made.title, made.subject, *made.ranks["user"], made.tables[0].finding, str(made.tables[0].rows)]
    )


@pytest.mark.parametrize("name", ["a", "1", "<script>", "=cmd()", "-", "x y", "Ünï", "\u202eevil"])
def test_odd_names_are_names(name: str) -> None:
    [table] = pseudonymised(document(user=name), SALT).tables
    assert table.rows[0][0] == pseudonym("user", name, SALT)


def test_hashes_of_what_holds_names_are_hidden_with_them() -> None:
    """Who guesses what a file holds could hash it and compare."""
    columns = (Column("input_name", "Input"), Column("input_sha256", "sha256"), Column("source", "Source"))
    told = Table("runs", "Inputs", columns, (("ann.log", "ab" * 32, "file:abababababab"),))
    said = replace(document(), sections=(Section("s", "Section", (told,)),), finding="Read from file:abababababab.")
    made = pseudonymised(said, SALT)
    assert made.tables[0].rows[0][1] is None
    assert "abab" not in repr(made)
    assert made.tables[0].rows[0][2] in made.finding
