FROM debian:trixie-slim
COPY temporal /usr/local/bin/temporal
RUN useradd --uid 1000 temporal
USER 1000:1000
ENTRYPOINT ["temporal"]
CMD ["server", "start-dev", "--ip", "0.0.0.0"]
