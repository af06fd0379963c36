"""Files to import, and the account that takes them."""

from django.core.files.uploadedfile import SimpleUploadedFile

from customers.imports.actions import jobs
from customers.imports.rules import systems
from customers.models import Brand, ImportJob


def account(**values):
    return Brand.objects.update_or_create(pk=1, defaults={"currency": "GBP", "timezone": "Europe/London"} | values)[0]


def file(content, name="people.csv"):
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content, "text/csv")


def queued(content, at, kind="customers", options=None, name="people.csv"):
    """An import that waits for a worker."""
    job = jobs.upload(kind=kind, file=file(content, name), user_id=None, at=at)
    mapping = systems.suggest_for(systems.recognise(kind, job.header), kind, job.header)
    jobs.start(job, mapping=mapping, options=options or {})
    return ImportJob.objects.get(pk=job.pk)
