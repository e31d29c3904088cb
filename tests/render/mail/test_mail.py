"""The mail: structure, size, escaping, and the same numbers in text and HTML, for every kind of Document."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from gpuledger.model.chart import Span, Spans
from gpuledger.model.document import Column, Document, Note, Numbers, Section, Table, Text
from gpuledger.model.errors import ConfigError
from gpuledger.model.period import Period
from gpuledger.render.format import visible
from gpuledger.render.html.sections import card_view
from gpuledger.render.mail import Letter, Templates, mail
from gpuledger.render.mail.columns import PHONE, fitting
from gpuledger.render.mail.extract import MOST_ROWS, extract
from gpuledger.render.mail.views import mail_table
from gpuledger.render.text.words import width
from gpuledger.render.theme import Colours
from tests.render import samples
from tests.render.timed import least, processor_seconds

DOCUMENTS = {
    document.name: document
    for document in (
        samples.usage(samples.BANNERS), samples.pool(), samples.shapes(), samples.hostile(), samples.edges(), samples.rankings(),
    )
}  # fmt: skip
KILO = 1024
SPACES = str.maketrans({"\u202f": " ", "\u00a0": " "})


@pytest.fixture(scope="module")
def letters() -> dict[str, Letter]:
    return {name: mail(document) for name, document in DOCUMENTS.items()}


class Tags(HTMLParser):
    """Every tag with its attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html.replace("<wbr>", ""))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def body(self) -> str:
        """What is seen: without styles, title and the hidden words that a list of mails shows."""
        first = next(n for n, word in enumerate(self.words) if "max-width:599px" in word) + 3
        return " ".join(" ".join(self.words[first:]).split())

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag in names]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def huge() -> Document:
    """More of everything than a mail can hold, in signs that grow fivefold when they are escaped."""
    long = "&" * 3000
    columns = tuple(Column(f"c{n}", long, "text" if n % 2 else "gpu_hour", has_bar=n == 2) for n in range(30))
    rows = tuple(tuple(long if n % 2 else float(row * n) for n in range(30)) for row in range(2000))
    tables = tuple(Table(f"t{n}", long, columns, rows, rows[0], rows[1], long, long, long) for n in range(20))
    numbers = Numbers("n", long, tuple(replace(item, label=long, reason=long) for item in samples.numbers().items * 5))
    notes = tuple(Note(f"note{n}", "warning", long, long, long) for n in range(200))
    chart = replace(samples.parts(), title=long[:50], finding=long, foot=long[:300])
    blocks = (numbers, chart, *tables, *notes, Text("x", "\n".join([long] * 500), long), samples.quality())
    made = samples.document("huge", long, (Section("s", long, blocks),), notes[:40])
    return replace(made, finding=long, subject=long)


def test_a_mail_is_never_larger_than_a_hundred_kilobytes(letters: dict[str, Letter]) -> None:
    assert {
        name: len(letter.html.encode()) for name, letter in letters.items() if len(letter.html.encode()) > 100 * KILO
    } == {}
    letter = mail(huge())
    assert len(letter.html.encode()) <= 100 * KILO
    assert len(letter.subject) <= 250
    assert len(letter.text) <= 100 * KILO


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_head_has_its_scope_and_every_layout_its_role(letters: dict[str, Letter], name: str) -> None:
    tags = Tags(letters[name].html)
    assert {attrs.get("scope") for attrs in tags.all("th")} <= {"row", "col"}
    for attrs in tags.all("table"):
        assert (attrs.get("role") == "presentation") is ("aria-label" not in attrs)
    assert len(tags.all("h1")) == 1


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_runs_and_nothing_is_fetched(letters: dict[str, Letter], name: str) -> None:
    letter = letters[name]
    tags = Tags(letter.html)
    assert tags.all("script", "link", "iframe", "object", "form", "base", "svg", "video") == []
    assert [attrs for _, attrs in tags.tags if any(one.startswith("on") for one in attrs)] == []
    sources = [attrs["src"] for attrs in tags.all("img")]
    assert sources == [f"cid:{figure.cid}" for figure in letter.figures]
    assert "url(" not in letter.html
    assert "@import" not in letter.html


