from django.urls import path

from courseplatform.calendars import views

app_name = "calendars"
urlpatterns = [
    path("<slug:course>/calendar.ics", views.course_ics, name="course"),
    path("<slug:course>/calendar/", views.page, name="page"),
    path("<slug:course>/calendar/renew/", views.renew, name="renew"),
]

# Feeds of a person: courseplatform/urls.py puts them under calendar/, with the namespace `feeds`.
feeds = [
    path("<str:token>.ics", views.person_ics, name="person"),
    path("<str:token>/<slug:course>.ics", views.person_course_ics, name="person_course"),
]
