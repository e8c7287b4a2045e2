from django.urls import path

from courseplatform.keeping import leaving_views, person_views
from courseplatform.keeping.retention import views as retention
from courseplatform.keeping.term import operator_views as of_operators
from courseplatform.keeping.term import views as term

personal = [
    path("delete/", leaving_views.delete_me, name="delete_me"),
    path("person/", person_views.person_page, name="person"),
    path("courses/", of_operators.courses, name="courses"),
    path("courses/<slug:course>/", of_operators.course, name="course"),
    path("courses/<slug:course>/keep/", of_operators.keep, name="course_keep"),
]
app_name = "keeping"
urlpatterns = [
    path("<slug:course>/term/", term.page, name="term"),
    path("<slug:course>/term/close/", term.close, name="term_close"),
    path("<slug:course>/term/open/", term.reopen, name="term_open"),
    path("<slug:course>/term/keep/", term.keep, name="term_keep"),
    path("<slug:course>/term/archive/", term.archive, name="term_archive"),
    path("<slug:course>/term/archive/<int:archive>/", term.archive_live, name="term_archive_live"),
    path("<slug:course>/term/archive/<int:archive>/file/", term.archive_file, name="term_archive_file"),
    path("<slug:course>/retention/", retention.page, name="retention"),
    path("<slug:course>/retention/hold/", retention.hold, name="retention_hold"),
    path("<slug:course>/retention/release/", retention.release, name="retention_release"),
]
