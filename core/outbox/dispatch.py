"""Telling plugins what happened, out of the outbox."""

from __future__ import annotations

from collections.abc import Sequence

from ..host.plugins import Plugins
from ..host.service import PluginContexts, keep_faults
from ..host.settings import SettingsMissing
from ..kernel.errors import CredentialsRefused, OrderyardError, PluginError
from ..kernel.uow import Installation
from .claims import Claimed
from .payloads import event_types, from_payload
from .worker import Handler, Outcome


def event_handler(installation: Installation, plugins: Plugins, contexts: PluginContexts, batch: int = 50) -> Handler:
    """The handler of tasks of the kind `service.EVENT`: up to `batch` events of one name to one plugin in a call.

    Tasks of a plugin that does not run wait; so do those of one whose settings are not complete.
    """

    def work(tasks: Sequence[Claimed]) -> Sequence[Outcome]:
        slug, name = tasks[0].owner, tasks[0].event
        try:
            context = contexts.of(slug)
        except SettingsMissing as error:
            raise CredentialsRefused(error.what, remedy=error.remedy) from error
        kind = event_types().get(name)
        if kind is None:
            raise PluginError(f"no plugin can be told of {name!r} any more", remedy="give it up")
        outcomes = [Outcome()] * len(tasks)
        events: list[object] = []
        places: list[int] = []
        for place, task in enumerate(tasks):
            try:
                events.append(from_payload(kind, task.payload))
                places.append(place)
            except OrderyardError as error:
                outcomes[place] = Outcome(error)
        if events:
            for failed in plugins.deliver(slug, name, events, context):
                outcomes[places[failed.index]] = Outcome(failed.error)
        keep_faults(installation, plugins)
        return outcomes

    return Handler(work, batch, owners=lambda: plugins.running)
