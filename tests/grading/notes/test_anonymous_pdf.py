"""Names of authors as hashes: which words they are, and that the list tells none."""

import hashlib

import pytest

from courseplatform.accounts.models import User
from grading.anonymous_pdf import name_hashes, plain, tokens
from grading.selectors.annotations import report_facts
from tests.courseplatform.teams.builders import make_team
from tests.grading.notes.reports import report_of


@pytest.mark.parametrize(
    ("word", "spelled"),
    [("Adébáyọ̀", "adebayo"), ("O", "o"), ("MÜLLER", "muller"), ("Straße", "straße"), ("王小明", "王小明")],
)
def test_a_word_is_compared_without_accents_and_capitals(word, spelled):
    assert plain(word) == spelled


def test_names_and_first_parts_of_addresses_are_taken_word_by_word():
    found = tokens(["Ruth O'Neil-Adéyemi", "ruth.adeyemi7@example.edu", "J. Li", "2024"])
    assert found == {"ruth", "neil", "adeyemi", "adeyemi7", "li"}


def test_a_list_tells_no_name_and_another_report_has_another_list():
    one, other = name_hashes(["Ruth"], "a"), name_hashes(["Ruth"], "b")
    assert one == [hashlib.sha256(b"a:ruth").hexdigest()] and one != other


@pytest.mark.django_db
def test_everybody_of_the_team_is_hidden_and_its_name(cast, tmp_path, data_dir):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    piece = report_of(cast, cast.ruth, tmp_path, team=team)
    hidden = report_facts(cast.visit(cast.amit), piece, hide_names=True)["hidden"]
    assert hidden["hashes"] == name_hashes(["Ruth", "Daniel", "Magpie"], hidden["salt"])
    assert report_facts(cast.visit(cast.amit), piece)["hidden"] == {}


@pytest.mark.django_db
def test_the_names_of_the_table_are_hidden_where_the_row_at_hand_is_masked(cast, tmp_path, data_dir):
    piece = report_of(cast, cast.ruth, tmp_path)
    piece.person = User(pk=cast.ruth.pk, name="Report 18", email="report-18@names.invalid")
    hidden = report_facts(cast.visit(cast.amit), piece, hide_names=True)["hidden"]
    assert hidden["hashes"] == name_hashes(["Ruth"], hidden["salt"])
