"""Our rows in the shapes of the library: which platforms, clients and deployments are known, and with which key we sign."""

from typing import Any

from pylti1p3.deployment import Deployment as LibraryDeployment
from pylti1p3.registration import Registration
from pylti1p3.tool_config import ToolConfAbstract

from courseplatform.lti.models import Deployment, Platform
from courseplatform.lti.services.keys import signing_key


def registration_of(platform: Platform, *, signs: bool = False) -> Any:
    """signs: with our private key, for what we send."""
    found = Registration()
    found.set_issuer(platform.issuer).set_client_id(platform.client_id).set_key_set_url(platform.key_set_url)
    found.set_auth_login_url(platform.auth_login_url).set_auth_token_url(platform.auth_token_url)
    if platform.auth_audience:
        found.set_auth_audience(platform.auth_audience)
    if signs:
        key = signing_key()
        found.set_tool_public_key(key.public).set_tool_private_key(key.private)
    return found


def platform_of(issuer: str, client_id: str | None) -> Platform | None:
    """A login may leave its client out; then the issuer must have one alone."""
    found = Platform.objects.filter(issuer=issuer, is_active=True)
    rows = list(found.filter(client_id=client_id)[:1] if client_id else found[:2])
    return rows[0] if len(rows) == 1 else None


class Tool(ToolConfAbstract):  # type: ignore[misc]
    """What the library asks of a tool's configuration: answered for one platform, the one with which the sign-in was begun.

    Two clients of one issuer may have different keys. A message that names another client than that of its sign-in is not looked up.
    """

    def __init__(self, platform: Platform) -> None:
        super().__init__()
        self.platform = platform

    def check_iss_has_one_client(self, iss: str) -> bool:
        return False

    def check_iss_has_many_clients(self, iss: str) -> bool:
        return True

    def find_registration_by_params(self, iss: str, client_id: str | None, *args: Any, **more: Any) -> Any:
        is_ours = iss == self.platform.issuer and client_id in (None, "", self.platform.client_id)
        return registration_of(self.platform) if is_ours else None

    def find_deployment_by_params(self, iss: str, deployment_id: Any, client_id: str, *args: Any, **more: Any) -> Any:
        if not isinstance(deployment_id, str):
            return None
        known = Deployment.objects.filter(platform=self.platform, deployment_id=deployment_id, is_active=True)
        return LibraryDeployment().set_deployment_id(deployment_id) if known.exists() else None
