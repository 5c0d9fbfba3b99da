# What one would write first: one stage, the whole workspace. test_contents.py compares sizes with it.
FROM ghcr.io/astral-sh/uv:0.13.9 AS uv
FROM docker.io/library/python:3.13.12-slim-trixie
COPY --from=uv /uv /usr/local/bin/uv
WORKDIR /app
COPY . .
RUN uv sync --locked
CMD ["uv", "run", "ichor-worker"]
