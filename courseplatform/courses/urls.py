from django.urls import path

from courseplatform.courses import views

app_name = "courses"
urlpatterns = [
    path("<slug:course>/", views.home, name="home"),
    path("<slug:course>/schedule/", views.schedule, name="schedule"),
]
