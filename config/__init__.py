"""The roof: settings, addresses, worker. It wires everything; nobody imports it except for `config.kit`."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
