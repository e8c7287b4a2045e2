"""Addresses of runners: pages of a course, the protocol (api.py) and the agent's file."""

from django.urls import path

from hardware.runners import acting, calibration_views, own_views, views

app_name = "runners"
download = path("runner/milliamp-runner.pyz", views.agent, name="runner_agent")
urlpatterns = [
    path("<slug:course>/runners/", views.index, name="index"),
    path("<slug:course>/runners/live/", views.live, name="live"),
    path("<slug:course>/runners/new/", views.new, name="new"),
    path("<slug:course>/runners/<uuid:runner>/", views.show, name="show"),
    path("<slug:course>/runners/<uuid:runner>/now/", views.now, name="now"),
    path("<slug:course>/runners/<uuid:runner>/arrival/", views.arrival, name="arrival"),
    path("<slug:course>/runners/<uuid:runner>/figures/<slug:figure>.json", views.plot, name="plot"),
    path("<slug:course>/runners/<uuid:runner>/figures/<slug:figure>.csv", views.csv, name="csv"),
    path("<slug:course>/runners/<uuid:runner>/edit/", acting.edit, name="edit"),
    path("<slug:course>/runners/<uuid:runner>/code/", acting.code, name="code"),
    path("<slug:course>/runners/<uuid:runner>/duty/", acting.duty, name="duty"),
    path("<slug:course>/runners/<uuid:runner>/clear/", acting.clear, name="clear"),
    path("<slug:course>/runners/<uuid:runner>/calibration/", calibration_views.show, name="calibration"),
    path("<slug:course>/runners/<uuid:runner>/calibration/live/", calibration_views.live, name="calibration_live"),
    path(
        "<slug:course>/runners/<uuid:runner>/calibration/cancel/", calibration_views.cancel, name="calibration_cancel"
    ),
    path("<slug:course>/team/<slug:team>/runner/<int:lent_item>/code/", own_views.code, name="own_code"),
    path("<slug:course>/team/<slug:team>/runner/<int:lent_item>/arrival/", own_views.arrival, name="own_arrival"),
    path("<slug:course>/runners/<uuid:runner>/log/<uuid:board_job>/", views.log, name="log"),
    path("<slug:course>/runners/<uuid:runner>/log/<uuid:board_job>/text/", views.log_text, name="log_text"),
]
