"""Addresses for machines."""

from django.urls import path

from oneplace.gateway import views

urlpatterns = [path("inbox/", views.inbox, name="inbox")]
