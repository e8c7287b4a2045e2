// Loan desk: forms of the desk are sent without a new page, so that the camera stays open and a hand scanner can go on typing.
(() => {
  "use strict";
  const desk = document.querySelector("[data-desk]");
  if (!desk) return;
  let turn = 0; // only the answer to the newest question is shown
  const scans = []; // a hand scanner is faster than a network: one after the other
  let isReading = false;
  let sound = null;
  let shown = 0; // when what stands there came; the button is not pressed by a second Enter of a scanner

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
    const typed = code()?.value || ""; // the next scan, half typed
    desk.dispatchEvent(new CustomEvent("desk:show", { detail: page }));
    for (const part of parts) desk.querySelector(`[data-desk-part="${part.dataset.deskPart}"]`).replaceWith(document.adoptNode(part));
    document.querySelectorAll(".toasts").forEach((one) => one.remove());
    const toasts = page.querySelector(".toasts");
    if (toasts) {
      document.body.append(document.adoptNode(toasts));
      setTimeout(() => toasts.remove(), 6000);
    }
    if (!address.includes("/desk/hand-over/") && !address.includes("/desk/take-back/")) history.replaceState(null, "", address);
    desk.dispatchEvent(new CustomEvent("desk:shown"));
    signal(!desk.querySelector("[data-desk-refused]"));
    const isMore = typed || scans.length;
    if (typed) code().value = typed;
    shown = performance.now();
    ((!isMore && desk.querySelector("[data-desk-go][autofocus]")) || code())?.focus({ preventScroll: true });
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

  // Enter in the empty field presses the button of the panel.
  function press() {
    const go = desk.querySelector("[data-desk-go]");
    if (go && !go.disabled && !isReading && !desk.hasAttribute("aria-busy") && performance.now() - shown > 700) go.form.requestSubmit(go);
  }

  // A hand scanner types wherever the focus is, also while it is on the button: what it types belongs into the field.
  desk.addEventListener("keydown", (event) => {
    if (!/^[a-z0-9]$/i.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input:not([type=checkbox], [type=radio], [type=file]), select, textarea")) return;
    event.stopPropagation();
    code()?.focus();
  });

  desk.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-desk-form]");
    if (!form) return;
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    if (form.method === "post") return send(form.action, { method: "POST", body: data });
    if (!data.has("code")) return send(asked(form, data));
    if (!data.get("code").trim()) return press();
    form.elements.code.value = "";
    scans.push(data.get("code"));
    return read();
  });

  const asked = (form, data) => `${form.getAttribute("action")}?${new URLSearchParams([...data].filter(([, value]) => value !== ""))}`;

  // Each scan is asked with what the one before it left on the table.
  async function read() {
    if (isReading) return;
    isReading = true;
    while (scans.length) {
      const data = new FormData(code().form);
      data.set("code", scans.shift());
      await send(asked(code().form, data));
    }
    isReading = false;
  }

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
})();
