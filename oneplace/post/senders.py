"""The ways out: an SMTP server, GOV.UK Notify, and for the demo a simulator that sends nothing and says so.

A sender hands over one message or says why not: for the moment, or for good. Its words name no recipient.
"""

import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from notifications_python_client.errors import APIError
from notifications_python_client.notifications import NotificationsAPIClient

from oneplace.post.rules import Kind

SECONDS = 20
"""How long a sender may keep us waiting."""


class NotNow(Exception):
    """It could not be handed over, and may be later: the text says why."""


class CannotBeSent(Exception):
    """It can't be handed over as it stands: a person has to look."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a sender needs. `attempts` counts this try: from the second on it may have been handed over before."""

    key: str
    kind: str
    to: str
    subject: str
    text: str
    attempts: int


class Sender(Protocol):
    """One way out."""

    name: str
    simulated: bool

    def send(self, message: Outgoing) -> str:
        """Hand over; returns the other side's own name for it. Raises NotNow or CannotBeSent."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """The demo's: nothing leaves this machine."""

    name: str = "simulator"
    simulated: bool = True

    def send(self, message: Outgoing) -> str:
        """Nothing is sent."""
        return f"simulated-{message.key}"


@dataclass(frozen=True, slots=True)
class Smtp:
    """E-mail by an SMTP server. The same message bears the same Message-ID, so that a second copy is known as one."""

    host: str
    port: int
    user: str
    password: str
    tls: bool
    sent_from: str
    name: str = "smtp"
    simulated: bool = False

    def send(self, message: Outgoing) -> str:
        """Hand over to the server."""
        identity = f"<{message.key}@{self.sent_from.rpartition('@')[2].rstrip('>')}>"
        mail = EmailMessage(
            message.subject or "A message for you",
            message.text,
            self.sent_from,
            [message.to],
            headers={"Message-ID": identity, "Auto-Submitted": "auto-generated"},
            connection=get_connection(
                "django.core.mail.backends.smtp.EmailBackend",
                host=self.host,
                port=self.port,
                username=self.user,
                password=self.password,
                use_tls=self.tls,
                timeout=SECONDS,
            ),
        )
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as fault:
            codes = {code for code, _ in fault.recipients.values()}
            self._refused(max(codes, default=550))
        except smtplib.SMTPResponseException as fault:
            self._refused(fault.smtp_code)
        except (smtplib.SMTPException, OSError) as fault:
            raise NotNow(f"The mail server could not be reached ({type(fault).__name__}).") from None
        return identity

    def _refused(self, code: int) -> None:
        """SMTP: 4xx is for the moment, 5xx for good."""
        if code < 500:
            raise NotNow(f"The mail server said 'not now' ({code}).") from None
        raise CannotBeSent(f"The mail server refused it ({code}). Check the address and the settings.") from None


@dataclass(frozen=True, slots=True)
class Notify:
    """E-mail or SMS by GOV.UK Notify, whose template holds the placeholders ((subject)) and ((text))."""

    api_key: str
    template: str
    url: str
    name: str = "notify"
    simulated: bool = False

    def send(self, message: Outgoing) -> str:
        """Hand over, unless an earlier try did: Notify is asked by our key first."""
        try:
            client = NotificationsAPIClient(self.api_key, base_url=self.url, timeout=SECONDS)
            if message.attempts > 1 and (before := self._sent_before(client, message.key)):
                return before
            return str(self._handed_over(client, message)["id"])
        except APIError as fault:
            status = fault.status_code
            if status == 429 or status >= 500:
                raise NotNow(f"GOV.UK Notify could not take it ({status}).") from None
            raise CannotBeSent(f"GOV.UK Notify refused it ({status}). Check address, template and key.") from None
        except (AssertionError, ValueError, LookupError) as fault:
            raise CannotBeSent(f"GOV.UK Notify is not set up as it should be ({type(fault).__name__}).") from None

    def _handed_over(self, client: NotificationsAPIClient, message: Outgoing) -> Mapping[str, str]:
        words = {"subject": message.subject or "A message for you", "text": message.text}
        if message.kind == Kind.SMS:
            return client.send_sms_notification(message.to, self.template, {"text": message.text}, message.key)
        return client.send_email_notification(message.to, self.template, words, message.key)

    def _sent_before(self, client: NotificationsAPIClient, key: str) -> str:
        found = client.get_all_notifications(reference=key)["notifications"]
        return str(found[0]["id"]) if found else ""


def senders() -> dict[str, Sender]:
    """The ways out that are set up here, by kind; in the demo the simulator for all."""
    if settings.DEMO:
        return {Kind.EMAIL: Simulator(), Kind.SMS: Simulator()}
    told = settings.POST
    found: dict[str, Sender] = {}
    if told["mail_host"]:
        names = ("mail_host", "mail_port", "mail_user", "mail_password", "mail_tls", "mail_from")
        found[Kind.EMAIL] = Smtp(*(told[name] for name in names))
    for kind, template in ((Kind.EMAIL, told["notify_email_template"]), (Kind.SMS, told["notify_sms_template"])):
        if told["notify_key"] and template:
            found[kind] = Notify(told["notify_key"], template, told["notify_url"])
    return found
