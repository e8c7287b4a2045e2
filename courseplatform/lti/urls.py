from django.urls import path

from courseplatform.lti.views import course, deep_link, launch, registering, setup

app_name = "lti"
# Two places under one name: what an LMS asks, and operators; and the page of a course.
urlpatterns = [
    path("lti/", setup.index, name="index"),
    path("lti/new/", setup.new, name="new"),
    path("lti/keys/rotate/", setup.rotate, name="rotate"),
    path("lti/registration-link/", setup.invite, name="invite"),
    path("lti/platforms/<int:lti_platform>/", setup.platform, name="platform"),
    path("lti/register/<str:invite>/", registering.register, name="register"),
    path("lti/canvas.json", setup.canvas, name="canvas"),
    path("lti/jwks.json", launch.keys, name="keys"),
    path("lti/login/", launch.login, name="login"),
    path("lti/launch/", launch.launch, name="launch"),
    path("lti/enter/<uuid:lti_launch>/", launch.enter, name="enter"),
    path("lti/connect/<uuid:lti_launch>/", launch.connect, name="connect"),
    path("lti/link/<uuid:lti_launch>/", launch.link, name="link"),
    path("lti/pick/<uuid:lti_launch>/", deep_link.pick, name="pick"),
    path("courses/<slug:course>/lti/", course.course, name="course"),
    path("courses/<slug:course>/lti/names/", course.names, name="names"),
    path("courses/<slug:course>/lti/unlink/", course.unlink, name="unlink"),
]
