"""What the worker hands to handlers beside the action itself: built once from configuration, never global."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ichor_activities.entity_access import EntityAccess, load_entity_access
from ichor_activities.errors import MissingService
from ichor_activities.mail_server import MailServer
from ichor_activities.web_access import WebAccess


@dataclass(frozen=True, slots=True)
class Services:
    """The doors to the outside that configuration opens; `others` holds services of other packages by their class."""

    entities: EntityAccess = field(default_factory=EntityAccess)
    mail: MailServer | None = None
    web: WebAccess = field(default_factory=WebAccess)
    others: Mapping[type, object] = field(default_factory=dict[type, object])

    def get[T](self, kind: type[T]) -> T:
        """Return another package's service.

        Raises:
            MissingService: the worker was not given one.
        """
        service = self.others.get(kind)
        if not isinstance(service, kind):
            raise MissingService(
                f"This worker has no {kind.__name__}; install the package whose entry point opens one."
            )
        return service

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Services":
        """Read ICHOR_ENTITIES, ICHOR_SMTP_URL, ICHOR_SMTP_FROM and ICHOR_WEBHOOK_ALLOW.

        Raises:
            InvalidConfiguration: one of them cannot be used.
        """
        entities, mail = environment.get("ICHOR_ENTITIES"), environment.get("ICHOR_SMTP_URL")
        return cls(
            entities=load_entity_access(entities) if entities else EntityAccess(),
            mail=MailServer.from_url(mail, environment.get("ICHOR_SMTP_FROM")) if mail else None,
            web=WebAccess.parse(environment.get("ICHOR_WEBHOOK_ALLOW", "")),
        )
