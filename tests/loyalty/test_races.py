"""Members and staff at the same reward at the same moment, on PostgreSQL with real threads."""

import threading

import pytest
from django.db import OperationalError, connection

from loyalty.actions import points, rewards
from loyalty.models import Redemption, Reward
from tests.factories import loyalty, people


@pytest.mark.django_db(transaction=True)
def test_taking_and_cancelling_a_code_never_wait_for_each_other_in_a_circle(at, on_postgresql):
    alice = people.alice()
    loyalty.programme()
    reward = loyalty.reward(cost=1, stock=500)
    points.give([alice.pk], points=400, reason="x", key="start", at=at)
    codes = [rewards.claim(alice.pk, reward_id=reward.pk, key=f"first{n}", at=at).pk for n in range(40)]
    start, failed = threading.Barrier(2), []

    def run(step):
        try:
            start.wait()
            for number in range(40):
                step(number)
        except OperationalError as error:
            failed.append(str(error))
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=[lambda n: rewards.claim(alice.pk, reward_id=reward.pk, key=f"more{n}", at=at)]),
        threading.Thread(target=run, args=[lambda n: rewards.cancel(codes[n], actor_id=None, at=at)]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert Redemption.objects.filter(state="issued").count() == 40
    assert Reward.objects.get().stock == 460
