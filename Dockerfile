# The application's image: web, workers, beat and the release step all run from it.
# bin/demo needs none of this; docs/deployment.md says how the parts fit together.

FROM python:3.13-slim-trixie AS packages
WORKDIR /build
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --only-binary :all: -r requirements.txt

FROM python:3.13-slim-trixie
# WeasyPrint's libraries and a font for what Inter doesn't have.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/prm --create-home prm
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# The code belongs to root, so that the application can't change itself; only /var/lib/prm and /tmp are written.
RUN /venv/bin/python -m compileall -q /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PRM_ENV=production \
    PRM_STATE_DIR=/var/lib/prm \
    XDG_CACHE_HOME=/tmp/cache
USER prm
EXPOSE 8000
CMD ["gunicorn", "prm.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", \
    "--threads", "4", "--timeout", "60", "--worker-tmp-dir", "/tmp", "--no-control-socket", "--access-logfile", "-"]
