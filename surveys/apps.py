"""Registers what the app offers through the ports of the first floor."""

from datetime import timedelta

from django.apps import AppConfig


class SurveysConfig(AppConfig):
    name = "surveys"
    verbose_name = "Surveys"

    def ready(self) -> None:
        from customers.ports import fields, jobs, merge, nav, panels, personal_data, samples
        from surveys import events, sample, subscribers  # noqa: F401
        from surveys.actions import privacy
        from surveys.queries import due, ports
        from surveys.queries import exports as lists
        from surveys.queries import merge as variables

        events.register_all()
        lists.register_all()
        for field in ports.FIELDS:
            fields.register(field)
        merge.register(
            merge.MergeSource(
                "survey",
                "Survey",
                (
                    merge.Variable(
                        "nps_link",
                        "Link to the live NPS survey; append ?score=0 … ?score=10 for one-click scores",
                        "https://shop.example.com/s/AAAAAAAA",
                    ),
                    merge.Variable("nps_question", "Its question", "How likely are you to recommend us to a friend?"),
                ),
                variables.fetch,
            )
        )
        nav.register(
            nav.NavItem(
                "surveys", "Surveys", "gauge", "surveys:list", 70, ("surveys",), "surveys.view_survey", "Programmes"
            )
        )
        panels.register(
            panels.Panel("surveys", "Surveys", "gauge", "surveys:panel", 50, "surveys.view_response", "messages")
        )
        personal_data.register(
            personal_data.PersonalData(
                "surveys", ports.MODELS, ports.export, ports.erase, ports.merge, tables=privacy.TABLES,
                unmerge=privacy.unmerge, count=privacy.count,
                erased="Comments in answers and the wish to be contacted; open survey links stop working.",
                stays="Scores without a name, so that results of the past do not change.",
            )
        )  # fmt: skip
        jobs.register(
            jobs.Job("surveys.settle_quiet", "Survey answers", "surveys", timedelta(minutes=5), due.quiet_answers)
        )
        samples.register(samples.SamplePart("surveys", "Survey answers", 60, sample.build))
