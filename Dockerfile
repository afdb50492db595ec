# One image for bot and workers. Build it with: docker compose build
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY requirements/ requirements/
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
RUN python -m venv /opt/quaymaster \
 && /opt/quaymaster/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY workers workers
COPY quaymaster quaymaster
COPY local_slack local_slack
COPY trial trial
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/quaymaster/bin/pip install --no-cache-dir --no-deps --no-index /wheels/*.whl

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --home-dir /var/lib/quaymaster --create-home quaymaster \
 && mkdir -p /var/cache/trivy && chown quaymaster /var/cache/trivy
COPY --from=build /opt/quaymaster /opt/quaymaster
ENV PATH=/opt/quaymaster/bin:$PATH PYTHONUNBUFFERED=1 TRIVY_CACHE_DIR=/var/cache/trivy \
    QUAYMASTER_CONFIG=/etc/quaymaster/quaymaster.yml
USER 10001
ENTRYPOINT ["quaymaster"]
