// Loan desk: the list of what goes out or comes back. It says what the button will do, and keeps what was said of a piece while others are scanned.
(() => {
  "use strict";
  const desk = document.querySelector("[data-desk]");
  if (!desk) return;

  function count(form) {
    const boxes = [...form.querySelectorAll("input[name=piece]")];
    const ticked = boxes.filter((one) => one.checked).length;
    const go = form.querySelector("[data-desk-go]");
    go.textContent = `Take back ${ticked} of ${boxes.length} piece${boxes.length === 1 ? "" : "s"}`;
    go.disabled = ticked === 0;
    for (const loan of form.querySelectorAll(".desk-loan")) {
      const own = [...loan.querySelectorAll("input[name=piece]")];
      const missing = own.filter((one) => !one.checked).map((one) => one.dataset.name);
      const said = loan.querySelector("[data-desk-missing]");
      loan.querySelector("[data-desk-count]").textContent = `${own.length - missing.length} of ${own.length} piece${own.length === 1 ? "" : "s"}`;
      said.hidden = missing.length === 0;
      const rest = missing.length === 1 ? "this one piece" : `these ${missing.length} pieces`;
      said.querySelector("span").textContent = `Without ${missing.join(", ")} the loan stays open for ${rest}, and ${said.dataset.who} is told.`;
    }
  }

  // What was said of one piece stands in its row also when that is closed; what is said to be worn or damaged is here.
  function tellState(state) {
    const condition = state.querySelector("input[type=radio]:checked").value;
    const hasPhoto = state.querySelector("input[type=file]")?.files.length;
    state.querySelector("[data-desk-state-said]").textContent = condition || "as lent";
    const box = state.closest("li").querySelector("input[name=piece]");
    if ((condition || hasPhoto) && !box.checked) box.click();
  }

  // A scan brings the list anew: conditions, words, photos and ticks of what is still in it stay.
  function keep(page) {
    for (const box of desk.querySelectorAll("input[name=piece]")) {
      const next = page.querySelector(`input[name=piece][value="${box.value}"]`);
      if (!next) continue;
      next.checked ||= box.checked;
      const [mine, theirs] = [box, next].map((one) => one.closest("li").querySelector("[data-desk-state]"));
      if (mine && theirs) theirs.replaceWith(mine);
    }
    for (const choice of desk.querySelectorAll("select[name^=condition-]")) {
      page.querySelector(`select[name="${CSS.escape(choice.name)}"]`)?.replaceWith(choice);
    }
  }

  desk.addEventListener("desk:show", (event) => keep(event.detail));
  desk.addEventListener("desk:shown", () => {
    for (const form of desk.querySelectorAll("[data-desk-back]")) count(form);
  });
  desk.addEventListener("change", (event) => {
    if (event.target.name === "day") desk.querySelector("input[name=due][value=day]").checked = true;
    if (event.target.type === "file") {
      const said = event.target.closest("label")?.querySelector("[data-photo-said]");
      if (said) said.textContent = `${said.dataset.photoWord}${event.target.files.length ? ", 1 taken" : ""}`;
    }
    const state = event.target.closest("[data-desk-state]");
    if (state) tellState(state);
    const form = event.target.closest("[data-desk-back]");
    if (form && event.target.name === "piece") count(form);
  });
  for (const form of desk.querySelectorAll("[data-desk-back]")) count(form);
})();
