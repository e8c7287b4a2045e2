"""Addresses of runners: pages of a course, the protocol (api.py) and the agent's file."""

from django.urls import path

from hardware.runners import views

app_name = "runners"
download = path("runner/milliamp-runner.pyz", views.agent, name="runner_agent")
urlpatterns = [
    path("<slug:course>/runners/", views.index, name="index"),
    path("<slug:course>/runners/live/", views.live, name="live"),
    path("<slug:course>/runners/new/", views.new, name="new"),
    path("<slug:course>/runners/<uuid:runner>/", views.show, name="show"),
    path("<slug:course>/runners/<uuid:runner>/code/", views.code, name="code"),
    path("<slug:course>/runners/<uuid:runner>/duty/", views.duty, name="duty"),
    path("<slug:course>/runners/<uuid:runner>/clear/", views.clear, name="clear"),
    path("<slug:course>/runners/<uuid:runner>/log/<uuid:board_job>/", views.log, name="log"),
]
