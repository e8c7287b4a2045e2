// Photos: what is larger than a form takes is drawn smaller before it is sent. Without this script the server refuses it with a sentence.
(() => {
  "use strict";
  const LONGEST = 2560; // pixels of the longer side: a torn port is still seen
  const QUALITY = 0.85;
  const LEAST = 480;
  const working = new WeakMap(); // form -> what is being drawn for it
  const mib = (bytes) => `${(bytes / 1048576).toFixed(1)} MiB`;

  function drawn(picture, side) {
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const brush = canvas.getContext("2d");
    brush.fillStyle = "#fff"; // what a PNG leaves open
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => { canvas.toBlob(done, "image/jpeg", QUALITY); });
  }

  // The picture upright and small enough, or as it came where it cannot be read: then the server says what is wrong with it.
  async function smaller(file, most) {
    if (file.size <= most || !file.type.startsWith("image/")) return file;
    let picture = null;
    try {
      picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      for (let side = LONGEST; side >= LEAST; side *= 0.7) {
        const made = await drawn(picture, side);
        if (made && made.size <= most) return new File([made], `${file.name.replace(/\.[^.]*$/, "")}.jpg`, { type: "image/jpeg" });
      }
    } catch {
      // no picture that this browser can draw
    } finally {
      picture?.close();
    }
    return file;
  }

  function tell(input, words) {
    const near = input.closest("label") || input;
    let said = near.nextElementSibling;
    if (!said?.matches("[data-shrink-said]")) {
      if (!words) return;
      said = document.createElement("p");
      said.className = "note";
      said.dataset.shrinkSaid = "";
      said.setAttribute("role", "status");
      near.after(said);
    }
    said.textContent = words;
  }

  async function shrink(input) {
    const chosen = [...input.files];
    const most = Number(input.dataset.shrink);
    if (!chosen.some((file) => file.size > most && file.type.startsWith("image/"))) return tell(input, "");
    tell(input, "Making it smaller.");
    const kept = new DataTransfer();
    for (const file of chosen) kept.items.add(await smaller(file, most));
    if (chosen.some((file, place) => input.files[place] !== file)) return undefined; // another was chosen meanwhile
    input.files = kept.files;
    const total = (files) => [...files].reduce((sum, file) => sum + file.size, 0);
    return tell(input, `Made smaller: ${mib(total(chosen))} to ${mib(total(kept.files))}.`);
  }

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!input.matches?.("input[type=file][data-shrink]") || !input.form) return;
    const before = working.get(input.form) || Promise.resolve();
    const all = before.then(() => shrink(input)).finally(() => {
      if (working.get(input.form) === all) working.delete(input.form);
    });
    working.set(input.form, all);
  });

  // Whoever presses the button meanwhile has pressed it: the form goes when the last photo is ready.
  document.addEventListener("submit", (event) => {
    const [form, submitter] = [event.target, event.submitter];
    if (!working.has(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    form.setAttribute("aria-busy", "true");
    working.get(form).finally(() => {
      form.removeAttribute("aria-busy");
      form.requestSubmit(submitter);
    });
  }, true);
})();
