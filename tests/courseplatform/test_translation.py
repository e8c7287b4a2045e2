"""Texts that are marked can be translated, English alone pays nothing for it, and what is called marked is so throughout."""

import re
import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from django.template import Context, Template, engines
from django.template.base import TextNode
from django.template.exceptions import TemplateSyntaxError
from django.utils import translation

from courseplatform import languages
from courseplatform.accounts.forms import ProfileForm
from courseplatform.core.by_value import ByValue
from tests.courseplatform.pseudo_language import POT, entries, lengthened, write_mo

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
NOT_MARKED = {
    "core/style.html",  # a page for those who build pages
}
MARKED = sorted(
    {p.relative_to(TEMPLATES).as_posix() for kind in ("html", "txt") for p in TEMPLATES.rglob(f"*.{kind}")} - NOT_MARKED
)
TAG = re.compile(r"\{% blocktranslate.*?%\}.*?\{% endblocktranslate %\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.S)
SAID_IN_ATTRIBUTES = re.compile(r'\b(?:aria-label|title|placeholder|alt|content)="([^"]*)"')
SAID_TO_PARTS = re.compile(
    r'\{% include [^%]*\b(?:label|note|title|says|said|say|none|hint|button|low|high|apply_word)="([^"]+)"'
)
CODE = re.compile(r'(<(?:pre|code|style)\b[^>]*>|<\w+ class="[^"]*\bmono\b[^"]*">)[^<]*')
# Names, units, keys, addresses, and what browsers read.
NO_WORDS = re.compile(
    r"Milliamp|CSV|PNG|Esc|&\w+;|https://arxiv.org/abs/...|-archive-|\.zip$|width=device-width, initial-scale=1|light dark"
)


def bare_texts(text):
    """What a reader would see or hear in English whatever the language."""
    told = SAID_TO_PARTS.findall(text)
    plain = CODE.sub(r"\1", TAG.sub("", text))
    attributes = [one for one in SAID_IN_ATTRIBUTES.findall(plain) if not plain.startswith("{")]
    plain = re.sub(r"<meta name=\"htmx-config\".*?>", "", plain)
    told += [one for one in attributes if "includeIndicatorStyles" not in one]
    told += re.sub(r"<kbd>.</kbd>|<[^>]*>", "\n", plain).splitlines()
    return [one.strip() for one in told if re.search(r"[A-Za-z]{2,}", NO_WORDS.sub("", one))]


@pytest.mark.parametrize("name", MARKED)
def test_no_bare_text_is_left_in_a_template_that_is_called_marked(name):
    assert bare_texts((TEMPLATES / name).read_text()) == []


@pytest.mark.parametrize(
    "text", ['<p>Hello there</p>', '<a aria-label="Close it">', '{% include "a.html" with label="Password" %}', "{% if a %}so{% endif %}"]
)  # fmt: skip
def test_a_bare_text_is_found(text):
    assert len(bare_texts(text)) == 1


@pytest.mark.parametrize("path", [p for p in sorted(TEMPLATES.rglob("*.html")) if "email" not in str(p)], ids=str)
def test_no_page_writes_its_language_by_hand(path):
    assert '<html lang="' not in path.read_text()


# -- English alone ----------------------------------------------------------------------------------------------------


def test_without_another_language_nothing_is_looked_up(settings):
    assert (settings.USE_I18N, settings.LANGUAGES) == (False, [("en", "English")])
    assert languages.MIDDLEWARE not in settings.MIDDLEWARE


def test_a_marked_text_is_plain_text_in_the_compiled_template():
    nodes = Template('<html {% page_language %}>{% translate "100% done" %}').nodelist
    assert [type(node) for node in nodes] == [TextNode] * 4
    assert "".join(node.s for node in nodes) == '<html lang="en">100% done'


@pytest.mark.parametrize("who", ["Ada", "<b>", ""])
def test_a_marked_sentence_is_what_django_would_have_drawn(who):
    said = "{% blocktranslate with name=who|upper %}Hi {{ name }}, 5 % of <i>{{ who }}</i>{% endblocktranslate %}{{ name }}"
    django = "{% load i18n %}" + said
    context = {"who": who, "name": "after"}
    assert Template(said).render(Context(context)) == Template(django).render(Context(context))


def drawn_alike(said, context):
    """By our tags, which are resolved early, and by Django's own."""
    ours, theirs = (Template(load + said).render(Context(context)) for load in ("", "{% load i18n %}"))
    assert ours == theirs
    return ours


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 of 3 <b>&lt;labs&gt;</b> wait"),
        (1, "1 of 3 <b>&lt;labs&gt;</b> waits"),
        (2.5, "2.5 of 3 <b>&lt;labs&gt;</b> wait"),
    ],
)
def test_a_marked_sentence_that_counts_chooses_as_django_does(number, text):
    said = (
        "{% blocktranslate with what=kind|lower count n=number %}{{ n }} of {{ of }} <b>{{ what }}</b> waits"
        "{% plural %}{{ n }} of {{ of }} <b>{{ what }}</b> wait{% endblocktranslate %}"
    )
    assert drawn_alike(said, {"kind": "<LABS>", "number": number, "of": 3}) == text


