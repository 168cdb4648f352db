# Two stages: packages are installed, hash by hash, where a compiler or a cache does no harm.
FROM python:3.12-slim-bookworm AS packages
COPY requirements.lock /
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements.lock

FROM python:3.12-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data gatehouse \
    && install -d -o gatehouse -g gatehouse -m 700 /data
COPY --from=packages /venv /venv
COPY manage.py /app/
COPY portal /app/portal
COPY tenants /app/tenants
COPY gitops /app/gitops
COPY templates /app/templates
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=portal.settings \
    GATEHOUSE_DATA=/data \
    HOST=0.0.0.0 \
    LOG_FORMAT=json
USER gatehouse
VOLUME /data
EXPOSE 8000
# One container with everything in it; docker-compose.yml runs the parts on their own.
CMD ["python", "manage.py", "up"]
