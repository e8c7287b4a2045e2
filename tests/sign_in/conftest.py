import pytest
from django.core.cache import cache

from courseplatform.accounts.single_sign_on.providers import Oidc
from tests.sign_in.provider import OidcProvider


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet():
    cache.clear()


@pytest.fixture
def provider(settings):
    """A provider that this site is set up for."""
    found = OidcProvider().start()
    settings.OIDC = Oidc(
        found.url, found.client_id, found.secret, "Example University", ("openid", "email", "profile"), False
    )
    yield found
    found.stop()
