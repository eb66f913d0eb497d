"""Addresses of the portal: the person's own pages carry no key at all, those of staff an opaque one."""

from django.urls import path

from oneplace.portal.views import giving, looked, record, sharing

urlpatterns = [
    path("my-record/", record.record, name="my-record"),
    path("my-record/parts/<slug:name>/", record.panel, name="my-record-panel"),
    path("my-record/items/<str:key>/", record.item, name="my-record-item"),
    path("whose-record/", record.choose, name="whose"),
    path("who-has-looked/", looked.listed, name="who-looked"),
    path("sharing/", sharing.listed, name="sharing"),
    path("sharing/undo/", sharing.undo, name="sharing-undo"),
    path("sharing/people/<str:key>/end/", sharing.end, name="sharing-end"),
    path("sharing/<slug:name>/", sharing.change, name="sharing-change"),
    path("people/<str:person_id>/own-people/", giving.listed, name="own-people"),
    path("people/<str:person_id>/own-people/give/<slug:kind>/", giving.give, name="own-people-give"),
    path("people/<str:person_id>/own-people/<str:key>/end/", giving.end, name="own-people-end"),
]
