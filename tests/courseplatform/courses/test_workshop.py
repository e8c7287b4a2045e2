"""courses/on-device-intelligence-workshop.yaml against the facts of its public page, which stand here a second time as literals."""

from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from courseplatform.courses.course_file.checking import checked
from courseplatform.courses.course_file.reading import read
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.service import export_text, tree_of
from courseplatform.courses.course_file.writing import canonical
from courseplatform.courses.models import Course
from courseplatform.seminar.course_file import papers_dump

SLUG = "on-device-intelligence-workshop"
FILE = Path(settings.BASE_DIR) / "courses" / f"{SLUG}.yaml"
PROGRAMME = [
    ("07:00", "07:15", "Opening Remarks", "Paul Whatmough, Arm Research", "Paul Whatmough, Arm Research"),
    ("07:15", "08:15", "Keynote 1", "Putting AI on Diet: TinyML and Efficient Deep Learning", "Song Han, MIT"),
    ("08:15", "08:30", "", "MORNING BREAK", ""),
    ("08:30", "09:15", "Invited 1", "Efficient ML on the Edge with Apache TVM", "Thierry Moreau, OctoML"),
    (
        "09:15", "09:30", "Contributed 1",
        "A Flexible, Extensible Software Framework for Model Compression Based on the LC Algorithm",
        "Yerlan Idelbayev, University of California, Merced",
    ),
    (
        "09:30", "09:45", "Contributed 2", "TorchQuant: A Hackable Quantization Library For Researchers, By Reseachers",
        "Shyam A Tailor, University of Cambridge",
    ),
    (
        "09:45", "10:00", "Contributed 3", "Towards Real-Time 3D Object Detection with Pruning Search on Edge Devices",
        "Pu Zhao, Northeastern University",
    ),
    (
        "10:00", "10:15", "Contributed 4",
        "A Compiler-aware Framework of Network Pruning Search Achieving Beyond Real-Time Mobile Acceleration",
        "Yanyu Li, Northeastern University",
    ),
    ("10:15", "10:30", "Contributed 5", "On-device federated learning with Flower", "Akhil Mathur, Nokia Bell Labs"),
    (
        "10:30", "10:45", "Contributed 6",
        "Semi-supervised on-device neural network adaptation for remote and portable laser-induced breakdown spectroscopy",
        "Kshitij Bhardwaj, LLNL",
    ),
    (
        "10:45", "11:00", "Contributed 7",
        "QAPPA: Quantization-Aware Power, Performance, and Area Modeling of DNN Accelerators", "Ahmet Inci, CMU",
    ),
    ("11:00", "12:00", "", "LUNCH BREAK", ""),
    (
        "12:00", "12:45", "Keynote 2", "Customizing Federated Learning to the Edge Device",
        "Venkatesh Saligrama, Boston University",
    ),
    ("12:45", "13:15", "Invited 2", "Enabling standardized behavior for ML operations with TOSA", "Eric Kunze, Arm"),
    ("13:15", "13:45", "Invited 3", "On-Device NLP at Facebook", "Ahmed Aly, Facebook; Kshitiz Malik, Facebook"),
    ("13:45", "14:00", "Tutorial 1", "TinyML Model Design", "Igor Fedorov, Arm Research"),
    ("14:00", "14:15", "Tutorial 2", "Deploying and Profiling TinyML Models", "Colby Banbury, Harvard"),
    ("14:15", "14:30", "Closing Remarks", "Vijay Reddi, Harvard", "Vijay Reddi, Harvard"),
]  # fmt: skip
KINDS = (
    ["opening", "keynote", "break", "invited"]
    + ["contributed"] * 7
    + ["break", "keynote", "invited", "invited", "tutorial", "tutorial", "closing"]
)
PRESENTERS = {
    "Opening Remarks": ["Paul Whatmough"],
    "Invited 1": ["Thierry Moreau"],
    "Contributed 2": ["Shyam Tailor"],
    "Contributed 3": ["PU ZHAO"],
    "Contributed 6": ["Kshitij Bhardwaj"],
}
LINKS = [
    ("Contributed 2", "TorchQuant", "https://github.com/camlsys/torchquant"),
    ("Contributed 3", "link »", None),
    ("Keynote 2", "More information about his work", "http://sites.bu.edu/data"),
]
ORGANIZERS = [
    ("Paul Whatmough", "Arm Research"),
    ("Vijay Janapa Reddi", "Harvard University"),
    ("Chuteng Zhou", "Arm Research"),
    ("Igor Federov", "Arm Research"),
    ("Matthew Mattina", "Arm ML Research Lab"),
    ("Pete Warden", "Google"),
    ("Ganesh Venkatesh", "Facebook"),
    ("Vikas Chandra", "Facebook"),
]
MOBILE = (
    "MLPerf Mobile Inference Benchmark: An Industry-Standard Open-Source Machine Learning Benchmark for On-Device AI"
)
DOPING = "Doping: A technique for Extreme Compression of LSTM Models using Sparse Structured Additive Matrices"
MICRO = "TensorFlow Lite Micro: Embedded Machine Learning for TinyML Systems"
MICRONETS = "MicroNets: Neural Network Architectures for Deploying TinyML Applications on Commodity Microcontrollers"
SCOPE = "RL-Scope: Cross-stack Profiling for Deep Reinforcement Learning Workloads"
# year, kind, title, how many authors, the last of them
PAPERS = [
    (2022, "Poster", "ML-EXray: Visibility into ML Deployment on the Edge", 8, "Sachin Katti"),
    (2022, "Poster", MOBILE, 27, "Dylan Zika"),
    (2023, "Poster", "Edge Impulse: An MLOps Platform for Tiny Machine Learning", 16, "Jessica Quaye"),
    (
        2023, "Poster", "XRBench: An Extended Reality (XR) Machine Learning Benchmark Suite for the Metaverse", 18,
        "Vijay Janapa Reddi",
    ),
    (2023, None, "Closing Remarks", 1, "Vijay Janapa Reddi"),
    (2023, "Workshop", "Workshop on Systems for Next-Gen AI Paradigms", 5, "Zergham Ahmed"),
    (2023, "Workshop", "The 3rd On-Device Intelligence Workshop", 7, "Matthew Stewart"),
    (2022, "Oral", MOBILE, 27, "Dylan Zika"),
    (2022, "Oral", "ML-EXray: Visibility into ML Deployment on the Edge", 8, "Sachin Katti"),
    (2021, None, "The Future of ML is Tiny and Bright: Challenges and Opportunities", 1, "Vijay Janapa Reddi"),
    (2021, None, "Paul Whatmough, Arm Research", 1, "Paul Whatmough"),
    (2021, "Poster", DOPING, 5, "Jesse Beu"),
    (2021, "Oral", DOPING, 5, "Jesse Beu"),
    (2021, "Poster", SCOPE, 6, "Gennady Pekhimenko"),
    (2021, "Oral", SCOPE, 6, "Gennady Pekhimenko"),
    (2021, "Poster", MICRO, 13, "Rocky Rhodes"),
    (2021, "Poster", MICRONETS, 9, "Paul Whatmough"),
    (2021, "Oral", MICRO, 13, "Rocky Rhodes"),
    (2021, "Oral", MICRONETS, 9, "Paul Whatmough"),
    (2020, "Workshop", "On-Device Intelligence", 4, "Yingyan Lin"),
    (2020, "Oral", "MLPerf Training Benchmark", 32, "Matei Zaharia"),
    (2020, "Oral", "Searching for Winograd-aware Quantized Networks", 4, "Matthew Mattina"),
    (2020, "Poster", "Searching for Winograd-aware Quantized Networks", 4, "Matthew Mattina"),
    (2020, "Poster", "MLPerf Training Benchmark", 32, "Matei Zaharia"),
    (2020, "Demonstration", "Air Learning: An End To End Learning Gym For Aerial Robots", 5, "Vijay Janapa Reddi"),
]  # fmt: skip


