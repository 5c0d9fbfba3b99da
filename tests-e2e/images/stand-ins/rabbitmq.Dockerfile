FROM debian:trixie-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends rabbitmq-server \
    && rm -rf /var/lib/apt/lists/* \
    && printf 'loopback_users.guest = false\nlog.console = true\nlog.file = false\n' >/etc/rabbitmq/rabbitmq.conf \
    && printf '[rabbitmq_management,rabbitmq_prometheus].\n' >/etc/rabbitmq/enabled_plugins \
    && rm -rf /var/lib/rabbitmq/* /var/lib/rabbitmq/.erlang.cookie
ENV HOME=/var/lib/rabbitmq PATH=/usr/lib/rabbitmq/bin:$PATH RABBITMQ_ALLOW_INPUT=1 RABBITMQ_SERVER_START_ARGS=-noinput
COPY rabbitmq-entrypoint /usr/local/bin/docker-entrypoint.sh
EXPOSE 5672 15672 15692
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["rabbitmq-server"]
