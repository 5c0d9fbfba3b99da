"""Temporal, RabbitMQ and PostgreSQL to test and develop against; builders, fakes and replay."""
