"""MIME: both texts, pictures, attachments, headers that data cannot break, and a size that arrives."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from gpuledger.deliver.addresses import address_of, one_line
from gpuledger.deliver.message import MOST_BYTES, MOST_HTML_BYTES, compose
from gpuledger.render.mail.letter import Figure, Letter
from tests.deliver.letters import NOW, PEOPLE, PNG, composed, heading, letter


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def words(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part
    return str(part.get_content()).replace("\r\n", "\n")


def shape(part: EmailMessage) -> object:
    """The tree of content types."""
    return [part.get_content_type(), *map(shape, part.iter_parts())] if part.is_multipart() else part.get_content_type()  # type: ignore[arg-type]


def test_text_first_then_the_page_with_its_pictures() -> None:
    message = read(composed().content)
    assert shape(message) == [
        "multipart/alternative", "text/plain", ["multipart/related", "text/html", "image/png"],
    ]  # fmt: skip
    picture = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert (picture["Content-ID"], picture.get_content_disposition()) == ("<chart0@gpuledger>", "inline")
    assert picture.get_payload(decode=True) == PNG
    assert "cid:chart0@gpuledger" in words(message, "html")


def test_the_full_report_is_attached_beside_both(tmp_path: Path) -> None:
    (tmp_path / "pool.html").write_text("<p>all</p>")
    made = compose(letter(), heading(), [tmp_path / "pool.html"])
    message = read(made.content)
    assert shape(message) == [
        "multipart/mixed",
        ["multipart/alternative", "text/plain", ["multipart/related", "text/html", "image/png"]],
        "text/html",
    ]
    assert [part.get_filename() for part in message.iter_attachments()] == ["pool.html"]
    assert made.left_out == ()


def test_every_header_a_list_mail_has() -> None:
    message = read(composed(subject_prefix="[pool]").content)
    assert str(message["Subject"]) == "[pool] Pool: 74 % allocated"
    assert str(message["From"]) == "GPU reports <gpu@example.edu>"
    assert (str(message["To"]), str(message["Cc"]), message["Bcc"]) == (*PEOPLE[:2], None)
    assert parsedate_to_datetime(str(message["Date"])) == NOW
    assert str(message["Message-ID"]) == "<nightly-1@example.edu>"
    assert str(message["List-Id"]) == "nightly <nightly.gpuledger.example.edu>"
    assert str(message["Auto-Submitted"]) == "auto-generated"


HOSTILE = 'up\r\nBcc: evil@x.edu\r\n\r\n<script>"&\x00\u202e\u2028end'


def test_text_from_data_makes_no_header_and_no_body() -> None:
    made = compose(letter(subject=HOSTILE), heading(subject_prefix="[p\nX-Evil: 1]", list_name="n\r\nX: y"))
    message = read(made.content)
    assert "evil@x.edu" in str(message["Subject"])
    assert {"bcc", "x-evil", "x"}.isdisjoint(name.lower() for name in message.keys())  # noqa: SIM118 - headers repeat
    assert words(message) == "Numbers.\n"


def test_text_is_told_as_it_is_in_the_body() -> None:
    text = 'Reason: nvidia-smi shows <unknown error> & "ECC" µ €\n.\nFrom me\n'
    assert words(read(compose(letter(text=text), heading()).content)) == text


def test_every_line_is_short_enough_for_every_server() -> None:
    long = Letter("s", "x" * 5000 + "\n", f"<p>{'y' * 5000}</p>")
    assert max(map(len, compose(long, heading()).content.split(b"\r\n"))) <= 998
    assert compose(long, heading()).content.isascii()


def test_a_page_that_mail_programs_would_cut_is_left_out_and_said_so() -> None:
    big = Letter("s", "text\n", f"<p>{'x' * MOST_HTML_BYTES}</p>", letter().figures)
    made = compose(big, heading(), link="https://pages.example.edu/pool")
    message = read(made.content)
    assert shape(message) == "text/plain"
    assert "longer than 100 KB" in message.get_content()
    assert "https://pages.example.edu/pool" in message.get_content()
    assert len(made.left_out) == 1


def test_what_does_not_fit_is_left_out_attachments_first(tmp_path: Path) -> None:
    (tmp_path / "pool.xlsx").write_bytes(bytes(MOST_BYTES))
    said = Letter("s", "text\nThe full report is attached.\n", letter().html, letter().figures)
    made = compose(said, heading(), [tmp_path / "pool.xlsx"])
    assert len(made.content) <= MOST_BYTES
    assert made.left_out == ("The full report was too large to be attached.",)
    text = words(read(made.content))
    assert "is attached" not in text
    assert made.left_out[0] in text


def test_figures_that_do_not_fit_leave_their_words() -> None:
    figures = tuple(Figure(f"c{n}@g", bytes(MOST_BYTES // 3), f"<Chart> {n}") for n in range(4))
    images = "".join(f'<img src="cid:{one.cid}" alt="">' for one in figures)
    made = compose(Letter("s", "text\n", f"<html><body>{images}</body></html>", figures), heading())
    page = words(read(made.content), "html")
    assert len(made.content) <= MOST_BYTES
    assert "[&lt;Chart&gt; 3]" in page
    assert "<img" not in page
    assert "The figures were too large for this mail." in page


@pytest.mark.parametrize("text", ["ann@x.edu", "Ann <ann@x.edu>", '"Doe, Ann" <ann@x.edu>', "Änn <ann@x.edu>"])
def test_an_address_is_taken_out_of_its_name(text: str) -> None:
    assert address_of(text) == "ann@x.edu"


@pytest.mark.parametrize(
    "text",
    ["", "ann", "ann@x.edu, bob@x.edu", "-oQ/tmp@x.edu", "ann@x.edu\nBcc: bob@x.edu", "a b@x.edu", "änn@x.edu", "@x.edu"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|line break"):
        address_of(text)


def test_a_header_line_holds_no_control_character() -> None:
    assert one_line("a\tb\r\n c\x1b[31m\u200b\u202e") == "a b c[31m"
