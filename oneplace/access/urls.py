"""Addresses of access's own pages."""

from django.urls import path

from oneplace.access.views import users

urlpatterns = [
    path("users/", users.listed, name="users"),
    path("users/new/", users.new, name="user-new"),
    path("users/employ/", users.employ, name="user-employ"),
    path("users/teams/", users.teams, name="user-teams"),
    path("users/roles/<str:key>/end/", users.end_role, name="user-role-end"),
    path("users/<str:key>/", users.one, name="user"),
    path("users/<str:key>/<slug:act>/", users.change, name="user-change"),
]
