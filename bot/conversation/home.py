"""The Home tab: rendered for one person whenever they open it, refresh it or vote on it.

https://docs.slack.dev/surfaces/app-home
"""

import asyncio
from datetime import datetime
from weakref import WeakValueDictionary

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.conversation.answers import deliver
from bot.conversation.deciding import now
from bot.conversation.identity import Directory
from bot.conversation.metrics import Metrics
from bot.conversation.overview import Overview
from bot.views.answers import PrivateAnswer
from bot.views.home import HomeContent, HomeContext, home_blocks, home_problem_blocks
from quaymaster import policy
from quaymaster.actors import SlackUser
from quaymaster.configuration.configuration import Configuration
from quaymaster.configuration.in_use import ConfigurationInUse, Configured
from quaymaster.errors import NotAllowed, QuaymasterError, Unavailable, UsageError
from quaymaster.logs import unforeseen
from quaymaster.operations import Operation, State
from quaymaster.policy import Person
from quaymaster.requests import JobsRequest, StatusRequest
from quaymaster.target import ServiceRef


class HomeTab(Configured):
    """Everybody's Home tab."""

    def __init__(
        self,
        client: AsyncWebClient,
        directory: Directory,
        overview: Overview,
        in_use: ConfigurationInUse,
        command: str,
        metrics: Metrics,
    ) -> None:
        super().__init__(in_use)
        self._client = client
        self._directory = directory
        self._overview = overview
        self._command = command
        self._metrics = metrics
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def show(self, actor: SlackUser, notice: PrivateAnswer | None = None) -> None:
        """Publish it for one person, once; ``notice`` says what came of a click on it.

        It says so if the person may not look, or if Redis cannot be reached. If Slack does not
        accept it, it is tried a few times, then logged.
        """
        turn = self._turns.setdefault(actor.user, asyncio.Lock())
        async with turn:  # what is shown last was read last
            view = View(type="home", blocks=await self._drawn(actor, notice))
            await deliver(
                "Home tab",
                actor.user,
                lambda: self._client.views_publish(user_id=actor.user, view=view),
            )

    async def _drawn(self, actor: SlackUser, notice: PrivateAnswer | None) -> tuple[Block, ...]:
        context = HomeContext(self._configuration, now(), self._command)
        try:
            person = await self._directory.look_up(actor)
            return home_blocks(await self._content(person, context.now), context, notice)
        except QuaymasterError as error:
            if not isinstance(error, Unavailable):
                self._metrics.refused.labels(type(error).__name__).inc()
            trouble = error.problem
        except Exception as error:  # noqa: BLE001 (an edge: the person sees what is wrong)
            self._metrics.unforeseen.inc()
            trouble = unforeseen(error, "bot", doing="drawing the Home tab")
        return home_problem_blocks(trouble, context, notice)

    async def _content(self, person: Person, at: datetime) -> HomeContent:
        """Raises NotAllowed and Unavailable."""
        for request in (StatusRequest(), JobsRequest()):
            policy.request_allowed(self._configuration, person, request)
        unended = await self._overview.open_operations()
        services, jobs = await asyncio.gather(
            self._overview.services(unended), self._overview.listed(unended)
        )
        waiting = (
            operation
            for operation in reversed(unended.operations)
            if waits_for(person, operation, self._configuration, at)
        )
        return HomeContent(tuple(waiting), services, jobs)


def waits_for(
    person: Person, operation: Operation, configuration: Configuration, at: datetime
) -> bool:
    """Whether this person's approval could count now and is still missing."""
    approval = operation.approval
    if operation.state is not State.AWAITING_APPROVAL or approval is None:
        return False
    if at >= approval.rule.expires_at or any(
        vote.voter == person.user_id for vote in approval.votes
    ):
        return False
    if approval.rule.requester == person.user_id and not approval.rule.own_request_counts:
        return False
    change = operation.request.facts.service_change
    return change is not None and _may_vote(person, change.service, configuration)


def _may_vote(person: Person, service: ServiceRef, configuration: Configuration) -> bool:
    try:
        policy.may_vote(configuration, person, service)
    except (NotAllowed, UsageError):  # the latter: the service is not configured any more
        return False
    return True
