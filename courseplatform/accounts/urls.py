"""Only the pages that are needed, each with its audience. allauth has more: sign-up, e-mail addresses, setting a first
password without a mail. Courses enrol people by their address, so nobody makes an account or changes its address here.
"""

from allauth.account import views as allauth
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.urls import include, path, re_path

from courseplatform.accounts import (
    merge_views,
    people_views,
    saml_views,
    session_views,
    sign_in_views,
    token_views,
    views,
)
from courseplatform.accounts.second_factor import views as second_factor
from courseplatform.accounts.second_factor.views import of_account
from courseplatform.core.audience import public, signed_in

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
    path("people/", people_views.people, name="people"),
    path("single-sign-on/", sign_in_views.sso_begin, name="sso"),
    path("single-sign-on/back/", sign_in_views.sso_back, name="sso_back"),
    path("single-sign-on/end/", sign_in_views.sso_end, name="sso_end"),
    path("saml/", saml_views.begin, name="saml"),
    path("saml/metadata/", saml_views.metadata, name="saml_metadata"),
    path("saml/take/", saml_views.take, name="saml_take"),
    path("saml/finish/", saml_views.finish, name="saml_finish"),
    path("signed-out/", sign_in_views.signed_out, name="signed_out"),
    path("second-factor/prove/", second_factor.prove, name="factor_prove"),
    path("second-factor/later/", second_factor.later, name="factor_later"),
]
# The names are allauth's: its views lead to each other by them.
factors = [
    path("login/passkey/", sign_in_views.passkey, name="mfa_login_webauthn"),
    path("login/second-factor/", public(factor.authenticate), name="mfa_authenticate"),
    path("again/", signed_in(allauth.reauthenticate), name="account_reauthenticate"),
    path("again/code/", signed_in(factor.reauthenticate), name="mfa_reauthenticate"),
    path("again/passkey/", signed_in(passkeys.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("second-factor/", second_factor.index, name="mfa_index"),
    path("second-factor/app/add/", of_account(totp.activate_totp), name="mfa_activate_totp"),
    path("second-factor/app/remove/", of_account(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("second-factor/codes/", of_account(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("second-factor/codes/make/", of_account(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("second-factor/passkeys/", second_factor.listed, name="mfa_list_webauthn"),
    path("second-factor/passkeys/add/", of_account(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path("second-factor/passkeys/<int:pk>/", of_account(passkeys.edit_webauthn), name="mfa_edit_webauthn"),
    path("second-factor/passkeys/<int:pk>/remove/", of_account(passkeys.remove_webauthn), name="mfa_remove_webauthn"),
]
urlpatterns = [
    path("", include((ours, "accounts"))),
    *factors,
    path("login/", sign_in_views.sign_in, name="account_login"),
    path("logout/", sign_in_views.sign_out, name="account_logout"),
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
