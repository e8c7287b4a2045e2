import pytest
from django.core.cache import cache
from pylti1p3.dynamic_registration import generate_key_pair

from courseplatform.lti.models import Identity, Platform
from courseplatform.lti.wire import keys, services
from tests.grading.grades.grades import with_rubric
from tests.lti.launching import Browser, connect
from tests.lti.platform import running

PAIRS = []


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch):
    """Each test makes its keys anew; the primes are those of the tests before."""
    made = iter(range(9))

    def pair(bits):
        place = next(made)
        if place == len(PAIRS):
            PAIRS.append(generate_key_pair(bits))
        return PAIRS[place]

    monkeypatch.setattr(keys, "generate_key_pair", pair)


@pytest.fixture
def lms(settings):
    settings.EMBEDDED = True  # http on loopback, also where the tests run on PostgreSQL
    cache.clear()
    services._tokens.clear()
    with running() as found:
        yield found


@pytest.fixture
def platform(cast, lms, client):
    """The LMS as operators have entered it, with its one deployment."""
    row = Platform.objects.create(
        name="Canvas", issuer=lms.issuer, client_id=lms.client_id, site_url=lms.url, auth_login_url=f"{lms.url}/auth",
        auth_token_url=f"{lms.url}/token", key_set_url=f"{lms.url}/jwks", vouches_for_addresses=True, made_by="olu@example.edu",
    )  # fmt: skip
    row.deployments.create(deployment_id=lms.deployment_id)
    known = client.get("/lti/jwks.json").json()
    lms.tool_keys = lambda: known
    return row


@pytest.fixture
def browser(platform, lms):
    return Browser(lms)


@pytest.fixture
def lab(cast, platform, lms):
    """A lab with a rubric and no measurement, connected; Ruth and Daniel are known to the LMS, Sofia is not."""
    cast.lab.bench_spec, cast.lab.hidden_set = {}, None
    lab = with_rubric(cast, points=5)
    connect(cast, platform, lms)
    for person in (cast.ruth, cast.daniel):
        sub = lms.person(person.name, sub=f"sub-{person.name.lower()}")
        Identity.objects.create(platform=platform, sub=sub, person=person, how="test")
    return lab
