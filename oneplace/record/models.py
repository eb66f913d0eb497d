"""Tables of the record. Entries hang on the source's own patient, and that patient points to a person: so that
linking, unlinking and relinking change one row and no fact ever loses its origin.

A source's patient and its entries keep the newest version by the source's own time; older ones go to history.
"""

from django.db import models
from django.db.models import F, Q

from oneplace.kernel.ids import new_key, new_person_id
from oneplace.record.rules import Link


class Source(models.Model):
    """An organisation whose data is held, known by its ODS code, whether or not the place's folder names it."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200, blank=True)
    first_received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()


class Document(models.Model):
    """The bytes as received, compressed (zstd) and addressed by what they are. Never changed."""

    digest = models.BinaryField(max_length=32, unique=True)  # SHA-256 of the bytes
    body = models.BinaryField()
    size = models.PositiveIntegerField()  # bytes before compression
    format = models.CharField(max_length=30)
    received_at = models.DateTimeField()


class Person(models.Model):
    """One human being, as far as linkage can tell. Holds no demographics: those are told by the sources."""

    key = models.CharField(max_length=22, unique=True, default=new_person_id)
    nhs_number = models.CharField(max_length=10, null=True, unique=True)  # NULL, not '': many people have none
    created_at = models.DateTimeField()


class LocalPatient(models.Model):
    """One source's own patient, as that source last told it, and how it is linked."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="patients")
    local_id = models.CharField(max_length=120)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="patients", null=True)
    alone = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", null=True)  # who it is when unlinked
    link = models.CharField(
        max_length=12, choices=[(link.value, link.name.title()) for link in Link], default=Link.UNLINKED.value
    )
    link_reason = models.CharField(max_length=200, blank=True)
    nhs_number = models.CharField(max_length=20, blank=True)  # as received, without separators
    link_number = models.CharField(max_length=10, blank=True, db_index=True)  # the same when it may be linked on
    family = models.CharField(max_length=120, blank=True)
    given = models.CharField(max_length=120, blank=True)
    prefix = models.CharField(max_length=40, blank=True)
    preferred = models.CharField(max_length=120, blank=True)
    birth_date = models.DateField(null=True)
    sex = models.CharField(max_length=10, blank=True)
    address = models.CharField(max_length=400, blank=True)
    postcode = models.CharField(max_length=10, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    deceased = models.BooleanField(default=False)
    deceased_at = models.DateTimeField(null=True)
    practice_code = models.CharField(max_length=20, blank=True)
    practice_name = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=80, blank=True)
    interpreter = models.BooleanField(default=False)
    ethnicity = models.CharField(max_length=1, blank=True)  # NHS Data Dictionary ethnic category
    number_verified = models.BooleanField(default=False)
    version_at = models.DateTimeField(null=True)
    content = models.BinaryField(max_length=8)  # digest of the demographics: breaks ties of time
    document = models.ForeignKey(Document, on_delete=models.PROTECT)
    received_at = models.DateTimeField()  # when this source last told anything of this patient
    last_contact_at = models.DateTimeField(null=True)  # newest contact that it told of and that has begun

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "local_id"], name="one_patient_a_source_and_id")]

    @property
    def at_own_practice(self) -> bool:
        """True when the source is the practice that registers the patient."""
        return self.practice_code == self.source.code

    @property
    def rank(self) -> tuple[bool, str, str]:
        """Who speaks first of one person's patients: the practice checks the number against the national index."""
        return not self.at_own_practice, self.source.code, self.local_id


class PersonName(models.Model):
    """A name that a source has ever told for its patient, in the form that search and linkage compare."""

    patient = models.ForeignKey(LocalPatient, on_delete=models.CASCADE, related_name="names")
    family = models.CharField(max_length=120)
    given = models.CharField(max_length=120)
    birth_date = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "family", "given"], name="name_once_a_patient")]
        indexes = [
            models.Index(fields=["family", "given"], name="name_search"),
            models.Index(fields=["birth_date"], name="name_birth_date"),
            models.Index(fields=["given"], name="name_given"),
        ]


class PatientPostcode(models.Model):
    """A postcode that a source has ever told for its patient: people move, and feeds learn of it at other times."""

    patient = models.ForeignKey(LocalPatient, on_delete=models.CASCADE, related_name="postcodes")
    postcode = models.CharField(max_length=10)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "postcode"], name="postcode_once_a_patient")]


class SourceMerge(models.Model):
    """That a source folded one of its patients into another, or took that back: the newest telling stands."""

    kept = models.ForeignKey(LocalPatient, on_delete=models.CASCADE, related_name="+")
    folded = models.ForeignKey(LocalPatient, on_delete=models.CASCADE, related_name="+")
    standing = models.BooleanField()
    told_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kept", "folded"], name="merge_once_a_pair")]


