# docker build -t rlvr-atlas . && docker run --rm -v "$PWD:/data" rlvr-atlas trace train.parquet
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check .

FROM python:3.12-slim
COPY --from=build /venv /venv
RUN useradd --create-home atlas
USER atlas
WORKDIR /data
ENTRYPOINT ["/venv/bin/rlvr-atlas"]
CMD ["--help"]