def test_lines_of_a_marked_text_are_joined_as_django_joins_them():
    said = "{% blocktranslate trimmed with a=first %}\n  One {{ a }}\n  {{ second }} and\n\n  100 % more\n{% endblocktranslate %}"
    assert drawn_alike(said, {"first": "two\n three", "second": "four"}) == "One two\n three four and 100 % more"


def test_a_marked_sentence_becomes_the_nodes_that_stood_there_before():
    plain = Template("Hi {{ row.name|upper }}, {{ who }}").nodelist
    found = (
        Template("{% blocktranslate with name=row.name|upper %}Hi {{ name }}, {{ who }}{% endblocktranslate %}")
        .nodelist[0]
        .nodelist
    )
    assert [(type(node), str(node)) for node in found] == [(type(node), str(node)) for node in plain]


def test_what_is_no_number_is_not_counted():
    said = "{% blocktranslate count n=rows %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}"
    with pytest.raises(TemplateSyntaxError):
        Template(said).render(Context({"rows": ["a"]}))


def test_no_name_hides_what_is_counted():
    said = "{% blocktranslate with file=file.title count n=file.pages %}{{ file }}, {{ n }} page{% plural %}{{ file }}, {{ n }} pages{% endblocktranslate %}"
    with pytest.raises(TemplateSyntaxError, match="The name file hides"):
        Template(said)


def test_a_list_gets_a_name_for_the_sentence_that_holds_it():
    said = "{% listing names %}{% for n in all %}<b>{{ n }}</b>{% if not forloop.last %}, {% endif %}{% endfor %}{% endlisting %}"
    said += "{% blocktranslate %}It holds for {{ names }}.{% endblocktranslate %}"
    assert drawn_alike(said, {"all": ["Ada", "<Bo>"]}) == "It holds for <b>Ada</b>, <b>&lt;Bo&gt;</b>."


# -- another language -------------------------------------------------------------------------------------------------


@pytest.fixture
def other(settings, tmp_path):
    """A site with a second language, as its settings would have read it from the folders."""
    write_mo(tmp_path / "eo" / "LC_MESSAGES" / "django.mo")
    settings.LOCALE_PATHS, settings.LANGUAGES = [tmp_path], languages.offered(tmp_path)
    settings.USE_I18N, settings.FORMAT_MODULE_PATH = True, "tests.courseplatform.pseudo_locale"
    place = settings.MIDDLEWARE.index("django.middleware.common.CommonMiddleware")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:place], languages.MIDDLEWARE, *settings.MIDDLEWARE[place:]]
    forget()
    yield
    settings.USE_I18N = False
    forget()


def forget():
    """Django chooses once a process whether it translates, and keeps compiled templates."""
    translation._trans.__dict__.clear()
    for loader in engines["django"].engine.template_loaders:
        loader.reset()


def page(client, address, status=200):
    answer = client.get(address, headers={"Accept-Language": "eo"})
    assert answer.status_code == status
    return answer.content.decode()


