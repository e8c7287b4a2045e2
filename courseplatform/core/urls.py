from django.urls import path

from courseplatform.core import views

app_name = "core"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("style/", views.style, name="style"),
    path("docs/<slug:name>/", views.document, name="page"),
]
