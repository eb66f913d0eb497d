"""Every address of this place: the site's own pages, the record's, and the inbox for machines."""

from datetime import date

from django.urls import include, path, register_converter

from oneplace.site.views import (
    account,
    agreements,
    emergencies,
    feeds,
    home,
    ledger,
    ledger_reports,
    messages,
    provider,
    quarantine,
    signin,
    welcome,
)


class Day:
    """A day in an address, like 2026-12-01."""

    regex = r"\d{4}-\d{2}-\d{2}"
    to_python = staticmethod(date.fromisoformat)
    to_url = staticmethod(str)


register_converter(Day, "day")

urlpatterns = [
    path("", home.home, name="home"),
    path("progress/", home.progress, name="progress"),
    path("sign-in/", signin.sign_in, name="sign-in"),
    path("sign-in/demo/", signin.demo, name="sign-in-demo"),
    # Names with an underscore are those that allauth asks for.
    path("sign-in/", signin.sign_in, name="account_login"),
    path("sign-in/second-step/", signin.second_step, name="mfa_authenticate"),
    path("sign-in/passkey/", signin.passkey, name="mfa_login_webauthn"),
    path("sign-in/with/<slug:provider_id>/", provider.leave, name="openid_connect_login"),
    path("sign-in/with/<slug:provider_id>/back/", provider.back, name="openid_connect_callback"),
    path("sign-in/", signin.sign_in, name="socialaccount_login_cancelled"),
    path("confirm/", signin.confirm, name="confirm"),
    path("hat/", signin.hat, name="hat"),
    path("account/", account.account, name="mfa_index"),
    path("account/app/", account.add_app, name="mfa_activate_totp"),
    path("account/app/remove/", account.remove_app, name="mfa_deactivate_totp"),
    path("account/passkeys/add/", account.add_passkey, name="mfa_add_webauthn"),
    path("account/passkeys/<int:pk>/remove/", account.remove_passkey, name="mfa_remove_webauthn"),
    path("account/codes/", account.codes, name="mfa_view_recovery_codes"),
    path("account/codes/new/", account.new_codes, name="mfa_generate_recovery_codes"),
    path("account/password/", account.password, name="account-password"),
    path("account/sessions/", account.end_others, name="account-sessions"),
    path("sign-out/", signin.sign_out, name="sign-out"),
    path("messages/", messages.inbox, name="messages"),
    path("messages/count/", messages.count, name="messages-count"),
    path("messages/read/", messages.read, name="messages-read"),
    path("messages/out/", messages.outbox, name="outbox"),
    path("messages/out/<str:key>/", messages.outbox_one, name="outbox-one"),
    path("feeds/", feeds.feeds, name="feeds"),
    path("feeds/feeds.csv", feeds.download, name="feeds-csv"),
    path("feeds/alarm/<int:key>/", feeds.acknowledge, name="feed-acknowledge"),
    path("feeds/<str:code>/<str:format_name>/", feeds.one, name="feed"),
    path("quarantine/", quarantine.listed, name="quarantine"),
    path("quarantine/replay/", quarantine.replay_reason, name="quarantine-replay-reason"),
    path("quarantine/<str:key>/", quarantine.one, name="quarantine-one"),
    path("quarantine/<str:key>/whose/", quarantine.adopt, name="quarantine-adopt"),
    path("quarantine/<str:key>/replay/", quarantine.replay_one, name="quarantine-replay"),
    path("ledger/", ledger.latest, name="ledger"),
    path("ledger/find/", ledger.find, name="ledger-find"),
    path("ledger/ledger.csv", ledger.download, name="ledger-csv"),
    path("ledger/verify/", ledger.verify, name="ledger-verify"),
    path("emergency-access/", emergencies.listed, name="emergencies"),
    path("emergency-access/controllers/", emergencies.controller, name="emergency-controllers"),
    path("emergency-access/controllers/report.csv", emergencies.controller_csv, name="emergency-controllers-csv"),
    path("emergency-access/<str:key>/", emergencies.one, name="emergency"),
    path("access-reports/", ledger_reports.listed, name="access-reports"),
    path("access-reports/look/", ledger_reports.look, name="access-reports-look"),
    path("access-reports/<str:key>/", ledger_reports.one, name="access-report"),
    path("agreements/", agreements.board, name="agreements"),
    path("agreements/templates/new/", agreements.write, name="agreement-template-new"),
    path("agreements/templates/<str:key>/", agreements.template, name="agreement-template"),
    path("agreements/<str:code>/", agreements.one, name="agreement"),
    path("agreements/<str:code>/sign/", agreements.sign, name="agreement-sign"),
    path("agreements/<str:code>/<day:starts>/end/", agreements.end, name="agreement-end"),
    path("welcome/<str:token>/", welcome.opened, name="welcome-link"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("", include("oneplace.access.urls")),
    path("", include("oneplace.record.urls")),
    path("", include("oneplace.frontdoor.urls")),
    path("", include("oneplace.portal.urls")),
    path("", include("oneplace.gateway.urls")),
]

handler404 = "oneplace.site.views.home.not_found"
handler500 = "oneplace.site.views.home.failed"
