from django.urls import URLPattern

app_name = "seminar"
urlpatterns: list[URLPattern] = []
