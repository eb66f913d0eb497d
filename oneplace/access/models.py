"""The tables of access: who works here and as what, what ties organisations to people, what is shared, keys of feeds.

A person is an opaque key, never a foreign key: access knows no person (house.md, section 1).
"""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q

from oneplace.access.rules import AUTHORITIES, CHECKS, CHOICES, MADE_BY, MAY_CHOOSE, REASONS, TAKEN_BACK, ConsentModel
from oneplace.kernel.ids import new_key


class User(AbstractUser):
    """A member of staff who signs in. `key` is what the ledger calls them; what they may do hangs on the hat they wear.

    `chosen_hat` is set for one request, from its session: the key of the employment that they act in.
    """

    first_name = None
    last_name = None
    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    display_name = models.CharField(max_length=120)

    REQUIRED_FIELDS = []
    chosen_hat = ""

    def get_full_name(self) -> str:
        """The name that colleagues read."""
        return self.display_name or self.username

    def get_short_name(self) -> str:
        """The name that colleagues read."""
        return self.get_full_name()


class Employment(models.Model):
    """A hat: one role of a user in one organisation, and in a team of it where that is told, from start till end."""

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="employments")
    role = models.CharField(max_length=40)
    organisation_code = models.CharField(max_length=20)
    team_code = models.CharField(max_length=20, blank=True)
    starts = models.DateTimeField()
    ends = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "organisation_code"],
                condition=Q(ends__isnull=True),
                name="access_one_hat_a_role",
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gte=F("starts")), name="access_employment_order"
            ),
        ]
        indexes = [models.Index(fields=["organisation_code", "starts"], name="access_staff_of")]


class Invitation(models.Model):
    """A link with which a user sets a password of their own, once. Only its digest is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.CharField(max_length=64)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)


class Relationship(models.Model):
    """A live tie between a person and an organisation: registration, admission, attendance, open referral.

    `reference` is the upper room's own key for what made it, so that the same fact told twice is one row. Its kind may
    change: an A&E attendance becomes an admission under one visit number. `told_at` says when the source last knew
    this: the newest telling wins, in whatever order they arrive.
    """

    person = models.CharField(max_length=22)
    organisation_code = models.CharField(max_length=22)  # of the person's own people: the key of their user
    kind = models.CharField(max_length=30)
    reference = models.CharField(max_length=300)
    starts = models.DateTimeField()
    ends = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField()
    opened_by = models.CharField(max_length=64)
    scope = models.CharField(max_length=400, blank=True, default="")  # classes parted by ';'; empty: all that it opens

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_code", "reference"], name="access_one_tie_a_reference"),
        ]
        indexes = [
            models.Index(fields=["organisation_code", "person", "starts", "ends"], name="access_reach"),
            models.Index(fields=["person", "organisation_code"], name="access_ties_of_person"),
            models.Index(fields=["reference"], name="access_tie_reference"),
        ]


class OwnAccess(models.Model):
    """What was checked and agreed when a sign-in was tied to a person: their own, or a proxy's. One row a personal tie.

    The tie holds who, whom, from when to when and how far; here stand how the holder proved who they are, on whose
    word a proxy acts, and who wrote it down. Rows are never deleted; ending one says why.
    """

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    tie = models.OneToOneField(Relationship, models.PROTECT, related_name="agreed")
    user = models.ForeignKey(User, models.PROTECT, related_name="own_access")
    authority = models.CharField(max_length=16, choices=[(one, one) for one in AUTHORITIES])
    may_choose = models.BooleanField(default=False)  # records choices about sharing for the person
    check_made = models.CharField(max_length=16, choices=[(one, one) for one in CHECKS])
    how = models.CharField(max_length=200)
    given_by = models.CharField(max_length=64)
    given_by_name = models.CharField(max_length=120, blank=True)
    organisation_code = models.CharField(max_length=20, blank=True)
    given_at = models.DateTimeField()
    ended_by = models.CharField(max_length=64, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(authority__in=AUTHORITIES), name="access_own_authority"),
            models.CheckConstraint(condition=Q(check_made__in=CHECKS), name="access_own_check"),
            models.CheckConstraint(
                condition=Q(may_choose=False) | Q(authority__in=sorted(MAY_CHOOSE)), name="access_own_may_choose"
            ),
            models.CheckConstraint(condition=Q(ended_by="") | ~Q(end_reason=""), name="access_own_end_reason"),
        ]


class AgreementTemplate(models.Model):
    """A sharing agreement as it is put to controllers: text, parties, purposes, classes. A new wording is a version.

    The emergency line, where there is one, says what a declared emergency may lift and names the hazard that was
    weighed (docs/safety/hazard-log.md). Versions are never changed: somebody may have signed them.
    """

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    name = models.CharField(max_length=80)
    version = models.PositiveSmallIntegerField()
    text = models.TextField()
    purposes = models.JSONField(default=list)
    classes = models.JSONField(default=list)
    parties = models.JSONField(default=list)  # organisations that may read; empty: all of the place
    months = models.PositiveSmallIntegerField(null=True, blank=True)  # how long it is usually signed for
    emergency_line = models.TextField(blank=True)
    hazard = models.CharField(max_length=20, blank=True)
    written_by = models.CharField(max_length=64)
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="access_one_template_a_version"),
            models.CheckConstraint(
                condition=Q(emergency_line="", hazard="") | (~Q(emergency_line="") & ~Q(hazard="")),
                name="access_emergency_has_hazard",
            ),
        ]


class Agreement(models.Model):
    """What one data controller has signed: from its first to its last day, for which purposes and classes.

    One that was signed here names its template and who signed; its terms are those of that version, for good. One
    without came with the place's folder. `ended_at` ends it at that moment, whatever its last day was to be.
    """

    controller_code = models.CharField(max_length=20)
    signed_on = models.DateField(null=True, blank=True)
    starts = models.DateField()
    ends = models.DateField(null=True, blank=True)
    purposes = models.JSONField(default=list)
    classes = models.JSONField(default=list)
    note = models.TextField(blank=True)
    parties = models.JSONField(default=list)  # organisations that may read; empty: all of the place
    template = models.ForeignKey(AgreementTemplate, models.PROTECT, null=True, blank=True, related_name="agreements")
    signatory = models.CharField(max_length=120, blank=True)
    signatory_role = models.CharField(max_length=120, blank=True)
    recorded_by = models.CharField(max_length=64, blank=True)  # '' while only the folder tells of it
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=64, blank=True)
    end_reason = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["controller_code", "starts"],
                condition=Q(ended_at__isnull=True),
                name="access_one_agreement_a_start",
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gte=F("starts")), name="access_agreement_order"
            ),
            models.CheckConstraint(
                condition=Q(template__isnull=True) | (~Q(signatory="") & ~Q(signatory_role="")),
                name="access_agreement_signatory",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | ~Q(end_reason=""), name="access_agreement_end_reason"
            ),
        ]


class Consent(models.Model):
    """One choice of a person about a class of information ('' means all ordinary classes). Rows are only added.

    The newest row of a person and class holds; no row means that nobody asked. A row that `takes_back` another says
    that it was recorded by mistake: neither counts, and the one before them holds.
    """

    person = models.CharField(max_length=22)
    first_person = models.CharField(max_length=22)  # about whom it was recorded, before linkage joined anybody
    information_class = models.CharField(max_length=40, blank=True)
    choice = models.CharField(max_length=10, choices=[(choice, choice) for choice in (*CHOICES, TAKEN_BACK)])
    made_by = models.CharField(max_length=16, choices=[(who, who) for who in MADE_BY], default="person")
    capacity = models.BooleanField(default=True)
    taken_by = models.CharField(max_length=64)  # key of the user who took it, or of a machine or command
    taken_at_code = models.CharField(max_length=20, blank=True)  # organisation of the hat in which it was taken
    how = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    takes_back = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="taken_back")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(choice__in=CHOICES, takes_back__isnull=True)
                | Q(choice=TAKEN_BACK, takes_back__isnull=False),
                name="access_consent_choice",
            ),
            models.CheckConstraint(condition=Q(made_by__in=MADE_BY), name="access_consent_made_by"),
        ]
        indexes = [
            models.Index(fields=["person", "information_class", "at"], name="access_consent_of_person"),
            models.Index(fields=["first_person"], name="access_consent_first_person"),
        ]


class ConsentRule(models.Model):
    """The consent model that this place has chosen for a class of information ('' means all that aren't named)."""

    information_class = models.CharField(max_length=40, blank=True, unique=True)
    model = models.CharField(max_length=12, choices=[(model.value, model.value) for model in ConsentModel])

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(model__in=[model.value for model in ConsentModel]), name="access_model")
        ]


