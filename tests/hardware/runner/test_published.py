"""What our agent says is what the published document of the protocol says."""

from tests.hardware.runners.published import wrong_request
from tests.runner_protocol.scripted_site import step


def test_every_word_of_a_run_is_as_published(site, start, model):
    lease = site.add(model, reference=step("reference"))
    broken = site.add(b"no model")
    start().until(lambda: lease in site.finished and site.ended(broken)).stop()
    site.add(model, steps=[step()] * 40)
    agent = start().until(lambda: site.count("start") == 3 and site.calls[-1] == "beat")
    agent.stop()
    said = [seen for seen in site.seen if seen.asked is not None]
    assert {seen.call for seen in said} >= {"lease", "start", "beat", "finish", "release"}
    for seen in said:
        address = f"/lease/{seen.lease}/{seen.call}" if seen.lease else f"/{seen.call}"
        assert wrong_request("POST", address, seen.asked) == [], seen.call
