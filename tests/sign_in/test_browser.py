"""Signing in as a browser does it: a passkey in a virtual authenticator, single sign-on over real redirects, and pages fit for everybody."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from courseplatform.accounts.models import OutsideIdentity, SecurityKind
from courseplatform.accounts.security.events import security_event
from tests.browsing import axe_finds, shot

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
WIDER = [pytest.param(1440, scheme, marks=pytest.mark.whole) for scheme in ("light", "dark")]
PAGE = "/accounts/second-factor/"


class Window:
    """A window of a browser of its own. `wrong` collects what scripts and the content security policy say, and what axe finds."""

    def __init__(self, page, width):
        self.page, self.context, self.wrong, self.width = page, page.context, page.wrong, width

    def sign_in(self, email, password="correct horse"):
        self.page.goto("/accounts/login/")
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_load_state()

    def look(self, name):
        self.wrong += [(name, one) for one in axe_finds(self.page)]
        if self.page.evaluate("document.documentElement.scrollWidth") > self.width:
            self.wrong.append((name, "wider than the window"))
        shot(self.page, f"{name}-{self.width}")

    def with_authenticator(self):
        self.cdp = self.context.new_cdp_session(self.page)
        self.cdp.send("WebAuthn.enable")
        can = dict.fromkeys(
            ("hasResidentKey", "hasUserVerification", "isUserVerified", "automaticPresenceSimulation"), True
        )
        options = {"protocol": "ctap2", "transport": "internal"} | can
        self.authenticator = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
        return self


@pytest.fixture
def window_of(page_of):
    return lambda width=1440, **how: Window(page_of(None, width, **how), width)


def test_a_passkey_from_the_first_to_the_last_page(cast, live_server, window_of):
    window = window_of().with_authenticator()
    page = window.page
    window.sign_in("helen@example.edu")
    page.goto(f"{PAGE}passkeys/add/")
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as a file").click()
    assert "Each works once." in Path(saved.value.path()).read_text()
    page.goto(PAGE)
    expect(page.get_by_text("My laptop").first).to_be_visible()
    # Without a name and without a password.
    page.context.clear_cookies()
    page.goto("/accounts/login/?next=/courses/odml/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{live_server.url}/courses/odml/")
    page.wait_for_load_state()
    # As the second step after a password.
    page.context.clear_cookies()
    window.sign_in("helen@example.edu")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{live_server.url}/courses/odml/")
    page.wait_for_load_state()
    page.goto(PAGE)
    page.get_by_role("link", name="Rename My laptop").click()
    page.get_by_label("Name").fill("Old laptop")
    page.get_by_role("button", name="Save the name").click()
    page.get_by_role("link", name="Remove Old laptop").click()
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    assert window.wrong == []


def test_a_passkey_of_somebody_whose_account_is_closed_opens_nothing(cast, window_of):
    window = window_of().with_authenticator()
    page = window.page
    window.sign_in("helen@example.edu")
    page.goto(f"{PAGE}passkeys/add/")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    type(cast.helen).objects.filter(pk=cast.helen.pk).update(is_active=False)
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("This account is switched off.")).to_be_visible()


def test_a_passkey_that_is_declined_says_so_and_leaves_the_password(cast, window_of):
    window = window_of().with_authenticator()
    window.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": window.authenticator, "isUserVerified": False})
    window.page.goto("/accounts/login/")
    window.page.get_by_role("button", name="Sign in with a passkey").click()
    expect(window.page.get_by_text("No passkey was used")).to_be_visible()
    window.sign_in("ruth@example.edu")
    assert window.page.url.endswith("/courses/odml/")


def test_single_sign_on_over_real_redirects_and_under_the_policy_of_the_page(cast, live_server, window_of, provider):
    window = window_of()
    window.page.goto("/courses/odml/schedule/")
    window.page.get_by_role("link", name="Sign in with Example University").click()
    window.page.wait_for_url(f"{live_server.url}/courses/odml/schedule/")
    assert window.wrong == [] and OutsideIdentity.objects.get().person == cast.ruth


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), *WIDER])
def test_the_pages_are_fit_for_everybody(cast, window_of, provider, settings, width, scheme):
    security_event(
        person=cast.ruth,
        kind=SecurityKind.FACTOR_RESET,
        by="olu@example.edu",
        why="lost the telephone, came by with the card",
    )
    security_event(person=cast.ruth, kind=SecurityKind.NEW_BROWSER)
    OutsideIdentity.objects.create(person=cast.ruth, issuer=provider.url, subject="u-1", email="ruth@example.edu")
    window = window_of(width, color_scheme=scheme).with_authenticator()
    page, mark = window.page, f"-{scheme}"
    page.goto("/accounts/login/")
    window.look(f"login-sso{mark}")
    settings.SSO_ONLY = True
    page.goto("/accounts/login/")
    window.look(f"login-sso-only{mark}")
    settings.SSO_ONLY, settings.OIDC, kept = False, None, settings.OIDC
    page.goto("/accounts/login/")
    window.look(f"login{mark}")
    settings.OIDC = kept
    page.goto("/accounts/signed-out/")
    window.look(f"signed-out{mark}")
    provider.person |= {"sub": "u-3", "email": "new.student@example.edu"}
    page.goto("/accounts/single-sign-on/")
    window.look(f"not-enrolled{mark}")
    settings.OIDC = None
    settings.STAFF_SECOND_FACTOR = "asked"
    # The browser notes the status of that page.
    window.wrong[:] = [one for one in window.wrong if "status of 403" not in str(one)]
    window.sign_in("olu@example.edu")
    page.goto("/lti/")
    window.look(f"reminder{mark}")
    for name, address in {
        "factors-none": PAGE, "app-add": f"{PAGE}app/add/", "passkey-add": f"{PAGE}passkeys/add/",
        "people": "/accounts/people/?email=ruth@example.edu", "again": "/accounts/again/",
    }.items():  # fmt: skip
        page.goto(address)
        window.look(f"{name}{mark}")
    page.goto(f"{PAGE}passkeys/add/")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    window.look(f"codes{mark}")
    for name, address in {
        "factors": PAGE, "codes-make": f"{PAGE}codes/make/", "again-code": "/accounts/again/code/",
        "again-passkey": "/accounts/again/passkey/", "sessions": "/accounts/sessions/",
    }.items():  # fmt: skip
        page.goto(address)
        window.look(f"{name}{mark}")
    page.context.clear_cookies()
    window.sign_in("olu@example.edu")
    window.look(f"second-step{mark}")
    assert window.wrong == []