class BreakGlass(models.Model):
    """An emergency access that one user declared for one person: reason, how long, and what the review found."""

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    person = models.CharField(max_length=22)
    first_person = models.CharField(max_length=22, blank=True)  # about whom it was declared, once linkage moved it
    user_key = models.CharField(max_length=22)
    role = models.CharField(max_length=40)
    organisation_code = models.CharField(max_length=20)
    reason = models.CharField(max_length=16, choices=[(reason, reason) for reason in REASONS])
    text = models.TextField()
    over_refusal = models.BooleanField(default=False)
    refusal_reason = models.TextField(blank=True)
    declared_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, blank=True)
    reviewed_by = models.CharField(max_length=22, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(reason__in=REASONS), name="access_glass_reason"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("declared_at")), name="access_glass_order"),
            models.CheckConstraint(
                condition=Q(outcome__in=["", "justified", "not-justified", "action"]), name="access_glass_outcome"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", reviewed_at__isnull=True) | (~Q(outcome="") & Q(reviewed_at__isnull=False)),
                name="access_glass_reviewed",
            ),
            models.CheckConstraint(
                condition=Q(over_refusal=False) | ~Q(refusal_reason=""), name="access_glass_over_refusal"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "user_key", "expires_at"], name="access_glass_open"),
            models.Index(fields=["outcome", "declared_at"], name="access_glass_review"),
        ]


class ApiKey(models.Model):
    """A key with which a feed's machine sends to the inbox. Only its digest is kept."""

    key_id = models.CharField(max_length=22, unique=True)
    digest = models.CharField(max_length=64)
    feed_code = models.CharField(max_length=60)
    label = models.CharField(max_length=120, blank=True)
    created = models.DateTimeField()
    last_used = models.DateTimeField(null=True, blank=True)
    revoked = models.DateTimeField(null=True, blank=True)
