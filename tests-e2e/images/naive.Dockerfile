# What one would write first: one stage, the whole workspace. test_contents.py compares sizes with it.
ARG PYTHON
ARG UV
FROM ${UV} AS uv
FROM ${PYTHON}
COPY --from=uv /uv /usr/local/bin/uv
WORKDIR /app
COPY . .
RUN uv sync --locked
CMD ["uv", "run", "ichor-worker"]
