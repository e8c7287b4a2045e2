"""Only the pages that are needed, each with its audience. allauth has more: sign-up, e-mail addresses, setting a first
password without a mail. Courses enrol people by their address, so nobody makes an account or changes its address here.
"""

from allauth.account import views as allauth
from django.urls import include, path, re_path

from courseplatform.accounts import merge_views, session_views, token_views, views
from courseplatform.core.audience import public

ours = [
    path("demo/", views.demo_sign_in, name="demo"),
    path("profile/", views.profile, name="profile"),
    path("export/", views.export, name="export"),
    path("export/download/", views.export_download, name="export_download"),
    path("tokens/", token_views.tokens, name="tokens"),
    path("tokens/<int:token>/revoke/", token_views.revoke, name="token_revoke"),
    path("sessions/", session_views.sessions, name="sessions"),
    path("sessions/end/", session_views.sessions_sign_out, name="sessions_end"),
    path("sessions/<int:browser>/end/", session_views.session_sign_out, name="session_end"),
    path("merge/", merge_views.merge, name="merge"),
]
urlpatterns = [
    path("", include((ours, "accounts"))),
    path("login/", public(allauth.login), name="account_login"),
    path("logout/", public(allauth.logout), name="account_logout"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/reset/", public(allauth.password_reset), name="account_reset_password"),
    path("password/reset/done/", public(allauth.password_reset_done), name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[0-9A-Za-z-]+)/$",
        public(allauth.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        public(allauth.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
]