class LinkDecision(models.Model):
    """What a member of staff decided of two patients: one person or not, why; taken back, never erased."""

    key = models.CharField(max_length=22, unique=True, default=new_key)
    patient = models.ForeignKey(LocalPatient, on_delete=models.PROTECT, related_name="decisions")
    other = models.ForeignKey(LocalPatient, on_delete=models.PROTECT, related_name="+")
    same = models.BooleanField()
    reason = models.CharField(max_length=400)
    by = models.CharField(max_length=40)
    by_name = models.CharField(max_length=120)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "other"], condition=Q(undone_at=None), name="one_standing_decision_a_pair"
            ),
            models.CheckConstraint(condition=~Q(patient=F("other")), name="decision_is_of_two"),
        ]


class LinkScore(models.Model):
    """How like a patient whom the exact rules left over is to the person most like it, as last worked out."""

    patient = models.OneToOneField(LocalPatient, on_delete=models.CASCADE, related_name="score")
    other = models.ForeignKey(LocalPatient, on_delete=models.CASCADE, related_name="+")
    probability = models.FloatField()
    bits = models.FloatField()
    gap = models.FloatField()  # bits to the person next most like
    fields = models.JSONField()  # [[name of a field, bits that it gives], ...]
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(patient=F("other")), name="score_is_of_two")]


class NameKey(models.Model):
    """A spelling or sound by which a surname may be met: each surname once, however many people bear it."""

    key = models.CharField(max_length=120)
    family = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "family"], name="key_once_a_family")]


class EntryFields(models.Model):
    """The columns of a fact, shared by its newest version and its history."""

    kind = models.CharField(max_length=14)
    happened_at = models.DateTimeField(null=True)
    day_only = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)
    code = models.CharField(max_length=60, blank=True)
    system = models.CharField(max_length=120, blank=True)
    display = models.TextField(blank=True)
    status = models.CharField(max_length=40, blank=True)
    value = models.FloatField(null=True)
    value_text = models.TextField(blank=True)
    unit = models.CharField(max_length=40, blank=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    detail = models.TextField(default="{}")  # JSON: words for the page (kernel.rows.EntryRow.detail)
    version = models.CharField(max_length=80, blank=True)
    version_at = models.DateTimeField()
    content = models.BinaryField(max_length=8)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    path = models.CharField(max_length=120)
    received_at = models.DateTimeField()

    class Meta:
        abstract = True


class Entry(EntryFields):
    """One fact of one source about its patient: the newest version."""

    patient = models.ForeignKey(LocalPatient, on_delete=models.PROTECT, related_name="entries")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    type = models.CharField(max_length=40)
    told_id = models.CharField(max_length=160)  # the source's own id of the fact, stable between its exports

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "told_id", "type"], name="one_entry_a_source_and_id")]
        indexes = [
            models.Index(fields=["patient", "kind", "happened_at"], name="entry_of_patient"),
            models.Index(fields=["received_at"], condition=Q(kind="document"), name="letter_received"),
        ]


class LetterFiling(models.Model):
    """That an organisation has filed a letter about one of its people, as what, by whom. Taken back, never erased."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="filings")
    organisation_code = models.CharField(max_length=20)
    content = models.BinaryField(max_length=8)  # of the entry when it was filed: a letter sent anew waits anew
    type = models.CharField(max_length=40)
    filed_at = models.DateTimeField()
    filed_by = models.CharField(max_length=40)
    filed_by_name = models.CharField(max_length=120)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "organisation_code"], condition=Q(undone_at=None), name="letter_filed_once"
            )
        ]


class VisitMove(models.Model):
    """That a source said that one of its visits is another patient's: its newest word on that visit."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    visit = models.CharField(max_length=160)  # the source's own id of it
    patient = models.ForeignKey(LocalPatient, on_delete=models.CASCADE, related_name="+")
    told_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "visit"], name="one_move_a_source_and_visit")]


class WholeTelling(models.Model):
    """The newest export in which a practice told all of one sort that its patient has: what is not in it is no more."""

    patient = models.ForeignKey(LocalPatient, on_delete=models.CASCADE, related_name="+")
    type = models.CharField(max_length=40)
    told_at = models.DateTimeField()
    told = models.BinaryField()  # digests of 8 bytes of the ids told, in order

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "type"], name="one_whole_a_patient_and_type")]


class EntryHistory(EntryFields):
    """An older version of an entry, kept because someone may have acted on it."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="history")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "content"], name="history_once_a_content")]


class DataIssue(models.Model):
    """A fault of data in one element of one document, in plain words."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="issues")
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    path = models.CharField(max_length=160)
    code = models.CharField(max_length=60)
    text = models.CharField(max_length=400)
    severity = models.CharField(max_length=8)

    class Meta:
        indexes = [models.Index(fields=["source", "code"], name="issue_of_source")]


class ReviewTask(models.Model):
    """A link that a person must judge: held back or provisional, with the reason."""

    key = models.CharField(max_length=22, unique=True, default=new_key)  # opaque, for addresses
    patient = models.OneToOneField(LocalPatient, on_delete=models.CASCADE, related_name="review")
    reason = models.CharField(max_length=200)
    raised_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("raised_at")),
                name="review_closed_after_raised",
            )
        ]
