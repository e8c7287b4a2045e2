from django.urls import URLPattern

app_name = "scribe"
urlpatterns: list[URLPattern] = []