@pytest.mark.parametrize("name", DOCUMENTS)
def test_styles_are_inline_and_only_dark_and_phone_stay_a_block(letters: dict[str, Letter], name: str) -> None:
    html = letters[name].html
    assert html.count("<style") == 1
    block = html[html.index("<style") : html.index("</style>")]
    assert "prefers-color-scheme:dark" in block
    assert "max-width:599px" in block
    assert '<meta name="color-scheme" content="light dark">' in html
    assert '<meta name="supported-color-schemes" content="light dark">' in html
    for attrs in Tags(html).all("p", "h1", "h2", "th"):
        assert "font" in (attrs["style"] or "")


def test_the_layout_is_one_column_of_600_pixels(letters: dict[str, Letter]) -> None:
    styles = [attrs.get("style") or "" for attrs in Tags(letters["usage"].html).all("table")]
    assert sum("width: 600px" in style for style in styles) == 1
    widths = [int(w) for style in styles for w in re.findall(r"(?<![-\w])width: (\d+)px", style)]
    assert max(widths) == 600


@pytest.mark.parametrize("name", DOCUMENTS)
def test_figures_are_small_wide_and_said_in_words(letters: dict[str, Letter], name: str) -> None:
    titles = {visible(chart.title): visible(chart.finding) for chart in DOCUMENTS[name].charts}
    assert len(letters[name].figures) <= 3
    for figure in letters[name].figures:
        assert len(figure.png) <= 60 * KILO
        image = Image.open(io.BytesIO(figure.png))
        assert (image.width, image.mode) == (1200, "P")
        assert len(image.getcolors() or ()) <= 128
        title, finding = next((t, f) for t, f in titles.items() if figure.alt.startswith(t))
        assert finding.rstrip(".") in figure.alt


def test_a_figure_too_large_for_a_mail_is_said_and_not_sent() -> None:
    noisy = samples.pool_states(1600, 480)
    document = samples.document("large", "Large", (Section("s", "S", (noisy,)),))
    letter = mail(replace(document, mail=(noisy.id,)))
    assert letter.figures == ()
    assert Tags(letter.html).all("img") == []
    assert "The picture is in the full report." in letter.html
    assert noisy.title in letter.html


@pytest.mark.parametrize("name", DOCUMENTS)
def test_text_and_html_tell_the_same_numbers(letters: dict[str, Letter], name: str) -> None:
    """Every card and every cell of every table that the HTML shows stands in the text too."""
    document, letter = extract(DOCUMENTS[name]), letters[name]
    text, html = letter.text.translate(SPACES), Tags(letter.html).text.translate(SPACES)
    for block in document.blocks:
        if isinstance(block, Numbers):
            values = [card_view(item, "UTC").value for item in block.items]
        elif isinstance(block, Table):
            rows = mail_table(block, Colours(document.ranks), "UTC").rows
            values = [cell.text for row in rows for cell in row if " num" in cell.classes]
        else:
            continue
        numbers = [v.translate(SPACES) for v in values if v[:1].isdigit()]
        assert [value for value in numbers if value not in text] == []
        assert [value for value in numbers if value not in html] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_text_part_fits_a_terminal_and_cannot_move_its_cursor(letters: dict[str, Letter], name: str) -> None:
    text = letters[name].text
    assert [line for line in text.splitlines() if width(line) > 78] == []
    assert all(sign == "\n" or sign.isprintable() for sign in text)
    assert "\n\n\n" not in text


def test_names_are_shown_literally_wherever_they_stand(letters: dict[str, Letter]) -> None:
    letter = letters["hostile"]
    assert "<script" not in letter.html
    assert "\n" not in letter.subject
    words = Tags(letter.html).text
    for name in samples.HOSTILE:
        assert " ".join(visible(name)[:100].split()) in words


