"""The user's templates: the built-in ones to begin with, short ones of one's own, and what none of them may do."""

from pathlib import Path

import pytest

from gpuledger.model.errors import ConfigError
from gpuledger.render.mail import Templates, default_templates, mail
from tests.render import samples

DOCUMENT = samples.usage(samples.BANNERS)


def refusal(**sources: str) -> str:
    with pytest.raises(ConfigError) as caught:
        mail(DOCUMENT, Templates(**sources))
    return str(caught.value)


def test_the_built_in_templates_given_as_ones_own_make_the_same_letter() -> None:
    assert mail(DOCUMENT, default_templates()) == mail(DOCUMENT)


def test_a_short_template_uses_parts_numbers_and_tables() -> None:
    own = Templates(
        subject="{{ numbers['gpu-hours'].value }} GPU-hours, {{ period }}",
        text="Dear all,\n\n{{ parts.numbers }}{{ blocks['usage-by-user'] }}",
        html="<p>Dear all of {{ document.title }},</p>{{ parts.numbers }}<p>First: {{ tables['usage-by-user'].rows[1][0].text }}</p>",
    )
    letter = mail(DOCUMENT, own)
    assert letter.subject == "29,197 GPU-hours, 17 Oct 14:00 – 16 Nov 2026 14:00 UTC"
    assert letter.text.startswith("Dear all,\n\nKey numbers\n-----------\n")
    assert "Dear all of QoS physics, last 30 days," in letter.html
    assert "First: okafor" in letter.html
    assert letter.figures == ()


def test_one_own_template_leaves_the_others_built_in() -> None:
    letter, built_in = mail(DOCUMENT, Templates(subject="GPUs")), mail(DOCUMENT)
    assert (letter.subject, letter.text, len(letter.figures)) == ("GPUs", built_in.text, 1)


def test_names_from_data_are_escaped_in_ones_own_html_too() -> None:
    letter = mail(
        samples.hostile(), Templates(html="<p>{{ document.title }} {{ document.sections[0].blocks|length }}</p>")
    )
    assert "<script" not in letter.html
    assert "&lt;/script&gt;" in letter.html


def test_a_subject_of_several_lines_becomes_one() -> None:
    letter = mail(samples.hostile(), Templates(subject="a\nb: {{ document.finding }}\r\nBcc: x@example.org"))
    assert "\n" not in letter.subject
    assert "\r" not in letter.subject


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ ''.__class__ }}", "line 1: access to attribute '__class__'"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe"),
        ("\n\n{{ cycler.__init__.__globals__ }}", "line 3: access to attribute '__init__'"),
        ("{{ '{0.__class__}'.format(document) }}", "unsafe"),
        ("{{ document.ranks.clear() }}", "unsafe"),
        ("{{ parts.head|safe }}", "No filter named 'safe'"),
        ("x\n{% autoescape false %}{{ document.title }}{% endautoescape %}", "line 2: escaping cannot be switched off"),
        ("{% include '/etc/passwd' %}", "line 1"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "calls itself without end"),
        ("{{ 'a' * 10**11 }}", "more than 1 GB of memory"),
        ("{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}", "more than 1,000,000 letters"),
        ("{{ range(999999999) }}", "OverflowError: Range too big"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
    ],
    ids=["class", "subclasses", "globals", "format", "clear", "safe", "autoescape", "include", "recursion", "memory", "size", "range", "zero"],
)  # fmt: skip
def test_what_a_template_may_not_do_is_refused_with_its_line(source: str, said: str) -> None:
    message = refusal(html=source)
    assert message.startswith("The template mail.html")
    assert said in message


def test_a_loop_without_end_is_ended_and_its_line_named() -> None:
    loop = "Dear all\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    assert "line 2: it was still running after 5 s" in refusal(text=loop)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("a\n{{ numbrs }}", "line 2: 'numbrs' is undefined."),
        ("{{ numbers.gpu_hours }}", "line 1: there is no 'gpu_hours'; there are: gpu-hours, limit-share, gpu-busy,"),
        ("a\nb\n{% for x in %}", "line 3: Expected an expression"),
        ("{{ parts.nmbers }}", "line 1: there is no 'nmbers'; there are: head, banners,"),
    ],
    ids=["variable", "number", "syntax", "part"],
)
def test_a_mistake_names_file_line_and_cause(source: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "own.html"
    file.write_text(source, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        mail(DOCUMENT, Templates.read(html=file))
    assert f"{file}, {said.split(':')[0]}" in str(caught.value)
    assert said in str(caught.value)


def test_a_template_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"Gr\xfc\xdfe")
    with pytest.raises(ConfigError, match=r"latin\.txt is not UTF-8"):
        Templates.read(text=tmp_path / "latin.txt")
    with pytest.raises(ConfigError, match=r"none\.txt cannot be read: No such file"):
        Templates.read(subject=tmp_path / "none.txt")


def test_a_template_that_makes_too_large_a_mail_is_refused() -> None:
    assert "more than 100 KB" in refusal(html="{% for n in range(9000) %}<p>GPUs</p>{% endfor %}")


def test_style_sheets_that_a_template_links_to_are_not_fetched() -> None:
    letter = mail(DOCUMENT, Templates(html="<link rel='stylesheet' href='http://127.0.0.1:1/x.css'><p>Hello</p>"))
    assert "<link" not in letter.html
    assert "Hello" in letter.html
