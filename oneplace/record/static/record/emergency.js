// Counts the minutes of an emergency access down; when it is over the page is asked for anew, and is closed.
const strip = document.querySelector("[data-seconds-left]");

if (strip) {
  const ends = Date.now() + Number(strip.dataset.secondsLeft) * 1000;
  const told = strip.querySelector("[data-minutes-left]");
  const tick = () => {
    const minutes = Math.max(0, Math.ceil((ends - Date.now()) / 60000));
    told.textContent = minutes === 1 ? "1 minute" : `${minutes} minutes`;
    if (minutes > 0) return;
    clearInterval(timer);
    document.querySelector("main").hidden = true;
    location.reload();
  };
  const timer = setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
}
