"""P6: the e-mail path stage by stage, then all of it on PostgreSQL against a sink on this machine, beside its limit.

The limit is the same talk with nothing before it: prepared bytes pipelined to the same sink, and the three commits per step
that claim, intent and record cost, on rows of the same table, without gate, rendering or events.
"""

import multiprocessing
import socket
import time
from datetime import UTC, datetime
from uuid import uuid4

from django.db import connection, transaction

from campaigns.actions import lifecycle, rendering, sending
from campaigns.actions.content import freeze
from campaigns.adapters.smtp import SmtpTransport
from campaigns.models import Campaign, Content, Message
from campaigns.rules import mime
from customers.models import Brand, Consent, Customer, PendingEvent, Segment, SegmentMembership, Topic
from tests.benchmarks.harness import Report, rate

PEOPLE, ROUND, SAMPLE = 20_000, 8_000, 3_000
AT = datetime(2026, 3, 16, 12, 0, tzinfo=UTC)
PARAGRAPH = "We picked a handful of things we think you will like this week. " * 3


def _sink(listener: socket.socket) -> None:
    """Answers as an SMTP server with PIPELINING would, looking at no more than it must."""
    while True:
        link, _ = listener.accept()
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.sendall(b"220 sink\r\n")
        data, in_body = b"", False
        while chunk := link.recv(262_144):
            data += chunk
            answer = b""
            while True:
                if in_body:
                    end = data.find(b"\r\n.\r\n")
                    if end < 0:
                        break
                    data, in_body, answer = data[end + 5 :], False, answer + b"250 queued as X\r\n"
                    continue
                end = data.find(b"\r\n")
                if end < 0:
                    break
                verb, data = data[:4].upper(), data[end + 2 :]
                if verb == b"EHLO":
                    answer += b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
                elif verb == b"DATA":
                    answer, in_body = answer + b"354 go\r\n", True
                else:
                    answer += b"250 ok\r\n"
            if answer:
                link.sendall(answer)


def _company() -> Campaign:
    Brand.objects.update_or_create(
        pk=1, defaults={"name": "Bench", "sender_email": "a@shop.example.com", "postal_address": "1 High Street"}
    )
    topic = Topic.objects.create(slug="bench-mail", name="Bench")
    segment = Segment.objects.create(name="Bench mail", slug="bench-mail", kind="static", created_at=AT, updated_at=AT)
    made = Customer.objects.bulk_create(
        (
            Customer(first_name=f"Ana{n}", email=f"mail{n}@example{n % 97}.com", city="Malmö", created_at=AT, updated_at=AT)
            for n in range(PEOPLE)
        ),
        batch_size=2000,
    )
    Consent.objects.bulk_create(
        (Consent(customer=c, topic=topic, channel="email", state="granted", changed_at=AT) for c in made), batch_size=5000
    )
    SegmentMembership.objects.bulk_create(
        (SegmentMembership(segment=segment, customer=c, entered_at=AT) for c in made), batch_size=5000
    )
    blocks = [{"kind": "heading", "text": 'Hello {{ customer.first_name or "there" }} in {{ customer.city or "town" }}'}]
    for n in range(8):
        blocks += [
            {"kind": "text", "text": PARAGRAPH},
            {"kind": "button", "label": "Read", "url": f"https://s.example.com/{n}"},
        ]
    content = Content.objects.create(
        name="Bench", subject="{{ customer.first_name }}, your picks", blocks=blocks, created_at=AT, updated_at=AT
    )
    return Campaign.objects.create(
        name="Bench", segment=segment, topic=topic, content=content, holdout_percent=0, created_at=AT, updated_at=AT
    )


def _stage(name: str, figure: str) -> None:
    print(f"   {name:44} {figure}", flush=True)


def run(report: Report) -> None:
    """Plan a campaign for 20,000 people, measure each stage, then send 8,000 with every safety on."""
    listener = socket.create_server(("127.0.0.1", 0))
    sink = multiprocessing.get_context("fork").Process(target=_sink, args=(listener,), daemon=True)
    sink.start()
    try:
        _measure(report, SmtpTransport(f"smtp://127.0.0.1:{listener.getsockname()[1]}"))
    finally:
        sink.terminate()
        sink.join()
        listener.close()


def _measure(report: Report, transport: SmtpTransport) -> None:
    campaign = _company()
    version = freeze(campaign.content, at=AT)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    lifecycle.schedule(campaign, when=AT, user_id=None, at=AT)
    planned = rate(PEOPLE, lambda: lifecycle.launch_due(at=AT))
    _stage("e-mail: plan an audience", f"{planned:,.0f} rows/s")

    claim = sending.take(limit=SAMPLE, at=AT)
    mails: list[mime.Mail] = []
    rendered = rate(SAMPLE, lambda: mails.extend(rendering.render_batch(claim.recipients, at=AT)[0]))
    _stage(f"e-mail: values and render ({len(version.html) // 1000} kB)", f"{1e6 / rendered:,.0f} µs each")
    encoded = rate(SAMPLE, lambda: [mime.as_bytes(mail, eight_bit=True) for mail in mails])
    _stage("e-mail: MIME, 8bit", f"{1e6 / encoded:,.0f} µs each")
    quoted = rate(SAMPLE, lambda: [mime.as_bytes(mail, eight_bit=False) for mail in mails])
    _stage("e-mail: MIME, quoted-printable", f"{1e6 / quoted:,.0f} µs each")
    talked = rate(SAMPLE, lambda: transport.deliver(mails, deadline=time.monotonic() + 60))
    _stage("e-mail: MIME and SMTP", f"{talked:,.0f}/s")
    ids = [recipient.message_id for recipient in claim.recipients]
    gated = rate(SAMPLE, lambda: [
        sending.pass_gate(ids[start : start + sending.STEP], claim.token, at=AT) for start in range(0, SAMPLE, sending.STEP)
    ])  # fmt: skip
    _stage("e-mail: gate and intent", f"{1e6 / gated:,.0f} µs each")
    limit = _limit(transport, mails)

    def send() -> None:
        done = 0
        while done < ROUND:
            done += sending.send_batch(transport, at=AT)

    ours = rate(ROUND, send)
    sent = Message.objects.filter(state="sent").count()
    assert sent >= ROUND, sent
    report.add(
        "P6 e-mail, everything but the network (one worker)",
        ours,
        limit,
        unit="/s",
        goal="≥ 4,000/s per worker",
        passed=ours >= 4000,
    )
    PendingEvent.objects.all().delete()


def _limit(transport: SmtpTransport, mails: list[mime.Mail]) -> float:
    """Three updates per step of rows by id and the bare talk."""
    ids = list(Message.objects.filter(state="planned").order_by("-id").values_list("id", flat=True)[:SAMPLE])

    def bare() -> None:
        with connection.cursor() as cursor:
            for start in range(0, SAMPLE, sending.STEP):
                part = ids[start : start + sending.STEP]
                for state in ("claimed", "sending"):
                    with transaction.atomic():
                        cursor.execute(
                            "UPDATE campaigns_message SET state = %s, token = %s WHERE id = ANY(%s)", [state, uuid4(), part]
                        )
                transport.deliver(mails[start : start + sending.STEP], deadline=time.monotonic() + 60)
                with transaction.atomic():
                    cursor.execute(
                        "UPDATE campaigns_message SET state = 'planned', token = NULL WHERE id = ANY(%s)", [part]
                    )

    return rate(SAMPLE, bare)
