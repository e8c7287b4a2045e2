"""Addresses of the hardware room: devices of the site, for anybody, and those of a course."""

from django.urls import path

from hardware.views import of_course, shipped

app_name = "hardware"
site_devices = [
    path("", shipped.index, name="index"),
    path("plot.json", shipped.plot, name="plot"),
    path("devices.csv", shipped.csv, name="csv"),
    path("<slug:device>/", shipped.device, name="device"),
]
urlpatterns = [
    path("<slug:course>/device-profiles/", of_course.index, name="index"),
    path("<slug:course>/device-profiles/plot.json", of_course.plot, name="plot"),
    path("<slug:course>/device-profiles/devices.csv", of_course.csv, name="csv"),
    path("<slug:course>/device-profiles/new/", of_course.new, name="new"),
    path("<slug:course>/device-profiles/<slug:device>/", of_course.device, name="course_device"),
    path("<slug:course>/device-profiles/<slug:own_device>/edit/", of_course.edit, name="edit"),
    path("<slug:course>/device-profiles/<slug:own_device>/file/", of_course.file, name="file"),
]
