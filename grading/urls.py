from django.urls import path

from grading.views import assignments, late_days, runs, versions

app_name = "grading"
urlpatterns = [
    path("<slug:course>/assignments/", assignments.index, name="assignments"),
    path("<slug:course>/assignments/<slug:assignment>/", assignments.detail, name="assignment"),
    path("<slug:course>/assignments/<slug:assignment>/hand-in/", assignments.hand_in, name="hand_in"),
    path("<slug:course>/assignments/<slug:assignment>/compare/", versions.compare, name="compare"),
    path("<slug:course>/attempts/<uuid:submission>/choose/", versions.choose, name="choose"),
    path("<slug:course>/assignments/<slug:assignment>/late-days/", late_days.ask, name="late_request"),
    path("<slug:course>/late-days/", late_days.mine, name="late_days"),
    path("<slug:course>/late-days.csv", late_days.mine_csv, name="late_days_csv"),
    path("<slug:course>/submissions/", assignments.submissions, name="submissions"),
    path("<slug:course>/submissions.csv", assignments.submissions_csv, name="submissions_csv"),
    path("<slug:course>/receipts/<uuid:submission>/", assignments.receipt, name="receipt"),
    path("<slug:course>/runs/<uuid:run>/", runs.detail, name="run"),
    path("<slug:course>/runs/<uuid:run>/live/", runs.live, name="run_live"),
    path("<slug:course>/runs/<uuid:run>/cancel/", runs.cancel, name="run_cancel"),
    path("<slug:course>/runs/<uuid:run>/again/", runs.again, name="run_again"),
    path("<slug:course>/runs/<uuid:run>/result.json", runs.result_json, name="run_json"),
    path("<slug:course>/runs/<uuid:run>/figures/<slug:figure>.json", runs.plot, name="run_plot"),
    path("<slug:course>/runs/<uuid:run>/figures/<slug:figure>.csv", runs.csv, name="run_csv"),
]
