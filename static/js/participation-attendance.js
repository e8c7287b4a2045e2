// Attendance in place: each choice is kept on the phone and sent (participation-queue.js). Without this script the form has a button.
(() => {
  const page = document.querySelector("[data-participation]"), form = page?.querySelector("[data-attendance]");
  if (!form) return;
  const counts = [...page.querySelectorAll("[data-count-of]")];
  const recount = () => {
    const chosen = [...form.querySelectorAll("input:checked")].map((input) => input.value);
    for (const place of counts) place.textContent = place.dataset.countOf ? chosen.filter((value) => value === place.dataset.countOf).length
      : form.querySelectorAll("[data-person]").length - chosen.length;
  };
  const queue = window.participationQueue(page, { changed: (state) => window.participationStatus(page, () => queue)(state), sent() {}, refused() {} });
  form.addEventListener("change", (event) => {
    const input = event.target, name = input.closest("[data-person]").querySelector("[data-name]").textContent;
    const body = { session: page.dataset.session, [input.name]: input.value };
    queue.add({ id: `${input.name}-${Date.now()}-${Math.random()}`, url: page.dataset.recordUrl, body, step: 0, what: `${name}: ${input.dataset.word}` });
    recount();
  });
  // Choices that had not left this phone when the page was opened.
  for (const item of queue.waiting()) for (const [name, value] of Object.entries(item.body ?? {})) {
    const input = item.body.session === page.dataset.session && form.querySelector(`[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`);
    if (input) input.checked = true;
  }
  recount();
  if (queue.waiting().length) queue.tell();
  queue.flush();
})();
