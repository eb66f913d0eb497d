"""Addresses of the record's pages: opaque keys, codes and kinds only, never a word about a person."""

from django.urls import path

from oneplace.record import views

urlpatterns = [
    path("people/", views.people, name="people"),
    path("people/<str:person_id>/", views.person, name="person"),
    path("people/<str:person_id>/panels/<slug:name>/", views.panel, name="record-panel"),
    path("people/<str:person_id>/items/<str:key>/", views.item, name="record-item"),
]
