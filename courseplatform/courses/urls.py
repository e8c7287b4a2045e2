from django.urls import path

from courseplatform.courses.views import editing, file, pages, settings, stages, visibility

app_name = "courses"
urlpatterns = [
    path("<slug:course>/", pages.home, name="home"),
    path("<slug:course>/tour/", pages.tour_seen, name="tour_seen"),
    path("<slug:course>/about/", pages.about, name="about"),
    path("<slug:course>/schedule/", pages.schedule, name="schedule"),
    path("<slug:course>/policies/", pages.policies, name="policies"),
    path("<slug:course>/devices/", pages.devices, name="devices"),
    path("<slug:course>/projects/", pages.projects, name="projects"),
    path("<slug:course>/schedule/new/", editing.session_new, name="session_new"),
    path("<slug:course>/schedule/changes/", editing.changes, name="changes"),
    path("<slug:course>/schedule/<int:session>/", editing.session, name="session"),
    path("<slug:course>/schedule/<int:session>/publish/", editing.session_publish, name="session_publish"),
    path("<slug:course>/schedule/<int:session>/delete/", editing.session_delete_view, name="session_delete"),
    path("<slug:course>/settings/", settings.settings, name="settings"),
    path("<slug:course>/stages/", stages.stages, name="stages"),
    path("<slug:course>/visibility/", visibility.visibility, name="visibility"),
    path("<slug:course>/file/", file.page, name="file"),
    path("<slug:course>/file/download/", file.download, name="file_download"),
    path("<slug:course>/file/preview/", file.preview, name="file_preview"),
    path("<slug:course>/file/apply/", file.apply, name="file_apply"),
]
