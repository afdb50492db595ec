# One image for bot and workers. Build it with: docker compose build
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY workers workers
COPY quaymaster quaymaster
COPY local_slack local_slack
COPY trial trial
RUN python -m venv /opt/quaymaster && /opt/quaymaster/bin/pip install --no-cache-dir ".[scanner]"

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/quaymaster --create-home quaymaster \
 && mkdir -p /var/cache/trivy && chown quaymaster /var/cache/trivy
COPY --from=build /opt/quaymaster /opt/quaymaster
ENV PATH=/opt/quaymaster/bin:$PATH PYTHONUNBUFFERED=1 TRIVY_CACHE_DIR=/var/cache/trivy \
    QUAYMASTER_CONFIG=/etc/quaymaster/quaymaster.yml
USER 10001
ENTRYPOINT ["quaymaster"]
