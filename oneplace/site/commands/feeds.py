"""`oneplace feeds`. What comes in: feeds, their keys, their quarantine."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from oneplace.access.commands import OPERATOR, operator
from oneplace.site.commands.talk import FINDINGS, USAGE, Json, group, say, start_up, stop, told

app = group("What comes in: feeds, their keys, their quarantine.")


@app.command("list")
@operator
def feeds_list(as_json: Json = False) -> None:
    """One line a feed: received = filed + quarantined + duplicate; how long from its arrival to the record."""
    start_up()
    from oneplace.gateway import monitor, queries
    from oneplace.kernel import clock

    now = clock.now()
    lines, day, hour = queries.feed_lines(), queries.latencies(now), queries.latencies(now, 1)
    alarms: dict[tuple[str, str], list[str]] = {}
    for one in monitor.alarms():
        alarms.setdefault((one.organisation_code, one.format), []).append(one.kind)
    rows = [
        asdict(one)
        | {"alarms": alarms.get((one.organisation_code, one.format), [])}
        | {f"latency_{name}": asdict(found[one.id]) if one.id in found else None
           for name, found in (("last_hour", hour), ("last_day", day))}
        for one in lines
    ]  # fmt: skip
    words = "\n".join(
        f"{one.organisation_code:8} {one.format:16} {one.received:>8,} = {one.filed:>8,} + {one.quarantined:>6,} + "
        f"{one.duplicate:>6,}  p95 {f'{day[one.id].p95:.2f} s' if one.id in day else '-':8} "
        f"last {one.last_received_at or 'never'}  {' '.join(row['alarms'])}"
        for one, row in zip(lines, rows, strict=True)
    )
    told(rows, as_json, words or "No feed has been declared or heard of yet.")


@app.command("check")
@operator
def feeds_check(as_json: Json = False) -> None:
    """Look at every feed: silent, halved, frozen, refused, never heard, clock ahead. Exit 3 when an alarm stands."""
    start_up()
    from oneplace.gateway import monitor
    from oneplace.kernel import clock

    found = monitor.check(now=clock.now(), by=OPERATOR)
    words = "\n".join(
        f"{one.state:8} {one.organisation_code:8} {one.format:16} {one.kind:8} since {one.since:%Y-%m-%d %H:%M}  "
        f"{one.words}" + (f"  (seen by {one.acknowledged_by}: {one.note})" if one.acknowledged_at else "")
        for one in found
    )
    told([asdict(one) for one in found], as_json, words or "No feed raises an alarm.")
    sys.exit(FINDINGS if any(one.state != "cleared" for one in found) else 0)


@app.command("key")
@operator
def feeds_key(
    code: Annotated[str, typer.Argument(help="ODS code of the organisation that will send.")],
    label: Annotated[str, typer.Option(help="A word to know the key by.")] = "",
) -> None:
    """Make a key with which an organisation's machine may post to /inbox/. It is shown once."""
    start_up()
    from oneplace.access import actions
    from oneplace.place import queries

    if queries.organisation(code) is None:
        stop(f"No organisation of this place has the ODS code '{code}'. See them: oneplace feeds list", USAGE)
    typer.echo(actions.create_key(feed_code=code, by=OPERATOR, label=label))
    say(f"Send it with each message as 'Authorization: Bearer KEY'. It is not kept here and files for {code} only.")


@app.command("quarantine")
@operator
def feeds_quarantine(
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 50, as_json: Json = False
) -> None:
    """Messages that could not be read, and why."""
    start_up()
    from oneplace.gateway import queries

    lines = queries.quarantined(limit)
    words = "\n".join(f"{line.key}  {line.format:16} {line.path or '-':24} {line.reason}" for line in lines)
    told([asdict(line) for line in lines], as_json, words or "Nothing waits in quarantine.")


@app.command("replay")
@operator
def feeds_replay(
    code: Annotated[str, typer.Option(help="Only messages with this reason code.")] = "", as_json: Json = False
) -> None:
    """Read quarantined messages again, after the cure."""
    start_up()
    from oneplace.gateway.replay import replay
    from oneplace.site import loading
    from oneplace.site.bar import bar

    with bar("Reading again") as progress:
        tally = replay(by=OPERATOR, code=code or None, progress=progress)
    told(loading.plain(tally), as_json, loading.words(tally))
    sys.exit(FINDINGS if tally.quarantined else 0)


