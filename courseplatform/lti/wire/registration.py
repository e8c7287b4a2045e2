"""Dynamic registration as the library does it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from pylti1p3.dynamic_registration import DynamicRegistration
from pylti1p3.exception import LtiException

from courseplatform.lti.addresses import is_safe
from courseplatform.lti.errors import PlatformProblem
from courseplatform.lti.models import Platform
from courseplatform.lti.scopes import WANTED
from courseplatform.lti.services.tool_facts import SAYS, TITLE, address
from courseplatform.lti.wire.http import PlatformSession

TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"


@dataclass(frozen=True)
class Registered:
    name: str
    issuer: str
    client_id: str
    auth_login_url: str
    auth_token_url: str
    key_set_url: str
    auth_audience: str
    deployment_id: str


class Registration(DynamicRegistration):  # type: ignore[misc]
    client_name, description = TITLE, SAYS

    def __init__(self, configuration_url: str, token: str) -> None:
        self.configuration_url, self.token = configuration_url, token

    def get_request_session(self) -> PlatformSession:
        """To the host of the configuration alone."""
        return PlatformSession(Platform(site_url=self.configuration_url))

    def get_openid_configuration_endpoint(self) -> str:
        return self.configuration_url

    def get_registration_token(self) -> str | None:
        return self.token or None

    def get_initiate_login_uri(self) -> str:
        return address("login")

    def get_jwks_uri(self) -> str:
        return address("keys")

    def get_redirect_uris(self) -> list[str]:
        return [address("launch")]

    def get_target_link_uri(self) -> str:
        return address("launch")

    def get_scopes(self) -> list[str]:
        return WANTED

    def get_domain(self) -> str:
        return urlsplit(settings.SITE_URL).netloc

    def get_claims(self) -> list[str]:
        return ["iss", "sub", "name", "given_name", "family_name", "email", "email_verified"]

    def get_messages(self) -> list[dict[str, str]]:
        return [{"type": "LtiDeepLinkingRequest", "target_link_uri": address("launch"), "label": TITLE},
                {"type": "LtiResourceLinkRequest", "target_link_uri": address("launch"), "label": TITLE}]  # fmt: skip

    def get_logo_uri(self) -> str:
        return f"{settings.SITE_URL}{settings.STATIC_URL}img/favicon.svg"

    def complete_registration(
        self, openid_configuration: dict[str, Any], openid_registration: dict[str, Any]
    ) -> Registered:
        told, ours = openid_configuration, openid_registration
        family = told.get(PLATFORM, {}).get("product_family_code", "")
        return Registered(
            name=str(family).capitalize(), issuer=told["issuer"], client_id=str(ours["client_id"]),
            auth_login_url=told["authorization_endpoint"], auth_token_url=told["token_endpoint"], key_set_url=told["jwks_uri"],
            auth_audience=str(told.get("authorization_server", "")), deployment_id=str(ours[TOOL].get("deployment_id", "")),
        )  # fmt: skip


def registered(configuration_url: str, token: str) -> Registered:
    """Raises PlatformProblem."""
    try:
        found: Registered = Registration(configuration_url, token).register()
    except (LtiException, AssertionError, KeyError, TypeError, ValueError, AttributeError) as error:
        said = "The LMS answered the registration with something that cannot be used. Enter its facts by hand."
        raise PlatformProblem(said, code="registration_failed", is_passing=False) from error
    urls = (found.auth_login_url, found.auth_token_url, found.key_set_url)
    if not all(isinstance(url, str) and is_safe(url) and len(url) <= 500 for url in urls) or len(found.issuer) > 255:
        raise PlatformProblem(
            "The LMS names addresses that cannot be used.", code="registration_failed", is_passing=False
        )
    return found
