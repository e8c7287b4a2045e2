from django.urls import path

from courseplatform.status.views import operating, pages

app_name = "status"
urlpatterns = [
    path("", pages.index, name="index"),
    path("live/", pages.live, name="live"),
    path("waits.csv", pages.waits_csv, name="waits_csv"),
    path("tonight.csv", pages.tonight_csv, name="tonight_csv"),
    path("nights/", pages.nights, name="nights"),
    path("nights/<str:night>/", pages.night, name="night"),
    path("nights/<str:night>/wait.csv", pages.night_csv, name="night_csv"),
    path("incidents/", pages.incidents, name="incidents"),
    path("notice/", operating.notice, name="notice"),
    path("notice/<int:site_notice>/take-back/", operating.take_back, name="take_back"),
    path("incidents/new/", operating.incident, name="incident_new"),
    path("incidents/<int:site_incident>/close/", operating.close, name="incident_close"),
    path("acts/<slug:act>/", operating.act, name="act"),
]
