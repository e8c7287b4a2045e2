from django.urls import path

from grading.api import board_asks, grades, late_days, leaderboard, power_readings, reruns, views

urlpatterns = [
    path("courses/<slug:course>/assignments", views.Assignments.as_view(), name="assignments"),
    path("courses/<slug:course>/assignments/<slug:assignment>", views.OneAssignment.as_view(), name="assignment"),
    path(
        "courses/<slug:course>/assignments/<slug:assignment>/submissions",
        views.Submissions.as_view(),
        name="submissions",
    ),
    path("courses/<slug:course>/assignments/<slug:assignment>/parts", views.Parts.as_view(), name="parts"),
    path("courses/<slug:course>/assignments/<slug:assignment>/parts/<slug:part>", views.OnePart.as_view(), name="part"),
    path(
        "courses/<slug:course>/assignments/<slug:assignment>/leaderboard",
        leaderboard.Leaderboard.as_view(),
        name="leaderboard",
    ),
    path("courses/<slug:course>/assignments/<slug:assignment>/reruns", reruns.Reruns.as_view(), name="reruns"),
    path(
        "courses/<slug:course>/assignments/<slug:assignment>/reruns/<int:rerun>",
        reruns.OneRerun.as_view(),
        name="rerun",
    ),
    path("courses/<slug:course>/grades", grades.ClassGrades.as_view(), name="class_grades"),
    path("courses/<slug:course>/grades/me", grades.MyGrades.as_view(), name="my_grades"),
    path("courses/<slug:course>/late-days", late_days.LateDays.as_view(), name="late_days"),
    path(
        "courses/<slug:course>/teams/<slug:team>/power-readings",
        power_readings.PowerReadings.as_view(),
        name="power_readings",
    ),
    path("submissions/<uuid:submission>", views.OneSubmission.as_view(), name="submission"),
    path("submissions/<uuid:submission>/file", views.SubmissionFile.as_view(), name="submission_file"),
    path("pieces/<uuid:piece>/file", views.PieceFile.as_view(), name="piece_file"),
    path("runs/<uuid:run>", views.OneRun.as_view(), name="run"),
    path("runs/<uuid:run>/board", board_asks.OneBoardAsk.as_view(), name="board_ask"),
]
