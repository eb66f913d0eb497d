"""The outbox: kept with what causes it, sent once, tried again, withheld, given up."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.db import transaction
from fakes import post_office

from oneplace.kernel import clock
from oneplace.ledger import queries as ledger
from oneplace.post import actions, delivery, queries
from oneplace.post.models import OutboxMessage
from oneplace.post.rules import Address, Kind, State
from oneplace.post.senders import CannotBeSent, Notify, NotNow, Outgoing, Sender, Simulator, Smtp, senders

pytestmark = pytest.mark.django_db
SMS = Address(Kind.SMS, "+441632960001", "reader")
TEXT = "Please ring 01632 960 123 today."


class Scripted:
    """A sender that answers as it was told, and remembers what it was given."""

    name, simulated = "scripted", False

    def __init__(self, *answers: object) -> None:
        self.answers, self.given = list(answers), []

    def send(self, message: Outgoing) -> str:
        self.given.append(message)
        answer = self.answers.pop(0) if self.answers else "ok"
        if isinstance(answer, Exception):
            raise answer
        return str(answer)


def sent(sender: Sender | None, may: bool = True) -> Mapping[str, int]:
    ways = {Kind.SMS: sender, Kind.EMAIL: sender} if sender else {}
    return delivery.deliver(may_send=lambda reader, person: may, senders=ways, by="due-jobs")


def queued(to: Address = SMS, **told: str) -> OutboxMessage:
    actions.queue(to=to, text=TEXT, by="test", **told)
    return OutboxMessage.objects.latest("pk")


def due_now() -> None:
    OutboxMessage.objects.update(due_at=clock.real_now() - timedelta(seconds=1))


def test_message_lives_and_dies_with_what_causes_it():
    with transaction.atomic():
        queued()
        transaction.set_rollback(True)
    assert not OutboxMessage.objects.exists()
    queued(about="person")
    row = ledger.latest(1)[0]
    assert (row.action, row.subject) == ("queue message", "person")
    assert TEXT not in row.detail


def test_same_message_twice_is_one():
    assert actions.queue(to=SMS, text=TEXT, by="test", once="visit 1")
    assert not actions.queue(to=SMS, text=TEXT, by="test", once="visit 1")
    assert OutboxMessage.objects.count() == 1


def test_clinical_words_never_enter_the_outbox():
    with pytest.raises(actions.Unsuitable, match="clinical"):
        actions.queue(to=SMS, text="Your insulin is changed", by="test")
    assert not OutboxMessage.objects.exists()


def test_waiting_message_is_sent_once():
    made, sender = queued(), Scripted("their-id")
    assert sent(sender) == {State.SENT: 1}
    assert sent(sender) == {}
    made.refresh_from_db()
    assert (made.state, made.reference, made.sender, made.simulated) == ("sent", "their-id", "scripted", False)
    assert [one.to for one in sender.given] == ["+441632960001"]
    row = ledger.latest(1)[0]
    assert (row.action, '"state":"sent"' in row.detail) == ("send message", True)


def test_reader_who_may_not_see_the_person_any_more_is_not_told():
    queued(about="person")
    sender = Scripted()
    assert sent(sender, may=False) == {State.WITHHELD: 1}
    assert sender.given == []
    assert queries.outbox((State.WITHHELD,))[0].fault.startswith("Its reader may not see")


def test_message_without_a_reader_or_a_person_is_not_asked_about():
    queued(to=Address(Kind.SMS, "+441632960002"), about="person")
    queued()
    assert sent(Scripted(), may=False) == {State.SENT: 2}


def test_failure_of_the_moment_is_tried_again_with_longer_waits_and_ends_on_the_work_list():
    made = queued()
    sender = Scripted(*[NotNow("Line busy.")] * 6)
    waits = []
    for _ in range(6):
        due_now()
        sent(sender)
        made.refresh_from_db()
        waits.append(made.due_at - clock.real_now())
    assert waits[:5] == sorted(waits[:5])
    assert (made.state, made.attempts, made.fault) == ("failed", 6, "Line busy. Tried 6 times.")
    assert sent(sender) == {}


def test_sender_that_breaks_says_no_word_of_the_recipient():
    made = queued()
    sent(Scripted(ValueError("+441632960001 is odd")))
    made.refresh_from_db()
    assert (made.state, made.fault) == ("waiting", "The sender broke (ValueError).")


def test_failure_for_good_waits_for_a_person_who_retries_or_gives_up():
    made = queued()
    assert sent(Scripted(CannotBeSent("No such number."))) == {State.FAILED: 1}
    assert actions.retry(key=made.key, by="officer")
    assert not actions.retry(key=made.key, by="officer")
    assert sent(Scripted(CannotBeSent("No such number."))) == {State.FAILED: 1}
    with pytest.raises(ValueError, match="Say why"):
        actions.give_up(key=made.key, reason=" ", by="officer")
    assert actions.give_up(key=made.key, reason="Rang her instead", by="officer")
    assert not actions.give_up(key=made.key, reason="again", by="officer")
    assert queries.outbox((State.GIVEN_UP,))[0].reason == "Rang her instead"
    assert queries.state_counts() == {State.GIVEN_UP: 1}
    assert {row.action for row in ledger.latest(10)} >= {"retry message", "give up message"}


def test_kind_without_a_sender_fails_with_the_cure():
    made = queued()
    assert sent(None) == {State.FAILED: 1}
    assert "docs/post.md" in queries.outbox_line(made.key).fault


def test_message_that_another_process_took_is_left_to_it():
    made = queued()
    assert delivery._claim(made.key) is not None
    assert delivery._claim(made.key) is None
    assert sent(Scripted()) == {}


def test_message_left_by_a_process_that_ended_is_tried_again():
    made = queued()
    delivery._claim(made.key)
    OutboxMessage.objects.update(claimed_at=clock.real_now() - timedelta(minutes=11))
    sender = Scripted()
    assert sent(sender) == {State.SENT: 1}
    assert sender.given[0].attempts == 2


def test_inbox_counts_until_read():
    here = Address(Kind.IN_APP, "reader")
    queued(to=here, subject="First")
    queued(to=here, subject="Second", about="person", link="/messages/")
    queued(to=Address(Kind.IN_APP, "another"))
    assert [note.subject for note in queries.inbox("reader")] == ["Second", "First"]
    assert sorted(queries.unread_about("reader")) == ["", "person"]
    keys = [note.key for note in queries.inbox("reader", unread=True)]
    assert actions.mark_read(reader="another", keys=keys) == 0
    assert actions.mark_read(reader="reader", keys=keys) == 2
    assert actions.mark_read(reader="reader", keys=keys) == 0
    assert queries.inbox("reader", unread=True) == []
    assert queries.outbox((State.SENT,)) == []
    assert queries.outbox_line(keys[0]) is None


def smtp_to(port: int) -> Smtp:
    return Smtp("127.0.0.1", port, "", "", False, "oneplace <no-reply@example.org>")


def outgoing(kind: str = Kind.EMAIL, attempts: int = 1) -> Outgoing:
    return Outgoing("key1", kind, "someone@example.org", "", TEXT, attempts)


def test_smtp_hands_over_with_a_neutral_sender_and_one_identity():
    with post_office.smtp() as (port, taken):
        assert smtp_to(port).send(outgoing()) == "<key1@example.org>"
        smtp_to(port).send(outgoing(attempts=2))
    assert len(taken) == 2
    assert all(
        "Message-ID: <key1@example.org>" in mail and "From: oneplace <no-reply@example.org>" in mail for mail in taken
    )
    assert "Subject: A message for you" in taken[0]


@pytest.mark.parametrize(("answer", "fault"), [("550 no such box", CannotBeSent), ("450 full", NotNow)])
def test_smtp_tells_refused_from_not_now(answer, fault):
    with post_office.smtp(refuse=answer) as (port, _), pytest.raises(fault) as told:
        smtp_to(port).send(outgoing())
    assert "someone" not in str(told.value)


def test_smtp_that_is_not_there_is_tried_later():
    with post_office.smtp() as (port, _):
        pass
    with pytest.raises(NotNow):
        smtp_to(port).send(outgoing())


KEY = "name-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0"


def test_notify_is_sent_text_and_reference_and_asked_before_a_second_try():
    with post_office.notify() as (url, taken):
        by_sms, by_email = Notify(KEY, "template-s", url), Notify(KEY, "template-e", url)
        assert by_sms.send(outgoing(Kind.SMS)) == "id-0"
        assert by_sms.send(outgoing(Kind.SMS, attempts=2)) == "id-0"
        by_email.send(Outgoing("key2", Kind.EMAIL, "someone@example.org", "", TEXT, 2))
    assert [(one["path"].rpartition("/")[2], one["reference"]) for one in taken] == [("sms", "key1"), ("email", "key2")]
    assert taken[1]["personalisation"] == {"subject": "A message for you", "text": TEXT}


@pytest.mark.parametrize(("status", "fault"), [(400, CannotBeSent), (403, CannotBeSent), (429, NotNow), (500, NotNow)])
def test_notify_tells_refused_from_not_now(status, fault):
    with post_office.notify(status) as (url, _), pytest.raises(fault, match=str(status)):
        Notify(KEY, "template", url).send(outgoing())


def test_notify_with_a_key_that_is_none_says_so():
    with pytest.raises(CannotBeSent, match="set up"):
        Notify("short", "template", "http://127.0.0.1:1").send(outgoing())


def test_senders_are_those_of_the_settings(settings):
    settings.DEMO = True
    assert {type(sender) for sender in senders().values()} == {Simulator}
    assert Simulator().send(outgoing()) == "simulated-key1"
    settings.DEMO = False
    assert senders() == {}
    settings.POST = settings.POST | {"mail_host": "mail.example.org", "notify_key": KEY, "notify_sms_template": "t"}
    assert {kind: type(sender) for kind, sender in senders().items()} == {Kind.EMAIL: Smtp, Kind.SMS: Notify}
