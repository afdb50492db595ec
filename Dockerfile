# One image for bot and workers. Build it with: docker compose build
ARG PYTHON_IMAGE=python:3.13-slim

# Packages come first, because they do not change with the sources: a new version is a small layer.
FROM ${PYTHON_IMAGE} AS packages
WORKDIR /src
COPY requirements/run.txt requirements/
# The interpreter is executable but not readable, so no process that it runs can be inspected:
# https://man7.org/linux/man-pages/man2/pr_set_dumpable.2const.html
RUN python -m venv --copies /opt/quaymaster \
 && /opt/quaymaster/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt \
 && chmod 0711 /opt/quaymaster/bin/python*

FROM packages AS build
COPY requirements/build.txt requirements/
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY programs programs
COPY bot bot
COPY workers workers
COPY quaymaster quaymaster
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/quaymaster/bin/pip install --no-cache-dir --no-deps --no-index --prefix /product /wheels/*.whl

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --home-dir /var/lib/quaymaster --create-home quaymaster \
 && mkdir -p /var/cache/trivy && chown quaymaster /var/cache/trivy
COPY --from=packages /opt/quaymaster /opt/quaymaster
COPY --from=build /product /opt/quaymaster
ENV PATH=/opt/quaymaster/bin:$PATH PYTHONUNBUFFERED=1 TRIVY_CACHE_DIR=/var/cache/trivy \
    QUAYMASTER_CONFIG=/etc/quaymaster/quaymaster.yml QUAYMASTER_HEALTH=/tmp/quaymaster
USER 10001
ENTRYPOINT ["quaymaster"]
