"""A URL conf with a view that forgot to declare who may come."""

from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [path("open/", lambda request: HttpResponse("secret")), path("", include("courseplatform.urls"))]