@app.command("adopt")
@operator
def feeds_adopt(
    feed: Annotated[str, typer.Option(help="ODS code of the organisation whose messages they are: you vouch for it.")],
    key: Annotated[list[str] | None, typer.Option(help="A message's key, as 'feeds quarantine' prints it.")] = None,
    code: Annotated[str, typer.Option(help="All that wait with this reason: source-missing.")] = "",
    as_json: Json = False,
) -> None:
    """Say whose messages are that don't name their organisation, and read them again. This can't be undone."""
    start_up()
    from oneplace.gateway import queries
    from oneplace.gateway.replay import ADOPTABLE, adopt
    from oneplace.place import queries as place
    from oneplace.site import loading
    from oneplace.site.bar import bar

    if place.organisation(feed) is None:
        stop(f"No organisation of this place has the ODS code '{feed}'. See them: oneplace feeds list", USAGE)
    if bool(key) == bool(code) or (code and code != ADOPTABLE):
        stop(f"Say which messages: --key KEY (again for more), or --code {ADOPTABLE} for all of them.", USAGE)
    with bar("Reading again") as progress:
        tally = adopt(key or queries.quarantine_keys(ADOPTABLE), feed_code=feed, by=OPERATOR, progress=progress)
    told(loading.plain(tally), as_json, loading.words(tally))
    if not tally.received:
        say("None of them waits for lack of an organisation. See: oneplace feeds quarantine")
    sys.exit(FINDINGS if tally.quarantined or not tally.received else 0)


@app.command("mesh")
@operator
def feeds_mesh(
    once: Annotated[bool, typer.Option("--once", help="Take in what lies in the mailbox now, then end.")] = False,
    seconds: Annotated[int, typer.Option(help="How long to wait between two looks.", min=10)] = 300,
    as_json: Json = False,
) -> None:
    """Take in messages from the MESH mailbox of the settings, and stay. Acknowledged to MESH when they are safe."""
    start_up()
    from oneplace.site import fetching, loading

    mailbox = fetching.mailbox()
    if once:
        tally = fetching.look(mailbox)
        told(loading.plain(tally), as_json, loading.words(tally))
        sys.exit(FINDINGS if tally.quarantined else 0)
    fetching.stay(mailbox, seconds, say)


@app.command("listen")
@operator
def feeds_listen(
    port: Annotated[int, typer.Option(help="TCP port; 2575 is the usual one. 0: any that is free, which is printed.")],
    feed: Annotated[str, typer.Option(help="ODS code of the one organisation that sends here.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    processing: Annotated[str, typer.Option(help="Processing id (MSH-11) that is taken: P, or T for tests.")] = "P",
    plain_text_network: Annotated[
        bool, typer.Option("--plain-text-network", help="Yes, listen beyond this machine without encryption.")
    ] = False,
) -> None:
    """Take in HL7 v2 messages over MLLP, and stay until TERM. Each is answered when it is safe."""
    if host not in {"127.0.0.1", "::1", "localhost"} and not plain_text_network:
        stop(
            f"MLLP is not encrypted, and {host} is not this machine alone. Listen on 127.0.0.1 behind a TLS tunnel "
            "(stunnel, a VPN), or add --plain-text-network if the network itself is encrypted.",
            USAGE,
        )
    start_up()
    from oneplace.gateway import mllp
    from oneplace.place import queries

    if queries.organisation(feed) is None:
        stop(f"No organisation of this place has the ODS code '{feed}'. See them: oneplace feeds list", USAGE)

    def ready(opened: int) -> None:
        typer.echo(opened)
        say(f"Listening on {host}, port {opened}, for {feed}. Ctrl-C ends it once what was read is answered.")

    try:
        mllp.listen(feed_code=feed, host=host, port=port, processing=processing, ready=ready)
    except OSError as error:
        stop(f"Port {port} on {host} can't be opened ({error.strerror}); choose another, or end what listens there.")