def test_the_parts_stand_in_the_order_of_a_mail(letters: dict[str, Letter]) -> None:
    words = Tags(letters["usage"].html).body
    order = ("QoS physics, last 30 days", "17 Oct 14:00 –", "Stale:", "okafor used", "GPU-hours 29,197", "Usage by user", "Checks", "Passed:", "Data quality 8,568", "The full report")  # fmt: skip
    places = [words.index(word) for word in order]
    assert places == sorted(places)


def test_the_subject_warns_names_the_period_and_labels_its_numbers(letters: dict[str, Letter]) -> None:
    assert letters["usage"].subject.translate(SPACES) == (
        "[Stale] QoS physics, last 30 days to 16 Nov 14:00: GPU-hours 29,197 GPU-h · Share of the limit used 63.9 %"
    )
    assert letters["pool"].subject.endswith(": allocated 61.2 % of 281 GPUs · open 88.0 %")


def test_bars_are_cells_with_a_colour_that_survives_blocked_pictures(letters: dict[str, Letter]) -> None:
    bars = [attrs for attrs in Tags(letters["usage"].html).all("td") if "bgcolor" in attrs]
    assert len(bars) == 13
    assert bars[0]["bgcolor"] == "#3E77EF"
    assert all("fill c" in (attrs["class"] or "") or "fill others" in (attrs["class"] or "") for attrs in bars)


def test_the_link_leads_to_the_full_report_and_without_one_it_is_attached() -> None:
    document = samples.usage()
    assert "The full report is attached" in mail(document).html
    link = "https://reports.example.org/pool?a=1&b=2"
    letter = mail(document, link=link)
    assert {attrs["href"] for attrs in Tags(letter.html).all("a")} == {link}
    assert link in letter.text


def test_at_most_45_rows_stand_in_a_mail_and_the_rest_is_counted() -> None:
    short = extract(samples.edges())
    rows = sum(len(t.rows) + (t.totals is not None) + (t.others is not None) for t in short.tables)
    assert rows <= MOST_ROWS
    (users,) = (t for t in extract(replace(samples.edges(), mail=("usage-by-user",))).tables)
    assert len(users.rows) == MOST_ROWS - 2
    assert f"{200 - len(users.rows)} more rows" in users.left_out
    assert (users.totals or ())[0] == "All 29 users"


def test_every_table_keeps_a_few_rows_and_the_first_gets_the_rest() -> None:
    many = tuple(replace(samples.users(tuple(f"u{n}" for n in range(40))), id=f"t{k}") for k in range(3))
    document = replace(samples.document("d", "d", (Section("s", "s", many),)), mail=("t2", "t0", "t1"))
    tables = extract(document).tables
    assert [(t.id, len(t.rows)) for t in tables] == [("t2", 31), ("t0", 4), ("t1", 4)]


def test_the_report_says_what_its_mail_shows_and_notes_are_never_left_out() -> None:
    document = replace(samples.usage(), mail=("usage-by-user", "jobs-running"))
    kinds = [block.id for block in extract(document).blocks]
    assert kinds == ["jobs-running", "usage-by-user", "silent-hosts", "users-add-up", "data-quality"]


def test_a_banner_names_the_block_it_points_to_as_a_reader_knows_it() -> None:
    note = Note("old", "stale", "freshness", "Data is old.", "data-quality")
    letter = mail(samples.usage((note,)))
    for part in (letter.html, letter.text):
        assert "See “Data quality”." in " ".join(part.split())
        assert "data-quality" not in part


def test_columns_leave_by_rank_until_the_rest_fits() -> None:
    table = samples.users()
    first = [table.columns[i].key for i in fitting(table)]
    assert first[:2] == ["user", "gpu_hours"]
    ranked = replace(table, columns=tuple(replace(c, rank=1 if c.key == "last_seen_at" else 2) for c in table.columns))
    assert "last_seen_at" in [ranked.columns[i].key for i in fitting(ranked)]
    assert set(fitting(table, PHONE)) < set(fitting(table))


