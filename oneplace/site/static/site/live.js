// The number of unread messages in the header, kept fresh while the page is looked at. Without it a reload shows it.
const held = document.querySelector("[data-unread-from]");
const every = 1500;

async function look() {
  if (document.hidden) return setTimeout(look, every);
  try {
    const answer = await fetch(`${held.dataset.unreadFrom}?seen=${held.dataset.unread}`, {
      headers: { "X-Background": "yes" },
      redirect: "manual",
    });
    if (answer.type === "opaqueredirect") return; // signed out: nothing more is told here
    if (answer.status === 200) show(Number(await answer.text()));
  } catch {
    // The connection is gone: the next look may find it again.
  }
  setTimeout(look, every);
}

function show(unread) {
  const more = unread - Number(held.dataset.unread);
  held.dataset.unread = unread;
  held.querySelector("[data-unread-number]").textContent = unread;
  held.querySelector(".op-unread").hidden = unread === 0;
  if (more > 0) document.querySelector("[data-unread-told]").textContent = `${more} new in Messages`;
  document.body.dispatchEvent(new Event("unread"));
}

if (held) setTimeout(look, every);
