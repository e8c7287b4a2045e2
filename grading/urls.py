from django.urls import path

from grading.views import assignments, late_days, late_give, late_settings, late_staff, late_try, runs, versions

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
    path("<slug:course>/assignments/<slug:assignment>/dates/", late_settings.dates, name="assignment_dates"),
    path("<slug:course>/late-days/balances/", late_staff.balances, name="late_balances"),
    path("<slug:course>/late-days/balances.csv", late_staff.balances_csv, name="late_balances_csv"),
    path("<slug:course>/late-days/people/<int:person>/", late_staff.person, name="late_person"),
    path("<slug:course>/late-days/teams/<slug:team>/", late_staff.team, name="late_team"),
    path("<slug:course>/late-days/grant/", late_give.grant, name="late_grant"),
    path("<slug:course>/late-days/extension/", late_give.extension, name="late_extension"),
    path("<slug:course>/late-days/accommodation/", late_give.accommodation, name="late_accommodation"),
    path("<slug:course>/late-days/excuse/", late_give.excuse, name="late_excuse"),
    path(
        "<slug:course>/late-days/extensions/<int:extension>/withdraw/",
        late_give.extension_withdraw,
        name="extension_withdraw",
    ),
    path(
        "<slug:course>/late-days/accommodations/<int:accommodation>/withdraw/",
        late_give.accommodation_withdraw,
        name="accommodation_withdraw",
    ),
    path("<slug:course>/late-days/excuses/<int:excuse>/withdraw/", late_give.excuse_withdraw, name="excuse_withdraw"),
    path("<slug:course>/late-days/policy/", late_settings.policy, name="late_policy"),
    path("<slug:course>/late-days/try/", late_try.try_out, name="late_try"),
    path("<slug:course>/late-days/late-report.yaml", late_try.late_report_file, name="late_report_file"),
]