def test_the_languages_are_the_folders_with_a_compiled_catalogue(tmp_path):
    for name in ("pt_BR", "de"):
        write_mo(tmp_path / name / "LC_MESSAGES" / "django.mo")
    (tmp_path / "fr" / "LC_MESSAGES").mkdir(parents=True)
    assert languages.offered(tmp_path) == [("en", "English"), ("de", "Deutsch"), ("pt-br", "Português Brasileiro")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "status", "texts"),
    [("/accounts/login/", 200, ["Sign in", "Password", "Password forgotten", "Skip to the content", "Glossary"]),
     ("/accounts/password/reset/", 200, ["Password forgotten", "Send the link", "E-mail address"]),
     ("/nothing-here/", 404, ["Not here, or not yours", "There is no such page, or it is not yours to see.", "To the front page"]),
     ("/status/", 200, ["What waits", "Workers and boards", "Earlier nights"])],
)  # fmt: skip
def test_another_language_changes_the_pages_that_everybody_sees_first(client, other, address, status, texts):
    found = page(client, address, status)
    assert '<html lang="eo">' in found
    assert [one for one in texts if lengthened(one) not in found] == []
    english = client.get(address, headers={"Accept-Language": "en"}).content.decode()
    assert '<html lang="en">' in english
    assert "⟦" not in english


@pytest.mark.django_db
def test_the_bar_and_the_menu_of_a_course_follow_too_and_are_kept_apart_by_language(client, cast, other):
    client.force_login(cast.ruth)
    for language, words in (("eo", [lengthened("Papers"), lengthened("Sign out")]), ("en", [">Papers<", ">Sign out<"])):
        found = client.get(f"/courses/{cast.course.slug}/", headers={"Accept-Language": language}).content.decode()
        assert [one for one in words if one not in found] == [], language


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "texts"),
    [("", ["The next seven days", "Your standing"]), ("assignments/", ["Assignments"]), ("late-days/", ["Late days"]),
     ("grades/", ["Your grades"]), ("teams/", ["All teams", "Looking for a team"]), ("schedule/", ["Print"])],
)  # fmt: skip
def test_a_students_pages_follow(client, cast, other, path, texts):
    client.force_login(cast.ruth)
    found = page(client, f"/courses/{cast.course.slug}/{path}")
    assert [one for one in texts if lengthened(one) not in found] == []


@pytest.mark.django_db
def test_forms_refuse_in_the_language(other, cast):
    with translation.override("eo"):
        form = ProfileForm({"name": "", "zone": "Moon/Sea"}, instance=cast.ruth)
        assert form.errors["name"] == [lengthened("Write your name: it stands in the lists of your course.")]
        assert form.errors["zone"][0].startswith("⟦There is no time zone with the name Moon/Sea.")


def test_what_was_drawn_for_one_language_is_not_shown_in_another(other):
    drawn = ByValue[str](most=9)
    found = []
    for language in ("eo", "en", "eo"):
        with translation.override(language):
            found.append(drawn.of("facts", lambda: Template("{% translate 'Sign in' %}").render(Context())))
    assert found == [lengthened("Sign in"), "Sign in", lengthened("Sign in")]


def test_a_language_from_the_right_turns_the_page(other, settings):
    with translation.override("ar"):
        assert Template("<html {% page_language %}>").render(Context()) == '<html lang="ar" dir="rtl">'


def test_numbers_and_days_for_programs_stay_as_they_are_in_every_language(other):
    with translation.override("eo"):  # whose own decimal sign is a comma
        assert Template("{{ x|floatformat:1 }} {{ x }}").render(Context({"x": 12.5})) == "12.5 12.5"


# -- the catalogue ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext is not installed")
def test_the_catalogue_holds_what_is_marked_now(settings, tmp_path):
    settings.LOCALE_PATHS = [tmp_path]
    call_command("messages", verbosity=0)
    assert entries(tmp_path / "django.pot") == entries(POT), "run `make messages`"


def test_every_language_has_its_catalogue_compiled_and_the_formats_of_the_house():
    folders = [path for path in POT.parent.iterdir() if (path / "LC_MESSAGES").is_dir()]
    lacking = [f for path in folders for f in ("formats.py", "LC_MESSAGES/django.mo") if not (path / f).is_file()]
    assert lacking == []
