from django.urls import path

from courseplatform.audit import views

app_name = "audit"
urlpatterns = [
    path("<slug:course>/audit/", views.index, name="index"),
    path("<slug:course>/audit.csv", views.index_csv, name="csv"),
    path("<slug:course>/view-as/", views.view_as, name="view_as"),
    path("<slug:course>/view-as/stop/", views.view_as_stop, name="view_as_stop"),
    path("<slug:course>/view-as/rules/", views.view_rules, name="view_rules"),
]
