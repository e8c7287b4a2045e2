from django.urls import path

from courseplatform.uploads import views

app_name = "uploads"
urlpatterns = [
    path("", views.collection, name="collection"),
    path("<uuid:upload>/", views.resource, name="resource"),
]