def wide(ranks: str) -> Table:
    """Columns of a hundred pixels each, of these ranks; the last is narrow."""
    columns = (Column("host", "Host"), *(Column(f"c{n}", "Occupations" * 2 if n < len(ranks) - 1 else "x", "count", rank=int(rank)) for n, rank in enumerate(ranks)))  # type: ignore[arg-type]  # fmt: skip
    return Table("t", "T", columns, (("a", *range(len(ranks))),))


def test_a_narrow_column_of_a_later_rank_takes_no_place_of_an_important_one() -> None:
    assert fitting(wide("222223")) == (0, 1, 2, 3)
    assert fitting(wide("222222")) == (0, 1, 2, 3, 6)


def test_columns_of_the_first_rank_get_smaller_type_on_a_phone_before_one_is_hidden() -> None:
    heads = ("Allocated %", "Allocated", "Present", "Drained", "Prevented", "Secondary")
    columns = (Column("class", "Class"), *(Column(head, head, "gpu", rank=1 if n < 5 else 2) for n, head in enumerate(heads)))  # fmt: skip
    table = Table("t", "T", columns, (("Researcher-owned", *[155.5] * 6),), ("All physical GPUs", *[155.5] * 6))
    view = mail_table(table, Colours({}), "UTC")
    assert (view.is_tight, [head.label for head in view.heads if "hide" not in head.classes]) == (
        True,
        ["Class", *heads[:5]],
    )
    assert not mail_table(replace(table, columns=columns[:3], rows=(), totals=None), Colours({}), "UTC").is_tight


def test_columns_that_are_not_shown_are_said_truly_at_every_width() -> None:
    """What a phone hides is not counted with what the mail leaves out; only a phone says that it hides something."""
    words = [Tags(mail(samples.document("d", "d", (Section("s", "S", (wide(ranks),)),))).html).body for ranks in ("111", "112222")]  # fmt: skip
    assert "more columns in the full report" not in words[0]
    assert "More columns in the full report." in words[1]
    assert not re.search(r"\d more column", words[1])
    html = mail(samples.usage()).html
    assert re.search(r'<p class="foot narrow" style="[^"]*display: none', html)
    assert ".narrow{display:block!important}" in html


@pytest.mark.parametrize(
    ("title", "start", "end", "said"),
    [
        ("Pool x, 19 Nov 2026 to 20 Nov 2026", (19, 0), (20, 0), "Pool x, 19 Nov 2026"),
        ("Pool x, last 24 h", (18, 5), (19, 5), "Pool x, last 24 h to 19 Nov 05:00"),
        ("Pool x, week 47 of 2026", (16, 0), (23, 0), "Pool x, week 47 of 2026"),
        ("Pool x where user=a, b", (19, 0), (20, 0), "Pool x where user=a, b, 19 Nov 2026"),
    ],
)
def test_a_subject_tells_its_period_once(title: str, start: tuple[int, int], end: tuple[int, int], said: str) -> None:
    first, last = (datetime(2026, 11, day, hour, tzinfo=UTC) for day, hour in (start, end))
    document = replace(samples.document("d", title, ()), period=Period(first, last, "UTC"), subject="a 1 % · b 2 %")
    assert mail(document).subject == f"{said}: a 1 % · b 2 %"


def test_a_subject_drops_its_last_numbers_before_it_is_long() -> None:
    document = replace(samples.document("d", "Pool", ()), subject=" · ".join(f"class{n} 10 %" for n in range(20)))
    subject = mail(document).subject
    assert subject.endswith("class0 10 % · class1 10 % · class2 10 % · class3 10 % · class4 10 %")
    assert len(subject) <= 112


@pytest.mark.parametrize("source", ["", "  \n", "{{ '' }}"])
def test_an_empty_subject_is_refused_by_its_file(source: str) -> None:
    with pytest.raises(ConfigError, match=r"mine/subject\.txt makes an empty subject"):
        mail(samples.usage(), Templates(subject=source, names=("mine/subject.txt", "mail.txt", "mail.html")))


