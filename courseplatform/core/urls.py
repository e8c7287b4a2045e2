from django.urls import path

from courseplatform.core import views

app_name = "core"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path(".well-known/security.txt", views.security_contact, name="security_contact"),
    path("style/", views.style, name="style"),
    path("docs/", views.document, name="documents"),
    path("docs/<slug:name>/", views.document, name="page"),
]
