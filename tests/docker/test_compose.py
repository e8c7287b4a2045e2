"""What docker/compose.yml says: valid, refused without its secrets, and no service without health, limits and a read-only disk."""

import os
import subprocess

import pytest
import yaml

from tests.parts import ROOT

COMPOSE = ROOT / "docker" / "compose.yml"
SERVICES = yaml.safe_load(COMPOSE.read_text())["services"]
ONCE = {"migrate", "backup"}  # they end, so nobody asks for their health
GIVEN = {
    "SITE_HOST": "milliamp.test", "CONTENT_HOST": "files.milliamp.test", "TLS": "internal", "SECRET_KEY": "k" * 64, "POSTGRES_PASSWORD": "p" * 32,
    "REDIS_PASSWORD": "r" * 32, "S3_KEY_ID": "i" * 12, "S3_SECRET": "s" * 32, "EMAIL_URL": "smtp://mail:25", "DEFAULT_FROM_EMAIL": "a@milliamp.test",
    "SHARE_ADDRESS": "10.0.0.2", "ENV_FILE": "env.example",
}  # fmt: skip
SECRETS = ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "S3_KEY_ID", "S3_SECRET")


def config(*files, **env):
    """What docker-compose makes of the files."""
    words = [word for file in files for word in ("-f", str(ROOT / "docker" / file))]
    return subprocess.run(
        ["docker-compose", "--env-file", str(ROOT / "docker" / "env.example"), *words, "config", "-q"], cwd=ROOT, env={"PATH": os.environ["PATH"]} | env,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.part("compose")
@pytest.mark.parametrize(
    "files", [["compose.yml"], ["compose.yml", "compose.share.yml"], ["compose.yml", "compose.elsewhere.yml"]]
)
def test_compose_takes_the_files(files):
    done = config(*files, **GIVEN)
    assert done.returncode == 0, done.stderr


@pytest.mark.part("compose")
@pytest.mark.parametrize("name", [*SECRETS, "TLS", "EMAIL_URL"])
def test_without_a_secret_the_start_is_refused_with_a_sentence_that_names_it(name):
    done = config("compose.yml", **{key: value for key, value in GIVEN.items() if key != name})
    assert done.returncode != 0 and f"{name} is not set" in done.stderr


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_has_limits_a_health_check_and_a_read_only_disk(name):
    service = SERVICES[name]
    assert service["read_only"] and service["mem_limit"] and service["cpus"] and service["pids_limit"]
    assert ("test" in service["healthcheck"]) is (name not in ONCE)
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")
    if name != "engine":
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
        assert not service.get("privileged") and service.get("cap_add", []) == (
            ["NET_BIND_SERVICE"] if name == "proxy" else []
        )


def test_only_the_proxy_is_reached_from_outside_and_the_engine_reaches_nothing():
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["proxy"]
    networks = yaml.safe_load(COMPOSE.read_text())["networks"]
    assert [name for name, facts in networks.items() if not facts.get("internal")] == ["edge", "out"]
    assert SERVICES["engine"]["network_mode"] == "none" and "networks" not in SERVICES["engine"]
    assert (
        SERVICES["bench"]["networks"] == ["bench"]
        and "env_file" in SERVICES["bench"]
        and SERVICES["bench"]["env_file"] == []
    )
    assert {name for name, service in SERVICES.items() if "bench" in service.get("networks", [])} == {
        "bench",
        "db",
        "redis",
        "s3",
    }
    assert {name for name, service in SERVICES.items() if "engine-run:/run/engine" in service.get("volumes", [])} == {
        "bench",
        "engine",
    }


def test_the_example_names_every_variable_and_holds_no_secret():
    example = (ROOT / "docker" / "env.example").read_text()
    for name in {*GIVEN} - {"ENV_FILE"}:
        assert f"{name}=" in example
    for name in SECRETS:
        assert f"\n{name}=\n" in example
