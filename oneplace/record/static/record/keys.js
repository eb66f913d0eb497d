// Keys for lists of people (j, k, /) and the print button. Everything here works without it, by Tab and Enter.
const typing = (node) => /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName) || node.isContentEditable;

const stored = "record-keys-off"; // single keys must be possible to turn off: WCAG 2.1.4
let off = localStorage.getItem(stored) === "yes";

const links = () => [...document.querySelectorAll("[data-keys] .record-hit__name a")];

function step(by) {
  const all = links();
  const next = all.indexOf(document.activeElement) + by;
  all[Math.max(0, Math.min(all.length - 1, next))]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (off || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const find = document.querySelector("[data-find]") || document.querySelector("input[name=text]");
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "/" && find) {
    find.focus();
    find.select();
  } else return;
  event.preventDefault();
});

for (const button of document.querySelectorAll("[data-keys-off]")) {
  const show = () => { button.textContent = off ? "Turn keys on" : "Turn keys off"; };
  button.addEventListener("click", () => {
    off = !off;
    localStorage.setItem(stored, off ? "yes" : "no");
    show();
  });
  show();
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
