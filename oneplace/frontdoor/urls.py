"""Addresses of the front door; people are named by opaque keys."""

from django.urls import path

from oneplace.frontdoor.views import beds

urlpatterns = [
    path("beds/", beds.board, name="beds"),
    path("beds/ask/<str:person_id>/", beds.ask, name="bed-ask"),
    path("beds/requests/<str:key>/", beds.request_page, name="bed-request"),
    path("beds/requests/<str:key>/offer/", beds.offer, name="bed-offer"),
    path("beds/requests/<str:key>/withdraw/", beds.withdraw, name="bed-withdraw"),
    path("beds/stays/<str:key>/move/", beds.move, name="bed-move"),
    path("beds/stays/<str:key>/longer/", beds.longer, name="bed-longer"),
    path("beds/stays/<str:key>/delay/", beds.delay, name="bed-delay"),
    path("beds/bed/<str:code>/", beds.bed_page, name="bed"),
]
