FROM debian:trixie-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends python3.13 \
    && mv /usr/bin/python3.13 /usr/local/bin/ \
    && ln -s python3.13 /usr/local/bin/python3 \
    && ln -s python3.13 /usr/local/bin/python \
    && find /usr/lib/python3* -name "*.pyc" -delete \
    && rm -rf /var/lib/apt/lists/*
CMD ["python3"]