def test_lanes_keep_their_number_of_gpus_in_the_text() -> None:
    day = datetime(2026, 11, 1, tzinfo=UTC)
    for domains in ((".pool.example.edu",) * 2, (".pool.example.edu", "-long-name-of-a-host.other.example.edu")):
        rows = tuple(f"gpu{n}{domain} · 8 GPUs" for n, domain in enumerate(domains))
        spans = Spans(rows, tuple(Span(row, day, day + timedelta(hours=2), "drained", "") for row in rows))
        chart = replace(samples.long_drains(), shape=spans)
        text = mail(replace(samples.document("d", "d", (Section("s", "S", (chart,)),)), mail=(chart.id,))).text
        assert text.count("· 8 GPUs") == 2


def test_a_mail_with_a_figure_is_made_quickly() -> None:
    document = samples.usage()
    assert least(lambda: processor_seconds(lambda: mail(document)), 1.5) < 1.5


def test_the_same_document_makes_the_same_letter() -> None:
    assert mail(samples.usage()) == mail(samples.usage())


def test_hosts_of_one_domain_stand_without_it_in_both_parts_and_it_is_said() -> None:
    columns = (Column("host", "Host"), Column("gpus", "GPUs", "count"), Column("reason", "Reason"))
    rows = tuple((f"gpu{n:04d}.pool.example.edu", 8, "nvidia-smi shows <unknown error> & ECC") for n in range(4))
    table = Table("drains", "Drains", columns, rows, ("All 4 hosts", 32, None))
    letter = mail(samples.document("d", "d", (Section("s", "S", (table,)),)))
    words = Tags(letter.html).body
    for part in (letter.text, words):
        assert "gpu0001 " in part
        assert "gpu0001.pool" not in part
        assert "Hosts are named without .pool.example.edu." in part
    assert "nvidia-smi shows <unknown error> & ECC" in words
    apart = [attrs for attrs in Tags(letter.html).all("td") if "apart" in (attrs.get("class") or "")]
    assert len(apart) == 5


def test_a_long_name_breaks_after_its_signs_first() -> None:
    columns = (Column("user", "User"), Column("gpus", "GPUs", "count"))
    rows = (("ada000@grid-submitter.example.edu", 8), ("bo", 4))
    letter = mail(samples.document("d", "d", (Section("s", "S", (Table("t", "T", columns, rows),)),)))
    assert "ada000@<wbr>grid-<wbr>submitter.<wbr>example.<wbr>edu" in letter.html


def test_a_document_without_any_block_is_a_mail_too() -> None:
    letter = mail(samples.document("empty", "Nothing", ()))
    assert letter.subject == "Nothing, 17 Oct 14:00 – 16 Nov 2026 14:00"
    assert "okafor used" in Tags(letter.html).body
    assert mail(samples.document("bare", "Bare", (Section("s", "S", (Table("t", "T", (), ()),)),))).figures == ()


def told(name: str) -> Letter:
    columns = (Column("user", "User"), Column("hours", "Hours", "hour", has_bar=True))
    note = Note("n", "warning", "r", f"It was {name}.", name)
    blocks = (
        Table("t", f"By {name}", columns, ((f"x{name}", 1.0),), finding=f"First {name}", foot=f"Foot {name}"),
        note,
    )
    return mail(
        replace(samples.document("d", f"Of {name}", (Section("s", "S", blocks),), (note,)), finding=f"So {name}")
    )


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
@example('"><img src=x onerror=alert(1)>')
@example("</td></tr></table></style><script>")
@example("\ue000script\ue001")
@example("&lt;b&gt;")
def test_no_name_changes_the_structure_of_a_mail(name: str) -> None:
    """Whatever a user calls a job, the elements and their attributes' names are those of a harmless name."""
    tags, plain = (Tags(told(one).html).tags for one in (name, "plain"))
    assert [(tag, sorted(attrs)) for tag, attrs in tags] == [(tag, sorted(attrs)) for tag, attrs in plain]
    assert all(sign.isprintable() or sign in "\n\u202f\u00a0\u200c\u200d" for sign in told(name).text)
