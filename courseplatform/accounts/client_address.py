"""Where a request comes from, as the limits of tries count it."""

from ipaddress import ip_address

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The visitor's address, not that of the proxy before us (ALLAUTH_TRUSTED_PROXY_COUNT); None where it is no address."""
    try:
        return str(ip_address(get_adapter(request).get_client_ip(request).partition("%")[0]))
    except (PermissionDenied, ValueError):
        return None