@pytest.fixture
def course(db):
    call_command("import_course", str(FILE))
    return Course.objects.get(slug=SLUG)


def said(session):
    return "; ".join(f"{who['name']}, {who['affiliation']}" for who in session.details.get("speakers", []))


def test_every_slot_stands_at_its_hours_with_its_label_title_and_speakers(course):
    rows = course.sessions.order_by("position")
    found = [
        (f"{row.starts_at:%H:%M}", f"{row.ends_at:%H:%M}", row.details.get("slot", ""), row.title, said(row))
        for row in rows
    ]
    assert found == PROGRAMME
    assert [row.kind for row in rows] == KINDS


def test_the_day_is_a_friday_without_date_and_zone(course):
    assert {(row.held_on, row.weekday) for row in course.sessions.all()} == {(None, 4)}
    assert (course.zone, course.starts_on, course.layout) == ("", None, "programme")


def test_names_that_are_listed_again_keep_their_spelling(course):
    found = {
        row.details["slot"]: row.details["presenters"] for row in course.sessions.all() if "presenters" in row.details
    }
    assert found == PRESENTERS


def test_links_keep_their_labels_also_without_an_address(course):
    rows = sorted(course.sessions.all(), key=lambda row: row.details.get("slot", ""))
    assert [(r.details["slot"], li["label"], li.get("url")) for r in rows for li in r.details.get("links", [])] == LINKS


