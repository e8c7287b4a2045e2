"""Roster files and the walk from a file to the course."""

from django.core.files.uploadedfile import SimpleUploadedFile

from courseplatform.courses.models import Enrolment
from courseplatform.roster.services.imports import plan_of, roster_import_apply, roster_import_create

PEOPLE = "/courses/odml/people/"

CMU = """Semester,Course,Section,Lecture,Mini,Last Name,Preferred/First Name,MI,Andrew ID,Email,College,Department,Major,Class,Graduation Semester,Units
F23,11767,Lec,1,N,van der Berg,Jan,Q,jberg,,SCS,CS,CS,4,S24,12
F23,11767,A,1,N,van der Berg,Jan,Q,jberg,,SCS,CS,CS,4,S24,12
F23,11767,Lec,1,N,Sukarno,FNU,,sukarno,,SCS,CS,CS,4,S24,12
F23,11767,B,1,N,Sukarno,FNU,,sukarno,,SCS,CS,CS,4,S24,12
"""
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Notes,Lab 1 (123),Current Score
,,,,,,Manual Posting,
    Points Possible,,,,,,10.00,(read only)
"Adeyemi, Ruth",101,00912,ruth@example.edu,11767-A and 11767-1,secret note,9.00,90.00
"Mori, Kenji",102,00913,kenji@example.edu,11767-A,,8.00,80.00
"Student, Test",999,,3f0a3f0a3f0a3f0a3f0a3f0a3f0a3f0a3f0a3f0a,11767-A,,,
"""


def csv_of(*rows, header="Name,Email,Student ID,Section"):
    return "\n".join([header, *rows]) + "\n"


def read_in(cast, text, by=None, **fields):
    data = text if isinstance(text, bytes) else text.encode()
    return roster_import_create(visit=cast.visit(by or cast.helen), data=data, **fields)


def apply_now(cast, found, by=None, **fields):
    """Apply what a preview of this moment says."""
    return roster_import_apply(
        visit=cast.visit(by or cast.helen), roster_import=found, digest=plan_of(found).digest, **fields
    )


def take_in(cast, text, **fields):
    return apply_now(cast, read_in(cast, text), **fields)


def verdicts(found):
    return [line.verdict for line in plan_of(found).lines]


def uploaded(text, name="roster.csv"):
    return SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())


def enrolment_of(cast, person):
    return Enrolment.objects.get(course=cast.course, person=person)
