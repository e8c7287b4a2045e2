# Web server and ordinary workers of a deployment: no torch, no model runtime, no right to anything but its own data directory.
#
#   docker build -f docker/web.Dockerfile -t milliamp-web .
#
# The base is any Debian 12. Where no registry is reached, .ci/base-image makes one with debootstrap:
#   docker build --build-arg BASE_IMAGE=milliamp-base -f docker/web.Dockerfile -t milliamp-web .
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BASE_IMAGE} AS packages
ENV DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements.txt .
# What stands under "measuring" in requirements.txt, and all after it, belongs to the sandbox: the web never imports it.
RUN sed '/^# measuring/,$d' requirements.txt > web.txt && python3 -m venv /venv \
 && PIP_CERT=/etc/ssl/certs/ca-certificates.crt /venv/bin/pip install -q -r web.txt

FROM ${BASE_IMAGE}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /data milliamp && install -d -o milliamp -g milliamp -m 700 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY manage.py ./
COPY courseplatform courseplatform
COPY hardware hardware
COPY grading grading
COPY templates templates
COPY static static
COPY docs docs
COPY courses courses
# Hashed once, here; WhiteNoise serves them from the image. The secret of this one command is thrown away.
RUN DATABASE_URL=postgres://nobody@localhost/none SECRET_KEY=only-while-building STATIC_ROOT=/srv/milliamp/static DATA_DIR=/tmp/none \
    /venv/bin/python manage.py collectstatic --noinput -v0
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data STATIC_ROOT=/srv/milliamp/static
USER milliamp
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/', timeout=4)"]
CMD ["gunicorn", "courseplatform.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "courseplatform.core.web_worker.PatientWorker", "--workers", "2", "--threads", "16", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
