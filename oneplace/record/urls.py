"""Addresses of the record's pages: opaque keys, codes and kinds only, never a word about a person."""

from django.urls import path

from oneplace.record.views import emergency, letters, linkage, people, sharing

urlpatterns = [
    path("people/", people.people, name="people"),
    path("people/<str:person_id>/", people.person, name="person"),
    path("people/<str:person_id>/emergency/", emergency.break_glass, name="break-glass"),
    path("people/<str:person_id>/emergency/end/", emergency.end, name="break-glass-end"),
    path("people/<str:person_id>/why/", people.why, name="record-why"),
    path("people/<str:person_id>/panels/<slug:name>/", people.panel, name="record-panel"),
    path("people/<str:person_id>/items/<str:key>/", people.item, name="record-item"),
    path("people/<str:person_id>/sharing/", sharing.shown, name="sharing"),
    path("people/<str:person_id>/sharing/record/", sharing.record, name="sharing-record"),
    path("people/<str:person_id>/sharing/<int:key>/take-back/", sharing.take_back, name="sharing-take-back"),
    path("people/<str:person_id>/viewers/", sharing.viewers, name="viewers"),
    path("letters/", letters.listed, name="letters"),
    path("people/<str:person_id>/letters/<str:key>/file/", letters.file_letter, name="letter-file"),
    path("linkage/", linkage.listed, name="linkage"),
    path("linkage/quality/", linkage.measured, name="linkage-quality"),
    path("linkage/merge/", linkage.merge, name="linkage-merge"),
    path("linkage/cases/<str:key>/", linkage.case, name="linkage-case"),
    path("linkage/decisions/<str:key>/undo/", linkage.undo, name="linkage-undo"),
]
