"""Addresses of the portal: the person's own pages carry no key at all, those of staff an opaque one."""

from django.urls import path

from oneplace.portal.views import giving

urlpatterns = [
    path("people/<str:person_id>/own-people/", giving.listed, name="own-people"),
    path("people/<str:person_id>/own-people/give/<slug:kind>/", giving.give, name="own-people-give"),
    path("people/<str:person_id>/own-people/<str:key>/end/", giving.end, name="own-people-end"),
]
