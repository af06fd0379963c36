"""The embedded broker keeps a message until it is acknowledged."""

import pytest
from kombu import Connection, Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES

from config import sqlitebroker

pytestmark = pytest.mark.engine_free

TRANSPORT_ALIASES.setdefault("sqlitebroker", "config.sqlitebroker:Transport")
QUEUE = Queue("work", Exchange("work"), routing_key="work")


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "broker.sqlite3")


def connect(path):
    return Connection("sqlitebroker://localhost//", transport_options={"path": path, "polling_interval": 0.01})


def publish(path, *bodies):
    with connect(path) as connection, connection.Producer() as producer:
        for body in bodies:
            producer.publish(body, exchange=QUEUE.exchange, routing_key="work", declare=[QUEUE])


def take(path, *, acknowledge, count=1):
    taken = []
    with connect(path) as connection:
        queue = connection.SimpleQueue(QUEUE)
        for _ in range(count):
            message = queue.get(timeout=30)
            taken.append(message.payload)
            if acknowledge:
                message.ack()
    return taken


def test_messages_come_in_order_and_are_gone_once_acknowledged(path):
    publish(path, {"n": 1}, {"n": 2})

    assert take(path, acknowledge=True, count=2) == [{"n": 1}, {"n": 2}]
    assert list(sqlitebroker.queues(path)) == []


def test_message_of_a_killed_worker_comes_back(path):
    publish(path, {"n": 1})
    connection, _ = sqlitebroker._open(path)
    connection.execute("UPDATE message SET taken = 1")

    assert sqlitebroker.recover(path) == 1
    assert take(path, acknowledge=True) == [{"n": 1}]
