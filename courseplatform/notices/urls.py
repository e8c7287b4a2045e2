from django.urls import path

from courseplatform.notices.views import announcements, notifications, survey_edit, surveys

app_name = "notices"
urlpatterns = [
    path("<slug:course>/announcements/", announcements.index, name="announcements"),
    path("<slug:course>/announcements/new/", announcements.new, name="announcement_new"),
    path("<slug:course>/announcements/preview/", announcements.preview, name="announcement_preview"),
    path("<slug:course>/announcements/<int:announcement>/", announcements.detail, name="announcement"),
    path("<slug:course>/announcements/<int:announcement>/edit/", announcements.edit, name="announcement_edit"),
    path("<slug:course>/announcements/<int:announcement>/withdraw/", announcements.withdraw, name="announcement_withdraw"),
    path("<slug:course>/announcements/<int:announcement>/pin/", announcements.pin, name="announcement_pin"),
    path("<slug:course>/surveys/", surveys.index, name="surveys"),
    path("<slug:course>/surveys/new/", survey_edit.new, name="survey_new"),
    path("<slug:course>/surveys/<int:survey>/", surveys.detail, name="survey"),
    path("<slug:course>/surveys/<int:survey>/answer/", surveys.answer, name="survey_answer"),
    path("<slug:course>/surveys/<int:survey>/results/", surveys.results, name="survey_results"),
    path("<slug:course>/surveys/<int:survey>/results.csv", surveys.results_csv, name="survey_results_csv"),
    path("<slug:course>/surveys/<int:survey>/answered.csv", surveys.completions_csv, name="survey_answered_csv"),
    path("<slug:course>/surveys/<int:survey>/edit/", survey_edit.edit, name="survey_edit"),
    path("<slug:course>/surveys/<int:survey>/publish/", survey_edit.publish, name="survey_publish"),
    path("<slug:course>/surveys/<int:survey>/unpublish/", survey_edit.unpublish, name="survey_unpublish"),
    path("<slug:course>/surveys/<int:survey>/close/", survey_edit.close, name="survey_close"),
    path("<slug:course>/surveys/<int:survey>/questions/", survey_edit.question_add, name="question_add"),
    path("<slug:course>/surveys/<int:survey>/questions/<int:question>/", survey_edit.question_edit, name="question_edit"),
    path("<slug:course>/surveys/<int:survey>/questions/<int:question>/move/", survey_edit.question_move, name="question_move"),
    path("<slug:course>/surveys/<int:survey>/questions/<int:question>/delete/", survey_edit.question_delete, name="question_delete"),
]  # fmt: skip

# A person's own, in no course: courseplatform/urls.py puts them under notifications/, with the namespace of the same name.
personal = [
    path("", notifications.index, name="index"),
    path("read/", notifications.read_all, name="read_all"),
    path("settings/", notifications.preferences, name="settings"),
    path("<int:notification>/open/", notifications.open_one, name="open"),
    path("<int:notification>/read/", notifications.read_one, name="read"),
    path("stop/<str:stop>/", notifications.stop, name="stop"),
]
