// A form with data-passkey asks the browser for a passkey ("get") or a new one ("create"), then is sent with it.
// Without JavaScript such forms stay hidden. Options stand in data-options, or are fetched from data-from.
document.querySelectorAll("form[data-passkey]").forEach((form) => {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const trouble = form.querySelector("[data-trouble]");
    try {
      const options = form.dataset.options
        ? JSON.parse(form.dataset.options)
        : (await (await fetch(form.dataset.from, { headers: { Accept: "application/json" } })).json()).request_options;
      form.elements.credential.value = JSON.stringify(await window.webauthnJSON[form.dataset.passkey](options));
      form.submit();
    } catch (error) {
      if (trouble) trouble.hidden = false;
    }
  });
});
