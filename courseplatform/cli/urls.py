from django.urls import path

from courseplatform.cli import views

app_name = "cli"
urlpatterns = [
    path("", views.page, name="page"),
    path("milliamp", views.file, name="file"),
    path("version", views.version, name="version"),
]
