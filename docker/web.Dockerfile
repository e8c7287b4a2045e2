# Web server and ordinary workers of a deployment: no torch, no model runtime, no right to anything but its own data directory.
#
#   docker build -f docker/web.Dockerfile --target web -t milliamp-web .
#   docker build -f docker/web.Dockerfile --target bench -t milliamp-bench .
#   docker build -f docker/web.Dockerfile --target backup -t milliamp-backup .
#
# The base is any Debian 12. Where no registry is reached, .ci/base-image makes one with debootstrap:
#   docker build --build-arg BASE_IMAGE=milliamp-base -f docker/web.Dockerfile --target web -t milliamp-web .
#
# Built twice it holds the same files (tests/load/same_image.py): no logs and no lists of packages, and Python's compiled files do not name when
# they were made, nor do sets in them stand in another order each time.
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BASE_IMAGE} AS python
RUN apt-get update -qq && PYTHONHASHSEED=0 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/*.log /var/cache/ldconfig /var/cache/debconf/*-old /var/lib/dpkg/*-old

FROM python AS packages
ENV DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements.txt .
# What stands under "measuring" in requirements.txt, and all after it, belongs to the sandbox: the web never imports it.
RUN sed '/^# measuring/,$d' requirements.txt > web.txt && python3 -m venv /venv \
 && PIP_CERT=/etc/ssl/certs/ca-certificates.crt /venv/bin/pip install -q -r web.txt \
 && grep '^docker==' requirements.txt > bench.txt && PIP_CERT=/etc/ssl/certs/ca-certificates.crt /venv/bin/pip install -q --no-deps --target /bench-packages -r bench.txt \
 && PYTHONHASHSEED=0 /venv/bin/python -m compileall -q -f --invalidation-mode unchecked-hash /venv /bench-packages

FROM python AS web
# The day on which the account was made stands in its line; it is that of no build.
RUN SOURCE_DATE_EPOCH=1700000000 useradd --system --uid 10001 --home-dir /data milliamp && install -d -o milliamp -g milliamp -m 700 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY manage.py pyproject.toml ./
COPY courseplatform courseplatform
COPY hardware hardware
COPY grading grading
COPY templates templates
COPY static static
COPY docs docs
COPY courses courses
COPY docker/web-health.py docker/web-health.py
# Hashed once, here; WhiteNoise serves them from the image. The secret of this one command is thrown away.
RUN DATABASE_URL=postgres://nobody@localhost/none SECRET_KEY=only-while-building STATIC_ROOT=/srv/milliamp/static DATA_DIR=/tmp/none PYTHONDONTWRITEBYTECODE=1 \
    /venv/bin/python manage.py collectstatic --noinput -v0 && rm -rf /tmp/none \
 && PYTHONHASHSEED=0 /venv/bin/python -m compileall -q -f --invalidation-mode unchecked-hash /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data STATIC_ROOT=/srv/milliamp/static
USER milliamp
VOLUME /data
EXPOSE 8000
# Asked under the site's own host name and as the proxy asks, or ALLOWED_HOSTS and the redirect to https refuse it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "/app/docker/web-health.py"]
CMD ["gunicorn", "courseplatform.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "courseplatform.core.web_worker.PatientWorker", "--workers", "2", "--threads", "16", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]

# The bench worker: the same, and what speaks to its container engine. Models are opened in that engine's containers, not here.
FROM web AS bench
USER root
COPY --from=packages /bench-packages /venv/lib/python3.11/site-packages
COPY docker/bench-runner/seccomp.json docker/bench-runner/cpuinfo-cortex-a72 docker/bench-runner/
USER milliamp
HEALTHCHECK NONE
CMD ["celery", "-A", "courseplatform.celery", "worker", "--pool", "solo", "--without-gossip", "--without-mingle", "-I", "grading.bench_tasks", "-Q", "bench", "-n", "bench@%h"]

# Backup and restore: the same, and PostgreSQL's own programs. They read servers up to their own version, which is Debian 12's: 15.
FROM web AS backup
USER root
RUN apt-get update -qq && PYTHONHASHSEED=0 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-client-15 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/*.log /var/cache/ldconfig /var/cache/debconf/*-old /var/lib/dpkg/*-old \
 && install -d -o milliamp -g milliamp -m 700 /backups
USER milliamp
HEALTHCHECK NONE
CMD ["python", "manage.py", "backup", "--to", "/backups"]
