from django.urls import path

from courseplatform.accounts import views

app_name = "accounts"
urlpatterns = [
    path("demo/", views.demo_sign_in, name="demo"),
    path("profile/", views.profile, name="profile"),
]
