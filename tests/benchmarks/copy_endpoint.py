"""The limit of ingest: an endpoint that does nothing but parse a batch and COPY it into a table with two indexes."""

import os

import django
import psycopg
from django.conf import settings

if not settings.configured:
    settings.configure(SECRET_KEY="x" * 50, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True, MIDDLEWARE=[])
    django.setup()

import threading

import orjson
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

held = threading.local()


def _text(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def batch(request: HttpRequest) -> HttpResponse:
    """Rows of a batch by COPY, committed before the answer."""
    messages = orjson.loads(request.body)["batch"]
    connection = getattr(held, "connection", None)
    if connection is None:
        connection = held.connection = psycopg.connect(os.environ["BENCH_DATABASE_URL"], autocommit=True)
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY bench_ingest (customer_id, name, ts, properties) FROM STDIN") as copy,
    ):
        copy.write(
            "".join(
                f"{message['userId'][2:]}\t{_text(message['event'])}\t{message['timestamp']}\t"
                f"{_text(orjson.dumps(message['properties']).decode())}\n"
                for message in messages
            )
        )
    return HttpResponse(b'{"success":true}', content_type="application/json", headers={"Content-Length": "16"})


urlpatterns = [path("v1/batch", batch)]
application = get_wsgi_application()
