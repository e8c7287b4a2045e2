// Sends a model or a part: drop or choose, checked before sending with the server's words, sent in pieces, then the receipt. What was sent in part
// is found again after a reload, in any browser of the same person. Without this script the form is a plain upload that says the same.
for (const form of document.querySelectorAll("[data-upload]")) {
  const { uploads, purpose, target } = form.dataset;
  const find = (name) => form.querySelector(`[data-upload-${name}]`);
  const input = form.querySelector("input[type=file]"), button = find("button"), bar = find("bar"), error = find("error"), note = find("note");
  form.classList.add("js");
  button.type = "button";
  button.textContent = "Choose file";
  // The button is the one way in for the keyboard; the field behind it only holds the file.
  input.removeAttribute("required");
  input.tabIndex = -1;
  input.setAttribute("aria-hidden", "true");
  let sender = null, current = null, turn = 0;

  const thin = (number, digits = 0) => number.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits }).replaceAll(",", "\u2009");
  const kib = (bytes) => `${thin(Math.ceil(bytes / 1024))} KiB`;
  const three = (value) => thin(value, value < 10 ? 2 : value < 100 ? 1 : 0);
  const size = (bytes) => (bytes < 1 << 20 ? kib(bytes) : `${three(bytes / (1 << 20))} MiB`);
  // Beside the limit it is rounded up, as the server does (core/numbers.py): a file that is one byte too large must not look as if it fitted.
  const mib = (bytes) => `${(Math.ceil((100 * bytes) / (1 << 20)) / 100).toLocaleString("en", { maximumFractionDigits: 2 }).replaceAll(",", "\u2009")} MiB`;
  const beside = (bytes) => (bytes < 1024 ? `${bytes} bytes` : bytes < 1 << 20 ? kib(bytes) : mib(bytes));
  const span = (s) => (s < 60 ? `${Math.max(1, Math.round(s))} s` : s < 3600 ? `${Math.round(s / 60)} min` : `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`);
  // What is read aloud changes with the state, never with each number.
  const say = (text) => { find("live").textContent = text; };
  const show = (words, more = "") => { find("words").textContent = words; find("more").textContent = more; };

  // Back to the start, with a sentence: an error, or a note where the person wanted it so.
  const stop = (place, message) => {
    turn += 1;
    sender = current = null;
    place.hidden = false;
    place.querySelector("span").textContent = message;
    find("state").hidden = true;
    button.hidden = false;
    input.value = "";
    button.focus();
  };
  const fail = (message) => stop(error, message);
  const wrong = (file) => {
    if (file.size > Number(form.dataset.maxBytes)) return form.dataset.tooLarge.replace("{size}", beside(file.size));
    if (file.size === 0) return "This file is empty. Export it again, and choose the new file.";
    if (!form.dataset.endings.split(" ").some((ending) => file.name.toLowerCase().endsWith(ending))) return form.dataset.wrongEnding.replace("{name}", file.name);
    return "";
  };
  const waiting = (seconds, reason) => {
    const words = reason?.status ? reason.message : "The line was lost. What has arrived is kept.";
    find("state").classList.add("waiting");
    show(`${words} Trying again in ${seconds} s.`, `${Math.floor(bar.value)} %`);
    say(`${words} Trying again in ${seconds} s.`);
  };

  const send = (file, upload) => {
    const samples = [];
    let quarter = 0;
    current = upload;
    find("pause").hidden = false;
    say(`Sending ${file.name}, ${size(file.size)}`);
    sender = Resumable.send({
      file, url: upload.url, onWait: waiting,
      onProgress: (bytes) => {
        const now = Date.now();
        while (samples.length > 1 && (now - samples[0][0] > 6000 || samples[0][1] > bytes)) samples.shift();
        samples.push([now, bytes]);
        const rate = (1000 * (bytes - samples[0][1])) / Math.max(now - samples[0][0], 1);
        bar.value = (100 * bytes) / file.size;
        find("state").classList.remove("waiting");
        const pace = rate > 0 && now - samples[0][0] > 500 ? `${size(rate)} a second, ${span((file.size - bytes) / rate)} left` : "";
        show(`${file.name}: ${size(bytes)} of ${size(file.size)} sent`, pace);
        const reached = Math.floor((4 * bytes) / file.size);
        if (reached > quarter && reached < 4) say(`${25 * reached} % of ${file.name} sent`);
        quarter = Math.max(quarter, reached);
      },
      onDone: () => handIn(upload.id, file.name),
      onStop: (problem) => (problem.status === 401 ? hold(problem.message) : fail(problem.message)),
    });
  };
  const hold = (words) => {
    find("pause").textContent = "Go on";
    show(words);
    say(words);
  };

  // A part leads back to this very page, which assign() would not load again for its fragment alone.
  const goTo = (url) => {
    const to = new URL(url, location.href), isHere = to.pathname === location.pathname && to.search === location.search;
    document.dispatchEvent(new Event("upload-done"));
    location.assign(to);
    if (isHere) location.reload();
  };
  const handIn = async (id, name) => {
    // From here on the server may have recorded it, so there is nothing left to cancel.
    find("state").hidden = find("more").hidden = false;
    find("cancel").hidden = find("pause").hidden = button.hidden = true;
    bar.value = 100;
    show(`${name}: all of it is here, waiting for the receipt`);
    const body = new FormData();
    body.append("upload_key", form.elements.upload_key.value);
    body.append("upload_id", id);
    if (form.elements.seen) body.append("seen", form.elements.seen.value);
    try {
      const answer = await Resumable.untilThrough(() => Resumable.ask("POST", form.action, { body }), waiting);
      goTo((await answer.json()).url);
    } catch (problem) {
      fail(problem.message);
      if (problem.code !== "changed_meanwhile") return;
      // Somebody of the team was faster. The file is here, and now its sender knows what it takes the place of.
      form.elements.seen.value = problem.details.seen;
      offer({ id, file_name: name, status: "complete" });
    }
  };

  const start = async (file) => {
    error.hidden = note.hidden = find("found").hidden = true;
    const words = wrong(file);
    if (words) return fail(words);
    const mine = (turn += 1), isOver = () => mine !== turn;
    find("state").hidden = find("cancel").hidden = false;
    find("pause").hidden = button.hidden = true;
    find("pause").textContent = "Pause";
    bar.value = 0;
    show(`${file.name}: computing its SHA-256`);
    find("cancel").focus();
    try {
      const sha256 = await Resumable.sha256(file, (share) => isOver() || (bar.value = 100 * share), isOver);
      const upload = isOver() || await Resumable.untilThrough(async () => {
        const known = (await Resumable.list(uploads, purpose, target)).find((one) => one.declared_sha256 === sha256 && one.size_bytes === file.size);
        return known ?? Resumable.announce(uploads, file, { purpose, target, sha256 });
      }, waiting, isOver);
      if (isOver()) return upload.url && discard(upload);
      return upload.status === "complete" ? handIn(upload.id, file.name) : send(file, upload);
    } catch (problem) { return isOver() || fail(problem.message); }
  };
  const discard = (upload) => Resumable.ask("DELETE", upload.url).catch(() => { /* it runs out by itself */ });

  // What lies here from before: a reload, another tab, another day.
  const offer = (one) => {
    const here = one.status === "complete", ago = span((Date.now() - new Date(one.created_at)) / 1000);
    find("found").querySelector("span").textContent = here
      ? `${one.file_name} is here, but not handed in yet.`
      : `${one.file_name}, begun ${ago} ago: ${size(one.offset_bytes)} of ${size(one.size_bytes)} are here. Choose the same file to go on where it stopped.`;
    find("found-use").hidden = !here;
    find("found-use").onclick = () => { find("found").hidden = error.hidden = true; handIn(one.id, one.file_name); };
    find("found-drop").onclick = async () => {
      await discard(one);
      find("found").hidden = true;
      stop(note, `What was here of ${one.file_name} is thrown away.`);
    };
    find("found").hidden = false;
  };
  if (uploads) Resumable.list(uploads, purpose, target).then((found) => found.length && !sender && offer(found[0])).catch(() => { /* nothing to offer */ });

  button.addEventListener("click", () => input.click());
  find("pause").addEventListener("click", () => {
    const going = find("pause").textContent === "Pause";
    if (going) { sender?.pause(); hold(`Paused. ${Math.floor(bar.value)} % is here and is kept for two days.`); }
    else { find("pause").textContent = "Pause"; sender?.resume(); }
  });
  find("cancel").addEventListener("click", () => {
    sender?.stop();
    if (current) discard(current);
    stop(note, "You cancelled the upload; nothing was recorded.");
  });
  const choose = form.dataset.stages ? Stages.of(form, start, fail) : (files) => start(files[0]);
  input.addEventListener("change", () => input.files.length && choose([...input.files]));
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const type of ["dragover", "dragleave", "drop"]) form.addEventListener(type, (event) => {
    event.preventDefault();
    form.classList.toggle("over", type === "dragover");
    if (type === "drop" && event.dataTransfer.files.length && button.hidden === false) choose([...event.dataTransfer.files]);
  });
}
