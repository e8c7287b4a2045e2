from django.urls import URLPattern, URLResolver, include, path

from courseplatform.accounts.api import Me
from courseplatform.calendars.urls import feeds
from courseplatform.core import error_pages
from courseplatform.core.api_shapes import Schema
from courseplatform.courses import api as courses_api
from courseplatform.courses.views.new import new
from courseplatform.courses.views.pages import courses, front
from courseplatform.keeping.urls import personal as leaving
from courseplatform.notices.urls import personal
from courseplatform.uploads.api import OneUpload, Uploads
from grading.urls import site_line
from hardware.inventory.urls import label
from hardware.inventory.urls import personal as my_hardware
from hardware.runners.api import protocol
from hardware.runners.urls import download
from hardware.urls import site_devices

api: list[URLPattern | URLResolver] = [
    path("schema", Schema.as_view(), name="schema"),
    path("me", Me.as_view(), name="me"),
    path("uploads/", Uploads.as_view(), name="uploads"),
    path("uploads/<uuid:upload>/", OneUpload.as_view(), name="upload"),
    path("", include(courses_api.urlpatterns)),
    path("", include("hardware.api")),
    path("", include("grading.api.urls")),
]
urlpatterns = [
    path("", front, name="front"),
    path("new-course/", new, name="new_course"),
    path("", include("courseplatform.core.urls")),
    path("", include("courseplatform.metrics.urls")),
    path("api/v1/", include((api, "api"))),
    path("api/runner/v1/", include((protocol, "runner_protocol"))),
    path("accounts/", include("courseplatform.accounts.urls")),
    path("status/", include("courseplatform.status.urls")),
    path("leaving/", include((leaving, "leaving"))),
    path("notifications/", include((personal, "notifications"))),
    path("calendar/", include((feeds, "feeds"))),
    path("uploads/", include("courseplatform.uploads.urls")),
    path("cli/", include("courseplatform.cli.urls")),
    path("devices/", include((site_devices, "devices"))),
    label,
    *my_hardware,
    download,
    path("line/", include((site_line, "site_line"))),
    path("", include("courseplatform.lti.urls")),
    path("courses/", courses, name="courses"),
    path("courses/", include("courseplatform.courses.urls")),
    path("courses/", include("courseplatform.audit.urls")),
    path("courses/", include("courseplatform.keeping.urls")),
    path("courses/", include("courseplatform.notices.urls")),
    path("courses/", include("courseplatform.calendars.urls")),
    path("courses/", include("courseplatform.roster.urls")),
    path("courses/", include("courseplatform.teams.urls")),
    path("courses/", include("courseplatform.seminar.urls")),
    path("courses/", include("courseplatform.scribe.urls")),
    path("courses/", include("courseplatform.participation.urls")),
    path("courses/", include("hardware.urls")),
    path("courses/", include("hardware.inventory.urls")),
    path("courses/", include("hardware.runners.urls")),
    path("courses/", include("grading.urls")),
]
handler400 = error_pages.bad_request
handler403 = error_pages.forbidden
handler404 = error_pages.not_found
handler429 = error_pages.too_many  # allauth looks for it here
handler500 = error_pages.server_error
