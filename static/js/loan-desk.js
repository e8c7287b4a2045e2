// Loan desk: forms of the desk are sent without a new page, so that the camera stays open and a hand scanner can go on typing.
(() => {
  "use strict";
  const desk = document.querySelector("[data-desk]");
  if (!desk) return;
  let turn = 0; // only the answer to the newest question is shown
  let sound = null;

  const code = () => desk.querySelector("#code");

  // A high tone for read, a low one for refused; a phone also shakes.
  function signal(isGood) {
    navigator.vibrate?.(isGood ? 40 : [80, 60, 80]);
    try {
      sound = sound || new AudioContext();
      const [tone, gain] = [sound.createOscillator(), sound.createGain()];
      tone.frequency.value = isGood ? 1320 : 220;
      gain.gain.value = 0.05;
      tone.connect(gain).connect(sound.destination);
      tone.start();
      tone.stop(sound.currentTime + (isGood ? 0.07 : 0.25));
    } catch {
      // a browser without sound
    }
  }

  function show(html, address) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const parts = page.querySelectorAll("[data-desk-part]");
    if (!parts.length) return location.assign(address); // signed out, or not a page of the desk
    for (const part of parts) desk.querySelector(`[data-desk-part="${part.dataset.deskPart}"]`).replaceWith(document.adoptNode(part));
    document.querySelectorAll(".toasts").forEach((one) => one.remove());
    const toasts = page.querySelector(".toasts");
    if (toasts) {
      document.body.append(document.adoptNode(toasts));
      setTimeout(() => toasts.remove(), 6000);
    }
    if (!address.includes("/desk/hand-over/") && !address.includes("/desk/take-back/")) history.replaceState(null, "", address);
    for (const form of desk.querySelectorAll("[data-desk-back]")) count(form);
    signal(!desk.querySelector("[data-desk-refused]"));
    (desk.querySelector("[data-desk-go][autofocus]") || code())?.focus({ preventScroll: true });
    if (matchMedia("(max-width: 767px)").matches) {
      const seen = desk.querySelector("[data-desk-refused]") || desk.querySelector("[data-desk-part=panel]");
      seen.scrollIntoView({ block: "nearest" });
    }
    return undefined;
  }

  async function send(address, options) {
    const mine = ++turn;
    desk.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { credentials: "same-origin", headers: { Accept: "text/html" }, ...options });
      const html = await answer.text();
      if (mine === turn) show(html, answer.url);
    } catch {
      if (mine === turn) refuse("The site did not answer. Look at your connection, and scan again. Nothing was written twice.");
    } finally {
      desk.removeAttribute("aria-busy");
    }
  }

  function refuse(words) {
    signal(false);
    const box = document.createElement("p");
    box.className = "error";
    box.setAttribute("role", "alert");
    box.textContent = words;
    desk.querySelector("[data-desk-part=scan]").append(box);
  }

  desk.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-desk-form]");
    if (!form) return;
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    if (form.method === "post") return send(form.action, { method: "POST", body: data });
    if (data.has("code") && !data.get("code").trim()) return undefined;
    return send(`${form.getAttribute("action")}?${new URLSearchParams([...data].filter(([, value]) => value !== ""))}`);
  });

  desk.addEventListener("click", (event) => {
    const link = event.target.closest("[data-desk-link]");
    if (!link || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    send(link.href);
  });

  // What the camera reads goes the way of a typed tag (static/js/camera.js).
  desk.addEventListener("camera:code", (event) => {
    code().value = event.detail;
    code().form.requestSubmit();
  });

  // The check-list says what the button will do.
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