def test_every_talk_has_an_abstract_and_every_invited_speaker_a_biography(course):
    talks = course.sessions.exclude(kind__in=["opening", "break", "closing"])
    assert all(row.details["abstract"] for row in talks)
    assert {row.details["slot"] for row in talks if "biography" in row.details} == {
        "Keynote 1", "Keynote 2", "Invited 1", "Invited 2", "Invited 3",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("slot", "figures"),
    [
        ("Keynote 1", ["1MB", "7-13x", "100 images"]),
        ("Invited 1", ["30x"]),
        ("Contributed 3", ["Samsung Galaxy S20"]),
        ("Contributed 4", ["6.7ms", "5.9ms", "3.9ms", "77%", "75%", "71%", "MobileNet-V3", "MobileNet-V2"]),
        ("Contributed 6", ["89.3%", "2.1%", "Google Pixel2"]),
    ],
)
def test_an_abstract_keeps_its_figures(course, slot, figures):
    (row,) = [row for row in course.sessions.all() if row.details.get("slot") == slot]
    assert [figure for figure in figures if figure not in row.details["abstract"]] == []


def test_organizers_stand_apart_from_speakers(course):
    rows = course.staff.order_by("position")
    assert [(row.name, row.affiliation) for row in rows] == ORGANIZERS
    assert {row.role for row in rows} == {"organizer"}
    about = rows.last().about
    assert [
        w for w in ("2004", "2011 – 2014", "2016 – 2017", "70", "40", "2009", "2017", "IEEE") if w not in about
    ] == []


def test_other_works_of_the_organizers_keep_year_kind_and_authors(course):
    papers = papers_dump(course)
    authors = [paper["authors"].split(" · ") for paper in papers]
    found = [
        (p["year"], p.get("kind"), p["title"], len(names), names[-1]) for p, names in zip(papers, authors, strict=True)
    ]
    assert found == PAPERS
    assert Counter(name for names in authors for name in names)["Igor Fedorov"] == 2


def test_spellings_and_gaps_of_the_page_are_findings(course):
    codes = {item["code"] for item in course.facts["findings"]}
    assert {"no-date", "no-zone", "federov-or-fedorov", "qappa-abstract-cut-off", "reseachers"} <= codes


def test_the_file_holds_no_e_mail_address():
    assert "@" not in FILE.read_text()


def test_the_rows_alone_give_back_the_file(course):
    wanted = canonical(checked(read(FILE.read_bytes())), file_parts.schema)
    assert tree_of(course) == wanted
    assert export_text(course) == FILE.read_text()
    course.file_text = ""
    assert canonical(checked(read(export_text(course).encode())), file_parts.schema) == wanted
