"""How people sign in, as settings: Django's, allauth's, and the providers of single sign-on that environment variables name."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from courseplatform import env
from courseplatform.accounts.password_rules import LEAST
from courseplatform.accounts.single_sign_on.providers import Oidc, Saml

REAUTHENTICATION_S = 15 * 60
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _all_or_none(names: tuple[str, ...]) -> bool:
    """Whether these variables are set. Some of them only is refused."""
    missing = [name for name in names if not env.text(name)]
    if missing and len(missing) < len(names):
        said = ", ".join(name for name in names if name not in missing)
        raise ImproperlyConfigured(f"{said} is set, {', '.join(missing)} is not; set all of them, or none.")
    return not missing


def _https(name: str) -> str:
    """An address of a provider: https, on this machine also http."""
    value = env.text(name)
    parts = urlsplit(value)
    if not parts.hostname or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be an address that begins with https://.")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ImproperlyConfigured(f"{name} is {value!r}; it must begin with https://.")
    return value


def oidc() -> Oidc | None:
    """OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET together, or None."""
    if not _all_or_none(("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")):
        return None
    scopes = tuple(env.text("OIDC_SCOPES", "openid email profile").replace(",", " ").split())
    if "openid" not in scopes:
        raise ImproperlyConfigured(f"OIDC_SCOPES is {' '.join(scopes)!r}; it must hold openid.")
    return Oidc(
        _https("OIDC_ISSUER"), env.text("OIDC_CLIENT_ID"), env.text("OIDC_CLIENT_SECRET"), env.text("OIDC_NAME", "your university"),
        scopes, env.flag("OIDC_VOUCHES_FOR_ADDRESSES", False),
    )  # fmt: skip


def saml() -> Saml | None:
    """SAML_ENTITY_ID, SAML_SSO_URL and SAML_CERTIFICATES together, or None."""
    if not _all_or_none(("SAML_ENTITY_ID", "SAML_SSO_URL", "SAML_CERTIFICATES")):
        return None
    return Saml(
        env.text("SAML_ENTITY_ID"), _https("SAML_SSO_URL"), _certificates("SAML_CERTIFICATES"), env.text("SAML_NAME", "your university"),
        env.text("SAML_SUBJECT", "urn:oasis:names:tc:SAML:attribute:subject-id"), env.text("SAML_EMAIL", "urn:oid:0.9.2342.19200300.100.1.3"),
    )  # fmt: skip


def _certificates(name: str) -> tuple[str, ...]:
    path = Path(env.text(name))
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name} is {str(path)!r}; that file cannot be read.") from error
    end = "-----END CERTIFICATE-----"
    found = tuple(f"{part.strip()}\n{end}\n" for part in text.split(end) if "-----BEGIN CERTIFICATE-----" in part)
    if not found:
        raise ImproperlyConfigured(f"{name} is {str(path)!r}; that file holds no certificate in PEM.")
    return found


def sso_only(providers: tuple[object, ...]) -> bool:
    """SSO_ONLY: passwords are for operators alone."""
    found = env.flag("SSO_ONLY", False)
    if found and not any(providers):
        raise ImproperlyConfigured(
            "SSO_ONLY is 1, and no single sign-on is set: set OIDC_ISSUER or SAML_ENTITY_ID too."
        )
    return found


def sign_in_settings(*, behind_tls: bool, session_days: int) -> dict[str, Any]:
    """Those of Django and allauth. What our own code reads stands in settings.py."""
    return {**_sessions(behind_tls, session_days), **_accounts(), **_factors()}


def _sessions(behind_tls: bool, session_days: int) -> dict[str, Any]:
    """Behind TLS the cookies are bound to this very host (`__Host-`): no neighbour under the same domain can plant one."""
    prefix = "__Host-" if behind_tls else ""
    return {
        "SESSION_ENGINE": "courseplatform.accounts.session_store",
        "SESSION_COOKIE_AGE": session_days * 86400,
        "SESSION_COOKIE_NAME": f"{prefix}sessionid",
        "CSRF_COOKIE_NAME": f"{prefix}csrftoken",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": behind_tls,
        "CSRF_COOKIE_SECURE": behind_tls,
    }


def _accounts() -> dict[str, Any]:
    return {
        "AUTH_USER_MODEL": "accounts.User",
        "AUTHENTICATION_BACKENDS": ["courseplatform.accounts.backends.AccountBackend"],
        "AUTH_PASSWORD_VALIDATORS": _password_rules(),
        "LOGIN_URL": "account_login",
        "LOGIN_REDIRECT_URL": "front",
        "ACCOUNT_ADAPTER": "courseplatform.accounts.adapter.AccountAdapter",
        "ACCOUNT_USER_MODEL_USERNAME_FIELD": None,
        "ACCOUNT_LOGIN_METHODS": {"email"},
        "ACCOUNT_SIGNUP_FIELDS": ["email*", "password1*", "password2*"],
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_LOGOUT_REDIRECT_URL": "front",
        "ACCOUNT_SESSION_REMEMBER": False,  # a session ends with the browser: laboratories share their computers
        "ACCOUNT_EMAIL_SUBJECT_PREFIX": "",
        "ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS": False,  # such a mail would offer to sign up
        "ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR": "django.contrib.auth.tokens.PasswordResetTokenGenerator",  # a name, no password  # nosec B105
        "ACCOUNT_REAUTHENTICATION_TIMEOUT": REAUTHENTICATION_S,
        "ACCOUNT_FORMS": {
            "reset_password": "courseplatform.accounts.password_forms.AskForm",
            "reset_password_from_key": "courseplatform.accounts.password_forms.NewPasswordForm",
            "user_token": "courseplatform.accounts.password_forms.LinkForm",
        },
        # Over one of these is the 429 page, which says "one minute"; only failed passwords have a sentence of their own.
        "ACCOUNT_RATE_LIMITS": {
            "login": "30/m/ip",
            "login_failed": "10/m/ip,5/5m/key",
            "single_sign_on": "300/m/ip",  # a lecture hall behind one address
            "reauthenticate": "10/m/user",
            "change_password": "5/m/user",
            "reset_password": "20/m/ip,5/m/key",
            "reset_password_from_key": "20/m/ip",
        },
        "SOCIALACCOUNT_ADAPTER": "courseplatform.accounts.single_sign_on.oidc.ProviderAdapter",
    }


def _password_rules() -> list[dict[str, Any]]:
    names = ("UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword")
    found: list[dict[str, Any]] = [
        {"NAME": f"django.contrib.auth.password_validation.{name}Validator"} for name in names
    ]
    found[1]["OPTIONS"] = {"min_length": LEAST}
    return [*found, {"NAME": "courseplatform.accounts.password_rules.MaximumLength"}]


def _factors() -> dict[str, Any]:
    return {
        "MFA_ADAPTER": "courseplatform.accounts.second_factor.adapter.FactorAdapter",
        "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
        "MFA_PASSKEY_LOGIN_ENABLED": True,
        "MFA_RECOVERY_CODES_SHOW_ONCE": True,
        "MFA_TOTP_TOLERANCE": 1,  # a clock that is half a minute off; each code works once all the same (second_factor/forms.py)
        "MFA_TOTP_ISSUER": "Milliamp",
        "MFA_ALLOW_UNVERIFIED_EMAIL": True,  # addresses come from the staff; allauth's table of them is not used
        "MFA_RATE_LIMITS": {"webauthn_login": "30/m/ip"},
        "MFA_FORMS": {
            "authenticate": "courseplatform.accounts.second_factor.forms.CodeForm",
            "reauthenticate": "courseplatform.accounts.second_factor.forms.CodeAgainForm",
            "add_webauthn": "courseplatform.accounts.second_factor.forms.PasskeyAddForm",
            "login_webauthn": "courseplatform.accounts.second_factor.forms.PasskeySignInForm",
            "authenticate_webauthn": "courseplatform.accounts.second_factor.forms.PasskeyStepForm",
            "reauthenticate_webauthn": "courseplatform.accounts.second_factor.forms.PasskeyAgainForm",
        },
    }
