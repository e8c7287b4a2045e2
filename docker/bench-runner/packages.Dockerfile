# Python and one runtime with its pinned packages. Made anew only when the pins or the base change.
#
# docker/bench-runner/build puts the packages beside this file, as wheels of the platform that is asked for, with the pip of the
# machine it runs on: so the build needs no package index of its own, and nothing of another processor has to run for it.
# The base is any Debian 12 of that platform; where no registry is reached, .ci/base-image makes one.
ARG BASE_IMAGE=debian:bookworm-slim
FROM ${BASE_IMAGE}
# Nothing in here may become another user, so no file says that it could. Two folders are covered by tmpfs, which takes their mode.
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 && rm -rf /var/lib/apt/lists/* \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} + && mkdir -m 1777 /in /scratch
COPY site /site
